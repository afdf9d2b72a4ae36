import assert from "node:assert/strict";
import { EditBuffer } from "./edit.ts";
import { type Entered, LineEditor } from "./editor.ts";
import { History, historyPath, makeHistoryDirectory, MOST_ENTRIES } from "./history.ts";
import { unfinished } from "./interactive.ts";
import { type KeyName, KeyReader } from "./keys.ts";
import { columnsOf, layout, redraw, widthOf } from "./screen.ts";
import type { Terminal } from "./terminal.ts";

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

Deno.test("keys: characters, control characters and sequences, however the bytes are cut", () => {
  const typed = "aé\x1b[Db\x1b[1;5C\x1bOH\x01\x1bf\x1b[99~\x7f\r";
  const expected = [
    { text: "aé" },
    { name: "left" },
    { text: "b" },
    { name: "word right" },
    { name: "home" },
    { name: "home" },
    { name: "word right" },
    { name: "backspace" },
    { name: "enter" },
  ];
  assert.deepEqual(new KeyReader().push(bytes(typed)), expected);
  const reader = new KeyReader(), one: unknown[] = [];
  for (const byte of bytes(typed)) one.push(...reader.push(Uint8Array.of(byte)));
  // é is two bytes: its character comes with the second
  assert.deepEqual(one, [{ text: "a" }, { text: "é" }, ...expected.slice(1)]);
});

Deno.test("keys: a tab in a paste is a blank, a line end is Enter", () => {
  assert.deepEqual(new KeyReader().push(bytes("\x1b[200~a\tb\n\x1b[201~\t")), [
    { text: "a b" },
    { name: "enter" },
    { name: "tab" },
  ]);
});

for (
  const [text, keys, expected] of [
    ["tcp dport|", ["word left"], "tcp |dport"],
    ["tcp |dport", ["word right", "left"], "tcp dpor|t"],
    ["tcp| dport", ["kill to end", "home", "yank"], " dport|tcp"],
    ["tcp dport|", ["kill word before", "yank", "yank"], "tcp dportdport|"],
    ["tcp |dport", ["kill word"], "tcp |"],
    ["tcp dp|ort", ["kill to start"], "|ort"],
    ["ab|", ["transpose"], "ba|"],
    ["a|bc", ["transpose"], "ba|c"],
    ["one\ntwo|", ["up"], "one|\ntwo"],
    ["o|ne\ntwo", ["down"], "one\nt|wo"],
    ["one\n|two", ["backspace"], "one|two"],
    ["one|\ntwo", ["kill to end"], "one|two"],
    ["one\nt|wo", ["home", "end"], "one\ntwo|"],
    ["e\u0301|", ["backspace"], "|"],
    ["\u{1f600}|", ["left", "delete"], "|"],
    ["|", ["left", "backspace", "delete", "up", "down", "yank", "transpose"], "|"],
  ] as const
) {
  Deno.test(`edit: ${JSON.stringify(text)} ${keys.join(", ")}`, () => {
    const buffer = new EditBuffer();
    buffer.set(text.replace("|", ""), text.indexOf("|"));
    for (const key of keys) buffer.apply(key as KeyName);
    const { cursor } = buffer;
    assert.equal(`${buffer.text.slice(0, cursor)}|${buffer.text.slice(cursor)}`, expected);
  });
}

Deno.test("screen: rows are cut at the width, and scroll with the cursor", () => {
  const prompts = { first: "> ", more: ". " };
  assert.deepEqual(layout(prompts, "abcdef", 6, 4, 9), { rows: ["> ab", "cdef", ""], row: 2, column: 0 });
  assert.deepEqual(layout(prompts, "a\nb", 2, 9, 9), { rows: ["> a", ". b"], row: 1, column: 2 });
  assert.deepEqual(layout(prompts, "a\nb\nc", 5, 9, 2), { rows: [". b", ". c"], row: 1, column: 3 });
  assert.deepEqual(layout(prompts, "a\nb\nc", 0, 9, 2), { rows: ["> a", ". b"], row: 0, column: 2 });
  assert.deepEqual(layout(prompts, "漢字", 2, 5, 9), { rows: ["> 漢", "字"], row: 1, column: 2 });
  assert.deepEqual([widthOf("a"), widthOf("\u0301"), widthOf("漢")], [1, 0, 2]);
  const first = layout(prompts, "a\nb", 1, 9, 9);
  assert.equal(redraw(undefined, first), "\r\x1b[J> a\r\n. b\x1b[1A\r\x1b[3C");
});

Deno.test("screen: candidates in columns, too many of them cut", () => {
  assert.equal(columnsOf(["a", "bb", "c"], 9, 5), "a   c\nbb");
  assert.equal(columnsOf(["a", "b", "c"], 3, 2), "a\nb\n... 3 in all: type a letter");
});

Deno.test("history: appended as entered, read again, bounded, its owner's alone", () => {
  const directory = Deno.makeTempDirSync(), path = `${directory}/state/weir/history`;
  try {
    makeHistoryDirectory(path);
    const first = new History(path);
    assert.equal(first.load(), undefined);
    for (const entry of ["list ruleset", "list ruleset", "  ", "table ip t {\n a\\n }"]) first.add(entry);
    const second = new History(path);
    second.load();
    assert.deepEqual(second.entries, ["list ruleset", "table ip t {\n a\\n }"]);
    assert.equal(Deno.statSync(path).mode! & 0o777, 0o600);
    for (let at = 0; at < 2 * MOST_ENTRIES; at++) second.add(`list table t${at}`);
    assert.equal(second.entries.length, MOST_ENTRIES);
    assert.ok(Deno.readTextFileSync(path).split("\n").length < 2 * MOST_ENTRIES);
    assert.equal(Deno.statSync(path).mode! & 0o777, 0o600);
    assert.equal(second.search("t1999"), MOST_ENTRIES - 1);
    assert.equal(second.search("nothing"), -1);
    Deno.chmodSync(path, 0o644);
    new History(path).load();
    assert.equal(Deno.statSync(path).mode! & 0o777, 0o600);
    assert.notEqual(new History(directory).load(), undefined, "a directory is no history");
    assert.notEqual(new History(`${directory}/none/x`).add("x"), undefined);
  } finally {
    Deno.removeSync(directory, { recursive: true });
  }
});

Deno.test("history: where it is", () => {
  const at = (environment: Record<string, string>) => historyPath((name) => environment[name]);
  assert.equal(at({ HOME: "/root" }), "/root/.weir_history");
  assert.equal(
    at({ HOME: "/root", XDG_STATE_HOME: "/root/.local/state" }),
    "/root/.local/state/weir/history",
  );
  assert.equal(at({ HOME: "/root", WEIR_HISTORY: "/tmp/h" }), "/tmp/h");
  assert.equal(at({ HOME: "/root", WEIR_HISTORY: "" }), undefined);
  assert.equal(at({}), undefined);
});

Deno.test("a text goes on while a brace is open or a backslash ends it", () => {
  for (const text of ["table ip t {", "add rule x y tcp dport {", "list \\", "list \\  ", "{ { }"]) {
    assert.ok(unfinished(text), text);
  }
  for (const text of ["list ruleset", "table ip t { }", "}", 'comment "{"', "# {\n", "(", ""]) {
    assert.ok(!unfinished(text), text);
  }
});

/** A terminal that types `chunks` and ends. */
class Typist implements Terminal {
  written = "";
  modes: boolean[] = [];
  readonly #chunks: string[];
  constructor(...chunks: string[]) {
    this.#chunks = chunks;
  }
  columns = () => 80;
  rows = () => 24;
  write(text: string): void {
    this.written += text;
  }
  read(): Promise<Uint8Array | null> {
    const next = this.#chunks.shift();
    return Promise.resolve(next === undefined ? null : bytes(next));
  }
  raw(on: boolean): void {
    this.modes.push(on);
  }
}

async function entered(history: readonly string[], ...chunks: string[]): Promise<Entered[]> {
  const past = new History(undefined);
  for (const entry of history) past.add(entry);
  const terminal = new Typist(...chunks);
  const editor = new LineEditor(terminal, {
    prompts: { first: "> ", more: ". " },
    history: past,
    unfinished,
    complete: (before) => {
      const from = before.lastIndexOf(" ") + 1, part = before.slice(from);
      return Promise.resolve({
        from,
        candidates: ["list", "limit", "map"].filter((word) => word.startsWith(part)),
      });
    },
  });
  const all: Entered[] = [];
  for (;;) {
    all.push(await editor.read());
    if (all.at(-1) === "ended") break;
  }
  assert.equal(terminal.modes.at(-1), false);
  return all.slice(0, -1);
}

const UP = "\x1b[A", DOWN = "\x1b[B";

Deno.test("editor: keys behind Enter wait for the next line", async () => {
  assert.deepEqual(await entered([], "one\rtw", "o\r"), [{ text: "one" }, { text: "two" }]);
});

Deno.test("editor: history keeps the draft, and moves inside an entry of several lines first", async () => {
  assert.deepEqual(await entered(["a", "b {\nc }"], `dra${UP}${DOWN}ft\r`), [{ text: "draft" }]);
  assert.deepEqual(await entered(["a", "b {\nc }"], `${UP}${UP}x\r`), [{ text: "b {x\nc }" }]);
  assert.deepEqual(await entered(["a", "b {\nc }"], `${UP}${UP}${UP}${UP}\r`), [{ text: "a" }]);
});

Deno.test("editor: Ctrl-R finds older ones, Ctrl-G gives the line back, Enter takes it", async () => {
  const history = ["list one", "list two", "add three"];
  assert.deepEqual(await entered(history, "\x12li\x12\r"), [{ text: "list one" }]);
  assert.deepEqual(await entered(history, "\x12lix\x7f\r"), [{ text: "list two" }]);
  assert.deepEqual(await entered(history, "mine\x12li\x07\r"), [{ text: "mine" }]);
  assert.deepEqual(await entered(history, "\x12thr\x05!\r"), [{ text: "add three!" }]);
});

Deno.test("editor: one candidate is put in, of several what they share; Ctrl-C and Ctrl-D", async () => {
  assert.deepEqual(await entered([], "m\tx\r"), [{ text: "map x" }]);
  assert.deepEqual(await entered([], "l\ts\t\r"), [{ text: "list " }]);
  assert.deepEqual(await entered([], "table {\ra\x03b\x04\r"), ["dropped", { text: "b" }]);
});

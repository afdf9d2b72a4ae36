import assert from "node:assert/strict";
import { Nft } from "../../../core/nft/nft.ts";
import { peerCredentials } from "../../../drivers/sys/peer_credentials.ts";
import { TestTerminal } from "../../../drivers/sys/test_pty.ts";
import { ControlServer } from "../../control/server.ts";

const MOD = new URL("../../../mod.ts", import.meta.url).pathname;

/** `weir nft -i --offline` at a terminal, its history in a directory of its own. */
async function typed(
  use: (start: (...args: string[]) => TestTerminal, history: string) => Promise<void>,
): Promise<void> {
  const directory = Deno.makeTempDirSync(), history = `${directory}/history`;
  const started: TestTerminal[] = [];
  const start = (...args: string[]) => {
    const terminal = new TestTerminal(
      Deno.execPath(),
      ["run", "--no-lock", "--allow-all", MOD, "nft", "-i", ...args.length > 0 ? args : ["--offline"]],
      { WEIR_HISTORY: history },
    );
    started.push(terminal);
    return terminal;
  };
  try {
    await use(start, history);
  } finally {
    for (const terminal of started) await terminal.close();
    Deno.removeSync(directory, { recursive: true });
  }
}

const PROMPT = /weir> $/;
const UP = "\x1b[A", LEFT = "\x1b[D", HOME = "\x1b[H";

Deno.test("at a terminal: typing, editing, Tab, Up, errors with carets, Ctrl-C, Ctrl-D, modes restored", async () => {
  await typed(async (start) => {
    const terminal = start(), before = terminal.modes();
    await terminal.expect(PROMPT);
    assert.notEqual(terminal.modes(), before, "keys come one by one");
    terminal.type("add table inet filtr" + LEFT + "e\r");
    await terminal.expect(/inet filter\nweir> $/);
    terminal.type("list tables\r");
    await terminal.expect(/\ntable inet filter\n[^]*weir> $/);
    terminal.type("add chain inet fil\t");
    await terminal.expect(/add chain inet filter $/);
    terminal.type("in\r");
    await terminal.expect(/filter in\nweir> $/);
    terminal.type("add rule inet filter i\ttcp flags \t");
    await terminal.expect(/\nack +cwr +ecn +fin[^]*filter in tcp flags $/);
    terminal.type("sy\tbogus\r");
    assert.match(
      await terminal.expect(/Error[^]*weir> $/),
      /Error: syntax error, unexpected newline\n.*\n {43}\^\n/,
    );
    // up: the line again; home and kill take it away
    terminal.type(UP);
    await terminal.expect(/flags syn bogus$/);
    terminal.type(HOME + "\x0blist chain inet filter in\r");
    await terminal.expect(/chain in \{\n +\}\n\}\n[^]*weir> $/);
    terminal.type("add table ip gone\x03");
    await terminal.expect(/\^C\n[^]*weir> $/);
    terminal.type("list tables\r");
    assert.doesNotMatch(await terminal.expect(/table inet filter[^]*weir> $/), /table ip gone/);
    terminal.type("\x04");
    assert.equal(await terminal.ended(), 0);
    assert.equal(terminal.modes(), before);
  });
});

Deno.test("at a terminal: a block is one entry, Ctrl-C drops the whole of it, Ctrl-R finds it", async () => {
  await typed(async (start, history) => {
    const terminal = start();
    await terminal.expect(PROMPT);
    terminal.type("table ip lost {\r");
    await terminal.expect(/\.\.\.\.> $/);
    terminal.type("chain c {\r\x03");
    await terminal.expect(/\^C\n[^]*weir> $/);
    terminal.type("table ip t {\rchain c {\rip saddr 192.0.2.1 accept\r}\r}\r");
    await terminal.expect(/\.\.\.\.> \}\n[^]*weir> $/);
    terminal.type("list tables; \\\rlist chain ip t c\r");
    assert.match(
      await terminal.expect(/accept\n +\}\n\}\n[^]*weir> $/),
      /\ntable ip t\ntable ip t \{\n/,
    );
    terminal.type("\x12chain c");
    await terminal.expect(/\(search chain c\) table ip t \{\n\.\.\.\.> $/);
    terminal.type("\x07quit\r");
    assert.equal(await terminal.ended(), 0);
    assert.deepEqual(Deno.readTextFileSync(history).split("\n"), [
      "table ip t {\\nchain c {\\nip saddr 192.0.2.1 accept\\n}\\n}",
      "list tables; \\\\\\nlist chain ip t c",
      "quit",
      "",
    ]);
    assert.equal(Deno.statSync(history).mode! & 0o777, 0o600);
  });
});

Deno.test("at a terminal: the history outlives a kill; SIGTERM leaves the modes as they were", async () => {
  await typed(async (start) => {
    const first = start();
    await first.expect(PROMPT);
    first.type("list ruleset\r");
    await first.expect(/ruleset\nweir> $/);
    first.kill("SIGKILL");
    await first.ended();
    const second = start(), before = second.modes();
    await second.expect(PROMPT);
    second.type(UP);
    await second.expect(/list ruleset$/);
    second.kill("SIGTERM");
    assert.equal(await second.ended(), 143);
    assert.equal(second.modes(), before);
  });
});

Deno.test("at a terminal: a router's ruleset and ports; one that goes away ends no session", async () => {
  await typed(async (start, history) => {
    const path = `${history}.socket`, nft = new Nft();
    let left = false;
    nft.run("add table inet far; add chain inet far away");
    const server = new ControlServer({
      path,
      handle: async (request, reply) => {
        if (request.command === "status") {
          await reply.value({ interfaces: [{ name: "lan" }], ports: [{ name: "wan0" }] });
          return 0;
        }
        if (request.command !== "nft") return 1;
        if (request.text === "monitor") {
          await reply.out("listening\n");
          await reply.gone;
          left = true;
          return 0;
        }
        const { json = false, terse = false } = request;
        const { ok, output, error } = new Nft(nft.store, { json, terse }).run(request.text, request.name);
        await reply.out(output);
        await reply.err(error);
        return ok ? 0 : 1;
      },
      credentials: peerCredentials,
      allowed: () => true,
      failed: () => {},
    });
    await server.listen();
    try {
      const terminal = start("--socket", path);
      await terminal.expect(PROMPT);
      terminal.type("add rule inet far a\tiifname w\taccept\r");
      await terminal.expect(/inet far away iifname wan0 accept\nweir> $/);
      terminal.type("list chain inet far away\r");
      await terminal.expect(/iifname "wan0" accept\n[^]*weir> $/);
      terminal.type("monitor\r");
      await terminal.expect(/\nlistening\n$/);
      terminal.type("\x03");
      await terminal.expect(PROMPT);
      for (const end = Date.now() + 5000; !left && Date.now() < end;) {
        await new Promise((resolve) => setTimeout(resolve, 5));
      }
      assert.ok(left, "Ctrl-C ends the connection");
      await server.close();
      terminal.type("list ruleset\r");
      await terminal.expect(/weir: no router answers at .*\nweir> $/);
      terminal.type("exit\r");
      assert.equal(await terminal.ended(), 0);
    } finally {
      await server.close().catch(() => {});
    }
  });
});

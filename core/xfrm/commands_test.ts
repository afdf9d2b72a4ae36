import { strict as assert } from "node:assert";
import { test } from "node:test";
import { below, SeededRandom } from "../random.ts";
import { answerXfrm } from "./commands.ts";
import { formatEvent, isMonitor, monitorWords } from "./monitor.ts";
import type { XfrmEvent } from "./plan.ts";
import { parsePolicy } from "./policy_words.ts";
import { Policies } from "./policies.ts";
import { parseState } from "./state_words.ts";
import { XfrmStatistics } from "./statistics.ts";
import { Peer } from "./test_peers.ts";
import { hideKeys, splitWords } from "./words.ts";

const KEY = `0x${"5a".repeat(20)}`, GCM = `aead 'rfc4106(gcm(aes))' ${KEY} 128`;
const add = (spi: string, more = "") =>
  `state add src 192.0.2.1 dst 192.0.2.2 proto esp spi ${spi} ${more} ${GCM}`;

/** A database, and commands on it as typed. */
class Bench {
  readonly states = new Peer().states;
  readonly statistics = new XfrmStatistics();
  readonly policies = new Policies(this);
  now = 5000;

  ask(command: string, json = false) {
    return answerXfrm(this, splitWords(command).map(({ text }) => text), json, this.now, 1e12);
  }

  say(command: string, json = false): string {
    const { output, error } = this.ask(command, json);
    assert.equal(error, undefined, `${command}: ${error}`);
    return output;
  }

  all(): string {
    return this.say("state list") + this.say("policy list");
  }
}

const spis = (text: string) => [...text.matchAll(/spi 0x0*(\w+)/g)].map(([, spi]) => spi);

test("states are added, found, selected, taken away", () => {
  const bench = new Bench();
  for (
    const [i, more] of ["mode tunnel reqid 1", "mode tu mark 0x10/0xf0", "flag noecn", "mode transport"]
      .entries()
  ) {
    bench.now += 10;
    assert.equal(bench.say(add(`0x10${i}`, more)), "");
  }
  assert.deepEqual(spis(bench.say("s")), ["103", "102", "101", "100"]);
  assert.deepEqual(
    spis(bench.say("sa ls mode t reqid 0")),
    ["103", "102"],
    "t is transport, as the first of the two",
  );
  assert.deepEqual(spis(bench.say("state list reqid 1 src 192.0.2.0/24 proto esp")), ["100"]);
  assert.deepEqual(spis(bench.say("state list flag noecn icmp")), ["102"]);
  assert.deepEqual(spis(bench.say("-6 state")), []);
  assert.deepEqual(spis(bench.say("state get dst 192.0.2.2 proto esp spi 0x101 mark 0x1f")), ["101"]);
  assert.match(
    bench.ask("state get dst 192.0.2.2 proto esp spi 0x101").error!,
    /^there is no state dst 192.0.2.2 .*0x00000101$/,
  );
  assert.equal(bench.say("state count"), "\t SAD count 4\n");
  bench.say("s d dst 192.0.2.2 proto esp spi 0x100");
  bench.say("state deleteall mode tunnel");
  assert.deepEqual(spis(bench.say("s l")), ["103", "102"]);
  bench.say("state flush proto ah");
  assert.equal(bench.say("state count", true), '{"states":2}\n');
  bench.say("state flush");
  assert.equal(bench.say("state"), "");
});

test("policies are added, found, selected, taken away", () => {
  const bench = new Bench();
  bench.say(
    "policy add src 10.1.0.0/16 dst 10.2.0.0/16 dir out priority 5 tmpl proto esp mode transport level use",
  );
  bench.say("p a dir in src 10.2.0.0/16 action block mark 3");
  bench.say("policy add src 2001:db8::/32 dir fwd flag icmp localok");
  assert.deepEqual(bench.say("policy").match(/^\tdir \w+/gm), ["\tdir fwd", "\tdir in", "\tdir out"]);
  assert.match(bench.say("policy get index 1 dir out"), /^src 10.1.0.0\/16 .*\n\tdir out priority 5 /);
  assert.match(
    bench.say("-s policy list dir in"),
    /\tdir in action block index 8 priority 0 ptype main share any flag {2}\(0x00000000\)\n/,
  );
  bench.say("policy update src 10.1.0.0/16 dst 10.2.0.0/16 dir out priority 9");
  assert.match(
    bench.say("policy get index 1 dir out"),
    /priority 9 ptype main \n$/,
    "an update keeps the number",
  );
  assert.equal(bench.say("policy count"), "\t SPD IN  1 OUT 1 FWD 1\n");
  assert.match(
    bench.ask("policy delete dir in src 10.2.0.0/16").error!,
    /^there is no policy src 10.2.0.0\/16 dst 0.0.0.0\/0 dir in$/,
  );
  bench.say("policy delete dir in src 10.2.0.0/16 mark 3");
  bench.say("policy deleteall flag icmp");
  assert.equal(bench.say("-s policy count"), "\t SPD IN  0 OUT 1 FWD 0 (Sock: IN 0 OUT 0 FWD 0)\n");
  bench.say("policy flush ptype main");
  assert.equal(bench.say("policy list nosock"), "");
  assert.equal(bench.say("policy setdefault in accept"), "");
  assert.match(bench.ask("policy setdefault in block").error!, /is not built$/);
});

test("what is wrong is at its word, and changes nothing", () => {
  const bench = new Bench();
  bench.say(add("0x100"));
  bench.say("policy add dst 10.0.0.0/8 dir out");
  const before = bench.all();
  const wrong: [command: string, error: RegExp, word: string | undefined, misunderstood: boolean][] = [
    ["nonsense", /^expected an object \(state, .*found "nonsense"$/, "nonsense", true],
    ["-q state", /^expected an option .*"-q"$/, "-q", true],
    ["state nonsense", /^expected a command/, "nonsense", true],
    ["state add src 192.0.2.x", /^expected a source address, found "192.0.2.x"$/, "192.0.2.x", true],
    ["state add src 192.0.2.1", /^a state needs src and dst$/, "src", true],
    [add("0x101", "if_id 7"), /^if_id is not built$/, "if_id", true],
    [add("0x100"), /^there is a state for 192.0.2.2 spi 0x00000100$/, undefined, false],
    [add("0x10"), /^an SPI is 0x00000100\.\./, "0x10", false],
    [add("0x101", `enc aes ${KEY}`), /either one aead algorithm, or enc and auth$/, "aead", false],
    [
      "state update src 192.0.2.1 dst 192.0.2.2 proto esp spi 0x999",
      /^there is no state for/,
      undefined,
      false,
    ],
    [
      add("0x101").replace("gcm", "gmc"),
      /^"rfc4106\(gmc\(aes\)\)" is no aead algorithm here/,
      "rfc4106(gmc(aes))",
      false,
    ],
    [
      add("0x101").replace("0x5a", "0x"),
      /^keys of rfc4106.* this one has 152$/,
      KEY.replace("0x5a", "0x"),
      false,
    ],
    [add("0x101").replace("128", "80"), /64, 96, 128 bits, not 80$/, "80", false],
    ["state get dst 192.0.2.2 spi 5", /^expected the state's proto$/, "dst", true],
    ["state allocspi", /not built/, "allocspi", true],
    ["state count 5", /nothing behind count/, "5", true],
    ["state deleteall reqid x", /^expected a reqid, found "x"$/, "x", true],
    ["policy add dst 10.0.0.0/8 dir out", /^there is a policy of direction out/, undefined, false],
    ["policy add dst 10.0.0.0/7 dir out tmpl proto esp mode tunnel", /needs src and dst$/, "tmpl", false],
    ["policy update dst 10.0.0.0/8 dir out tmpl proto esp mode tunnel", /needs src and dst$/, "tmpl", false],
    ["policy add dst 10.0.0.0/7 dir", /^a direction is missing at the end$/, undefined, true],
    ["policy add dst 10.0.0.0/7 dir in src 10.0.0.0/8", /one selector, in one piece$/, "src", true],
    ["policy get dir in", /its selector, or its index|selector, or its index$/, "dir", true],
    ["monitor", /no answer here$/, "monitor", true],
    ["stat now", /nothing behind stat/, "now", true],
  ];
  for (const [command, error, word, misunderstood] of wrong) {
    const answer = bench.ask(command), words = splitWords(command).map(({ text }) => text);
    assert.match(answer.error ?? "", error, command);
    assert.equal(answer.word === undefined ? undefined : words[answer.word], word, command);
    assert.equal(answer.misunderstood ?? false, misunderstood, command);
    assert.equal(bench.all(), before, command);
  }
});

test("JSON: ip's words as keys, keys of states only where asked for", () => {
  const bench = new Bench();
  bench.say(
    add(
      "0x100",
      "mode tunnel reqid 4 replay-window 32 flag noecn sel dst 10.0.0.0/8 proto tcp dport 80 limit byte-hard 7",
    ),
  );
  bench.say(
    "policy add src 10.1.0.0/16 dir out tmpl src 192.0.2.1 dst 192.0.2.2 proto esp reqid 4 mode tunnel",
  );
  bench.now += 1000;
  const [state] = JSON.parse(bench.say("state", true));
  assert.deepEqual(state, {
    src: "192.0.2.1",
    dst: "192.0.2.2",
    proto: "esp",
    spi: 256,
    reqid: 4,
    mode: "tunnel",
    "replay-window": 32,
    flag: ["noecn"],
    aead: { name: "rfc4106(gcm(aes))", bits: 128 },
    sel: { src: "0.0.0.0/0", dst: "10.0.0.0/8", proto: "tcp", dport: 80 },
    limit: { "byte-hard": 7 },
    seq: 0,
    "seq-hi": 0,
    oseq: 0,
    "oseq-hi": 0,
    current: { bytes: 0, packets: 0, add: 1e12 - 1000, use: 0 },
    stats: { "replay-window": 0, replay: 0, failed: 0 },
  });
  assert.equal(JSON.parse(bench.say("--json state list keys"))[0].aead.key, KEY);
  assert.deepEqual(JSON.parse(bench.say("policy", true)), [{
    src: "10.1.0.0/16",
    dst: "0.0.0.0/0",
    dir: "out",
    action: "allow",
    priority: 0,
    tmpl: [{ src: "192.0.2.1", dst: "192.0.2.2", proto: "esp", reqid: 4, mode: "tunnel", level: "required" }],
    index: 1,
  }]);
  assert.equal(JSON.parse(bench.say("stat", true)).XfrmInNoStates, 0);
  assert.match(bench.say("stat"), /^XfrmInError {13}\t0\n/);
});

test("events are told as asked for", () => {
  const state = parseState(`src 192.0.2.1 dst 192.0.2.2 proto esp spi 0x100 ${GCM}`);
  const policy = parsePolicy("dst 10.0.0.0/8 dir out tmpl proto esp");
  const events: XfrmEvent[] = [
    { kind: "xfrm", change: "add", state, row: 0 },
    { kind: "xfrm", change: "update", policy },
    { kind: "xfrm", change: "soft", state, row: 0 },
    { kind: "xfrm", change: "sequence", state, row: 0 },
    { kind: "xfrm", change: "delete", state, row: 0 },
    {
      kind: "xfrm",
      change: "acquire",
      policy,
      selector: { protocol: 17, sourcePort: 5, destinationPort: 7 },
    },
    { kind: "xfrm", change: "failed", what: "state", error: "no room" },
  ];
  const told = (words: string, json = false) =>
    events.map((event) => formatEvent(event, monitorWords(words.split(" "), json)));
  const [added, updated, soft, sequence, deleted, acquire, failed] = told("monitor");
  assert.match(added!, new RegExp(`^src 192.0.2.1 .*aead rfc4106\\(gcm\\(aes\\)\\) ${KEY} 128\n`, "s"));
  assert.match(updated!, /^Updated src 0.0.0.0\/0 dst 10.0.0.0\/8 \n\tdir out/);
  assert.match(soft!, /^Expired src .*\thard 0\n$/s);
  assert.match(sequence!, /^Expired src .*\thard 1\n$/s);
  assert.match(deleted!, /^Deleted src 192.0.2.1 dst 192.0.2.2\n\tproto esp /);
  assert.match(
    acquire!,
    /^acquire proto esp \n {2}sel src .* proto udp sport 5 dport 7 \n {2}policy src .*\n {4}\tdir out.*\n\n$/s,
  );
  assert.equal(failed, "refused state: no room\n");
  assert.deepEqual(told("mon S pol").map((text) => text !== ""), [
    true,
    true,
    false,
    false,
    true,
    false,
    false,
  ]);
  for (const text of told("monitor nokeys all")) assert.doesNotMatch(text, /5a5a/);
  for (const text of told("monitor", true)) assert.doesNotMatch(JSON.stringify(JSON.parse(text)), /5a5a/);
  assert.match(told("-o monitor")[0]!, /^src [^\n]*\\\n$/);
  assert.ok(isMonitor(["-o", "m"]) && !isMonitor(["state"]) && !isMonitor([]) && !isMonitor(["-x"]));
  assert.throws(() => monitorWords(["monitor", "noise"], false), /what to watch/);
});

test("no words make it throw, or leave half a thing behind", () => {
  const random = new SeededRandom(11), bench = new Bench();
  const vocabulary = [
    ...splitWords(add("0x200", "mode tunnel reqid 3 mark 1 mask 3 limit byte-soft 5")).map(({ text }) =>
      text
    ),
    ..."policy monitor stat -s -o --json list get delete update flush count deleteall dir in out tmpl index 1 ' \" 10.0.0.0/8"
      .split(" "),
  ];
  for (let i = 0; i < 5000; i++) {
    const words = Array.from(
      { length: below(random, 10) },
      () => vocabulary[below(random, vocabulary.length)]!,
    );
    if (below(random, 2) === 0) words.unshift(["state", "policy"][below(random, 2)]!);
    const before = bench.all(), { error, word, output } = answerXfrm(bench, words, false, 1, 2);
    if (error === undefined) continue;
    assert.equal(bench.all(), before, words.join(" "));
    assert.doesNotMatch(error, /undefined|null|NaN|internal|failed:/, words.join(" "));
    assert.ok(output === "" && (word === undefined || word <= words.length), words.join(" "));
  }
});

test("keys cannot be read in what is shown", () => {
  assert.equal(hideKeys(`aead x ${KEY} 0x12345678`), `aead x 0x${"*".repeat(40)} 0x12345678`);
});

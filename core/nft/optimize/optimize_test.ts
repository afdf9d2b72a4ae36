import { strict as assert } from "node:assert";
import { test } from "node:test";
import { assemble } from "../../classify/assemble.ts";
import { Machine } from "../../classify/machine.ts";
import { HOOK_FORWARD } from "../../hook.ts";
import { tcp, udp } from "../../packet/build.ts";
import { putPacket, testBatch } from "../../packet/test_batch.ts";
import { below, type Random, SeededRandom } from "../../random.ts";
import { Nft } from "../nft.ts";

const chain = (rules: readonly string[], family = "ip"): string =>
  `table ${family} t {\n\tchain c {\n\t\ttype filter hook forward priority 0;\n${
    rules.map((rule) => `\t\t${rule}\n`).join("")
  }\t}\n\tchain d {\n\t}\n}\n`;

function optimized(rules: readonly string[]): { listed: string[]; output: string; error: string } {
  const nft = new Nft(undefined, { optimize: true }), { ok, output, error } = nft.run(chain(rules), "r.nft");
  assert.ok(ok, error);
  const listed = nft.run("list chain ip t c").output.split("\n").slice(3, -3).map((line) => line.trim());
  return { listed, output, error };
}

test("neighbours that differ in one field, in several, and in their verdicts", () => {
  const cases: [string[], string[]][] = [
    [["tcp dport 22 accept", "tcp dport 80-90 accept"], ["tcp dport { 22, 80-90 } accept"]],
    [["ip saddr 192.0.2.1 accept", "ip saddr 198.51.100.0/24 drop"], [
      "ip saddr vmap { 192.0.2.1 : accept, 198.51.100.0/24 : drop }",
    ]],
    [["ip saddr 192.0.2.1 tcp dport 22 accept", "ip saddr 192.0.2.2 tcp dport 23 accept"], [
      "ip saddr . tcp dport { 192.0.2.1 . 22, 192.0.2.2 . 23 } accept",
    ]],
    [["ip saddr 192.0.2.1 tcp dport { 1, 2 } drop", "ip saddr 192.0.2.1 tcp dport 3 drop"], [
      "ip saddr 192.0.2.1 tcp dport { 1, 2, 3 } drop",
    ]],
  ];
  for (const [rules, expected] of cases) assert.deepEqual(optimized(rules).listed, expected);
});

test("what would change a verdict stays as it is", () => {
  const left: string[][] = [
    // Flags: a bare value asks for any of them.
    ["tcp flags syn accept", "tcp flags ack drop"],
    ["ct state established accept", "ct state related accept"],
    ["ct status dnat accept", "ct status snat drop"],
    // Overlapping intervals: the first rule decides.
    ["ip saddr 192.0.2.0/24 accept", "ip saddr 192.0.2.128/25 drop"],
    ["tcp dport 1-10 accept", "tcp dport 0x0a drop"],
    // Masks.
    ["meta mark & 3 == 1 accept", "meta mark & 3 == 2 drop"],
    ["tcp dport != 22 accept", "tcp dport != 23 accept"],
    // What writes, counts or comes back between.
    ["tcp dport 1 counter accept", "tcp dport 2 accept"],
    ["tcp dport 1 jump d", "tcp dport 2 jump d"],
    ["meta mark set 1", "tcp dport 2 accept"],
  ];
  for (const rules of left) assert.equal(optimized(rules).output, "", rules.join("; "));
});

test("the report is nft's, with the place and line of every rule", () => {
  const { output, error } = optimized(["tcp dport 22 accept", "tcp dport 23 drop"]);
  assert.equal(
    error,
    "Merging:\nr.nft:4:3-21: \t\ttcp dport 22 accept\nr.nft:5:3-19: \t\ttcp dport 23 drop\ninto:\n\t\n",
  );
  assert.equal(output, "tcp dport vmap { 22 : accept, 23 : drop }\n");
});

test("rules never reached are told with both places, and only these", () => {
  const told = (...rules: string[]) => optimized(rules).error;
  assert.match(
    told("tcp dport 1 accept", "ip saddr 192.0.2.1 tcp dport 1 drop"),
    /^r.nft:5:.*never[^]*r.nft:4:3/,
  );
  assert.match(told("accept", "tcp dport 1 drop"), /never reached/);
  assert.equal(told("tcp dport 1 ip saddr 192.0.2.1 accept", "tcp dport 1 drop"), "");
  assert.equal(told("meta mark 1 accept", "jump d", "meta mark 1 drop"), "");
  assert.equal(told("meta mark 1 accept", "meta mark set 1", "meta mark 1 drop"), "");
  assert.equal(told("limit rate 1/second accept", "accept"), "");
});

const HOSTS = ["192.0.2.1", "192.0.2.2", "192.0.2.3", "192.0.2.130", "198.51.100.7"] as const;
const some = <T>(random: Random, of: readonly T[]): T => of[below(random, of.length)]!;

function randomRule(random: Random, fields: readonly string[]): string {
  const port = () => {
    const first = 1 + below(random, 6);
    return some(random, [
      `${first}`,
      `${first}-${first + 1 + below(random, 3)}`,
      `{ ${first}, ${first + 2} }`,
    ]);
  };
  const matches = fields.map((field) => {
    switch (field) {
      case "ip saddr":
      case "ip daddr":
        return `${field} ${some(random, [...HOSTS, ...HOSTS, "192.0.2.0/25", "192.0.2.0/30"])}`;
      case "tcp flags":
        return `${field} ${some(random, ["syn", "ack", "fin"])}`;
      case "meta mark":
        return `${field} ${some(random, ["0", "1", "& 1 == 0"])}`;
      default:
        return `${field} ${port()}`;
    }
  });
  const between = below(random, 12) === 0 ? some(random, ["counter ", "meta mark set 1 "]) : "";
  return `${matches.join(" ")} ${between}${
    some(random, ["accept", "drop", "accept", "drop", "return", "jump d"])
  }`;
}

const SEED = 8;
test(`random chains decide the same with and without (seed ${SEED})`, (context) => {
  const random = new SeededRandom(SEED);
  const FIELDS = ["ip saddr", "ip daddr", "tcp dport", "udp sport", "tcp flags", "meta mark", "tcp sport"];
  let merged = 0;
  for (let round = 0; round < 150; round++) {
    const rules: string[] = [];
    while (rules.length < 14) {
      const fields = FIELDS.filter(() => below(random, 4) === 0 || rules.length === 0).slice(
        0,
        1 + below(random, 3),
      );
      for (let run = 1 + below(random, 5); run > 0 && fields.length > 0; run--) {
        const rule = randomRule(random, fields);
        // What can never match is refused: UDP ports of a TCP packet.
        if (new Nft().run(chain([rule])).ok) rules.push(rule);
      }
    }
    const plain = machineOf(rules, false), short = machineOf(rules, true);
    merged += short.output.split("\n").length - 1;
    for (let packet = 0; packet < 60; packet++) {
      const batch = testBatch(), ip = { from: some(random, HOSTS), to: some(random, HOSTS) };
      const ports = [1 + below(random, 8), 1 + below(random, 8)] as const;
      const bytes = below(random, 4) === 0
        ? udp(ip, ...ports, new Uint8Array(4))
        : tcp(ip, ...ports, { flags: below(random, 32) });
      const mark = below(random, 3);
      const decide = ({ machine }: typeof plain) => {
        const row = putPacket(batch, bytes);
        batch.mark[row] = mark;
        const verdict = machine.run(machine.hooks(4, "forward")[0]!, batch, row, HOOK_FORWARD);
        return `${verdict} ${batch.mark[row]}`;
      };
      assert.equal(decide(short), decide(plain), `round ${round}\n${rules.join("\n")}\n${short.output}`);
    }
  }
  assert.ok(merged > 100, `only ${merged} runs were merged`);
  context.diagnostic(`${merged} runs merged`);
});

function machineOf(rules: readonly string[], optimize: boolean): { machine: Machine; output: string } {
  const nft = new Nft(undefined, { optimize }), { ok, error, output } = nft.run(chain(rules), "r.nft");
  assert.ok(ok, error);
  const { store } = nft;
  const machine = new Machine({ random: new SeededRandom(1), cells: store.cells.numbers });
  machine.setInterfaces(["", "lan"]);
  machine.install(assemble(store.current, store.current.generation, { live: store.live, now: 0 }), 0);
  return { machine, output };
}

import type { Expression } from "../expr/expression.ts";
import { HOOK_FORWARD } from "../hook.ts";
import { tcp, udp } from "../packet/build.ts";
import { CT_ESTABLISHED, CT_NEW } from "../packet/columns.ts";
import { putPacket, testBatch } from "../packet/test_batch.ts";
import { below, SeededRandom } from "../random.ts";
import * as t from "./test_ruleset.ts";

/**
 * Nanoseconds a packet of the interpreter: `deno bench core/classify`. One iteration is a batch of 64 packets,
 * three in four of established flows. `home router` has 29 rules, five sets and maps, two regular chains.
 */

const PREFIXES = [
  ["0.0.0.0", "0.255.255.255"],
  ["10.0.0.0", "10.255.255.255"],
  ["100.64.0.0", "100.127.255.255"],
  ["127.0.0.0", "127.255.255.255"],
  ["169.254.0.0", "169.254.255.255"],
  ["172.16.0.0", "172.31.255.255"],
  ["198.18.0.0", "198.19.255.255"],
  ["224.0.0.0", "255.255.255.255"],
] as const;

const from = (text: string): Expression[] => [t.load("network", 12, 4), t.cmp("eq", t.address(text))];
const to = (text: string): Expression[] => [t.load("network", 16, 4), t.cmp("eq", t.address(text))];
const input = (name: string): Expression[] => [t.meta("iifname"), t.cmp("eq", t.name(name))];
const output = (name: string): Expression[] => [t.meta("oifname"), t.cmp("eq", t.name(name))];
const ports = (from: number, to: number): Expression[] => [
  t.load("transport", 2, 2),
  { kind: "range", op: "eq", sreg: 1, from: t.be(from, 2), to: t.be(to, 2) },
];
const state = (bits: number): Expression[] => [t.ct("state"), t.and(t.le(bits)), t.cmp("neq", t.le(0))];
const V4 = [t.meta("nfproto"), t.cmp("eq", Uint8Array.of(2))];

function home(stateful: boolean) {
  return t.bench((x) => {
    const service = { name: "inet_service", bits: [16] }, address = { name: "ipv4_addr", bits: [32] };
    const random = new SeededRandom(7);
    t.must(x.addSet("inet", "t", {
      name: "bogons",
      key: address,
      interval: true,
      elements: PREFIXES.map(([a, b]) => ({ key: t.address(a), end: t.address(b) })),
    }));
    t.must(x.addSet("inet", "t", {
      name: "block",
      key: address,
      elements: Array.from(
        { length: 1000 },
        () => ({ key: t.be(0x15000000 + below(random, 0x40000000), 4) }),
      ),
    }));
    t.must(x.addSet("inet", "t", {
      name: "web",
      key: service,
      elements: [80, 443, 8080, 8443].map((p) => ({ key: t.be(p, 2) })),
    }));
    t.must(x.addSet("inet", "t", {
      name: "states",
      key: { name: "ct_state", bits: [32] },
      data: "verdict",
      elements: [
        { key: t.le(2), verdict: { code: "accept" } },
        { key: t.le(4), verdict: { code: "accept" } },
        { key: t.le(1), verdict: { code: "drop" } },
      ],
    }));
    t.must(x.addChain("inet", "t", { name: "lan" }));
    t.must(x.addChain("inet", "t", { name: "wan" }));
    const add = (chain: string, ...list: Expression[][]) => {
      for (const expressions of list) t.must(x.addRule("inet", "t", chain, { expressions }));
    };
    add(
      "lan",
      [...V4, ...to("192.168.1.1"), ...t.l4proto(17), ...t.dport(53), t.ACCEPT],
      [...t.l4proto(6), ...t.dport(25), t.counter(), t.DROP],
      [...t.l4proto(6), ...ports(135, 139), t.DROP],
      [...t.l4proto(17), ...ports(137, 138), t.DROP],
      [...t.l4proto(6), t.load("transport", 2, 2), t.lookup("web"), t.ACCEPT],
      [...V4, ...to("10.0.0.1"), t.DROP],
      [
        ...t.l4proto(6),
        t.load("transport", 13, 1),
        t.and(Uint8Array.of(18)),
        t.cmp("eq", Uint8Array.of(2)),
        t.counter(),
        t.ACCEPT,
      ],
      [t.ACCEPT],
    );
    add(
      "wan",
      [...t.l4proto(6), ...t.dport(22), t.DROP],
      [...t.l4proto(17), ...t.dport(51820), t.counter(), t.ACCEPT],
      [...t.l4proto(17), ...ports(5060, 5070), ...V4, ...from("203.0.113.5"), t.ACCEPT],
      [...V4, ...to("192.168.1.10"), ...t.l4proto(6), ...ports(1024, 65535), t.ACCEPT],
      [t.counter(), t.DROP],
    );
    t.must(x.addChain("inet", "t", { name: "c", base: t.base("forward", "filter", 0, "drop") }));
    if (stateful) add("c", [t.ct("state"), t.map("states", 0)]);
    add(
      "c",
      [...input("lo"), t.ACCEPT],
      [...input("guest"), ...output("lan"), t.DROP],
      [...V4, t.load("network", 12, 4), t.lookup("block"), t.counter(), t.DROP],
      [...input("wan"), ...V4, t.load("network", 12, 4), t.lookup("bogons"), t.counter(), t.DROP],
      [
        ...V4,
        t.load("network", 6, 2),
        t.and(Uint8Array.of(0x1f, 0xff)),
        t.cmp("neq", Uint8Array.of(0, 0)),
        t.DROP,
      ],
      [...t.l4proto(1), t.load("transport", 0, 1), t.cmp("eq", Uint8Array.of(8)), t.ACCEPT],
      [...t.l4proto(58), t.ACCEPT],
      [...state(64), t.ACCEPT],
      [...input("lan"), t.jump("lan")],
      [...input("wan"), t.jump("wan")],
      [...t.l4proto(6), ...t.dport(113), { kind: "reject", type: "tcp reset", code: 0 }],
      [...input("guest"), ...t.l4proto(17), ...t.dport(53), t.ACCEPT],
      [...input("guest"), ...output("wan"), t.ACCEPT],
      [t.counter()],
    );
  });
}

function packets() {
  const batch = testBatch(), random = new SeededRandom(3);
  for (let i = 0; i < 64; i++) {
    const lan = below(random, 2) === 0;
    const inside = `192.168.1.${2 + below(random, 200)}`,
      outside = `8.${below(random, 250)}.3.${1 + below(random, 250)}`;
    const ip = lan ? { from: inside, to: outside } : { from: outside, to: inside };
    const port = [53, 443, 80, 22, 5060, 51820, 30000][below(random, 7)]!;
    const row = putPacket(
      batch,
      below(random, 3) === 0
        ? udp(ip, 40000, port, new Uint8Array(100))
        : tcp(ip, 40000, port, { flags: 16 }),
    );
    batch.inInterface[row] = lan ? 1 : 2;
    batch.outInterface[row] = lan ? 2 : 1;
    batch.ctState[row] = i % 4 === 0 ? CT_NEW : CT_ESTABLISHED;
  }
  return batch;
}

for (
  const [what, stateful] of [["home router, established first", true], [
    "home router, every rule",
    false,
  ]] as const
) {
  const { machine } = home(stateful), batch = packets(), chain = machine.hooks(4, "forward")[0]!;
  const round = () => {
    let verdicts = 0;
    for (let row = 0; row < batch.count; row++) verdicts += machine.run(chain, batch, row, HOOK_FORWARD);
    return verdicts;
  };
  for (let i = 0; i < 2000; i++) round();
  Deno.bench({ name: `${what} (64 packets)`, fn: () => void round() });
}

import { test } from "node:test";
import assert from "node:assert/strict";
import type { Expression } from "../expr/expression.ts";
import { HOOK_FORWARD } from "../hook.ts";
import { tcp, udp } from "../packet/build.ts";
import { putPacket, testBatch } from "../packet/test_batch.ts";
import { below, SeededRandom } from "../random.ts";
import * as t from "./test_ruleset.ts";

const SEED = 7;

test(`mangled and cut packets make nothing throw and nothing written outside them (seed ${SEED})`, () => {
  const random = new SeededRandom(SEED);
  const write = (base: "network" | "transport", offset: number): Expression => ({
    kind: "payload write",
    base,
    offset,
    length: 2,
    sreg: 1,
    checksumType: 1,
    checksumOffset: base === "network" ? 10 : 16,
    checksumFlags: 1,
  });
  const option: Expression = { kind: "exthdr write", op: "tcpopt", type: 2, offset: 2, length: 2, sreg: 1 };
  const { machine } = t.bench(t.rules([
    [t.immediate(t.be(500, 2)), option],
    [{ kind: "exthdr reset", op: "tcpopt", type: 3 }],
    ...["ipv6", "tcpopt", "ipv4"].flatMap((op) =>
      [0, 2, 44, 51, 60].map((type): Expression[] => [
        { kind: "exthdr", op: op as "ipv6", type, offset: 1, length: 3, dreg: 1, present: false },
      ])
    ),
    [t.load("link", 0, 6)],
    [t.load("transport", 60, 16)],
    [t.immediate(t.be(500, 2)), write("network", 1), write("transport", 3), write("transport", 21)],
    [t.load("transport", 2, 2), t.load("network", 30, 16), t.DROP],
  ]));
  const six = { from: "2001:db8::1", to: "2001:db8:1::7" }, four = { from: "192.0.2.1", to: "198.51.100.7" };
  const options = Uint8Array.of(2, 4, 5, 180, 3, 3, 7, 0);
  for (let i = 0; i < 20000; i++) {
    const ip = below(random, 2) === 0 ? four : six,
      batch = (i & 63) === 0 ? (shared.clear(), shared) : shared;
    const packet = below(random, 2) === 0
      ? tcp(ip, 1, 2, { flags: 2, options })
      : udp(ip, 1, 2, new Uint8Array(20));
    for (let k = below(random, 5); k > 0; k--) packet[below(random, packet.length)] = below(random, 256);
    const row = putPacket(batch, packet.subarray(0, 1 + below(random, packet.length)));
    if (batch.family[row] === 0) continue;
    const end = batch.end[row]!, after = batch.bytes(row).slice(end, end + 64);
    machine.run(machine.hooks(4, "forward")[0]!, batch, row, HOOK_FORWARD);
    assert.deepEqual(batch.bytes(row).slice(end, end + 64), after);
  }
});

const shared = testBatch();

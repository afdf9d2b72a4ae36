import { test } from "node:test";
import assert from "node:assert/strict";
import { formatWords, parseAddress } from "../packet/address.ts";
import { icmp, type IpOptions, udp } from "../packet/build.ts";
import { u32 } from "../packet/bytes.ts";
import { fold, pseudo, sum } from "../packet/checksum.ts";
import { ENTRY_OUTPUT, VERDICT_CONTINUE, VERDICT_DROP, VERDICT_STOLEN } from "../packet/columns.ts";
import { packetOf, putPacket, testBatch } from "../packet/test_batch.ts";
import { SeededRandom } from "../random.ts";
import { Echo } from "./echo.ts";
import { ROUTE_BROADCAST, ROUTE_LOCAL, ROUTE_MULTICAST, ROUTE_NONE } from "./route_type.ts";

const V4: IpOptions = { from: "192.168.1.9", to: "192.168.1.1", tos: 0x10 };
const V6: IpOptions = { from: "fd00:1::9", to: "fd00:1::1", tos: 0x20 };

const echo = () =>
  new Echo({
    random: new SeededRandom(1),
    addressType: (family, words, lane) => {
      const text = formatWords(family, words, lane);
      if (text === "192.168.1.255") return ROUTE_BROADCAST;
      if (text.startsWith("224.") || text.startsWith("ff")) return ROUTE_MULTICAST;
      return [V4.to, V6.to, "fd00:1::"].includes(text) ? ROUTE_LOCAL : ROUTE_NONE;
    },
    anycast: (family, words, lane) => family === 6 && words[lane + 3] === 0,
    sourceAddress: (_index, _family, _words, _lane, out) => {
      out.set(parseAddress("fd00:1::1")!.words);
      return true;
    },
  });

test("an echo request comes back with its identifier, sequence and data", () => {
  for (const [options, request, reply] of [[V4, 8, 0], [V6, 128, 129]] as const) {
    const batch = testBatch(), e = echo(), header = options === V4 ? 20 : 40;
    const data = Uint8Array.from({ length: 1401 }, (_, i) => i);
    const row = putPacket(batch, icmp(options, request, 0, 0x12340007, data), 2);
    assert.equal(e.input(batch, row), true);
    assert.equal(batch.verdict[row], VERDICT_STOLEN);
    assert.equal(batch.count, 2);
    const b = packetOf(batch, 1);
    assert.equal(b[header], reply);
    assert.equal(u32(b, header + 4), 0x12340007);
    assert.deepEqual(b.subarray(header + 8), data);
    assert.equal(
      fold(sum(b, header, b.length, options === V4 ? 0 : pseudo(b, 0, 6, 58, b.length - header))),
      0xffff,
    );
    assert.equal(formatWords(options === V4 ? 4 : 6, batch.source, 4), options.to);
    assert.equal(formatWords(options === V4 ? 4 : 6, batch.destination, 4), options.from);
    assert.equal(batch.entry[1], ENTRY_OUTPUT);
    assert.equal(batch.verdict[1], VERDICT_CONTINUE);
    assert.equal(batch.outInterface[1], 0, "routed like any other packet");
    assert.equal(options === V4 ? b[1] : u32(b, 0) >>> 20 & 255, options.tos);
  }
});

test("the largest request is answered in full", () => {
  const batch = testBatch(), row = putPacket(batch, icmp(V4, 8, 0, 1, new Uint8Array(65535 - 28).fill(5)));
  assert.equal(echo().input(batch, row), true);
  assert.equal(packetOf(batch, 1).length, 65535);
});

test("IPv4 groups are not answered, IPv6 ones and anycast from an own address", () => {
  const batch = testBatch(), e = echo();
  for (const to of ["224.0.0.1", "192.168.1.255"]) {
    const row = putPacket(batch, icmp({ ...V4, to }, 8, 0));
    assert.equal(e.input(batch, row), true);
    assert.equal(batch.verdict[row], VERDICT_DROP);
  }
  assert.equal(e.counters.ignored, 2);
  for (const to of ["ff02::1", "fd00:1::"]) {
    const row = putPacket(batch, icmp({ ...V6, to }, 128, 0));
    e.input(batch, row);
    assert.equal(formatWords(6, batch.source, (batch.count - 1) * 4), "fd00:1::1");
  }
});

test("a wrong checksum gets nothing; what is no request is left alone", () => {
  const batch = testBatch(), e = echo(), packet = icmp(V4, 8, 0, 1, new Uint8Array(4));
  packet[30]! ^= 4;
  const row = putPacket(batch, packet);
  assert.equal(e.input(batch, row), true);
  assert.equal(batch.verdict[row], VERDICT_DROP);
  assert.equal(e.counters.badChecksum, 1);
  for (const other of [icmp(V4, 0, 0), icmp(V6, 129, 0), icmp(V6, 8, 0), udp(V4, 8, 2048)]) {
    const left = putPacket(batch, other);
    assert.equal(e.input(batch, left), false);
    assert.equal(batch.verdict[left], VERDICT_CONTINUE);
  }
});

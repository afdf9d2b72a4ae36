import { test } from "node:test";
import assert from "node:assert/strict";
import { formatAddress, parseAddress, parsePrefix } from "./address.ts";
import { icmp, ip, tcp, udp } from "./build.ts";
import { pseudo, transportValid } from "./checksum.ts";
import { CHECKSUM_NONE, CHECKSUM_PARTIAL, CHECKSUM_VALID } from "./columns.ts";
import { PARSE_CHECKSUM, PARSE_OK, parseIp } from "./parse.ts";
import { packetOf, putPacket, testBatch } from "./test_batch.ts";

test("built packets parse back to what was asked, with right checksums", () => {
  const batch = testBatch();
  for (const [from, to] of [["192.0.2.1", "198.51.100.7"], ["2001:db8::1", "2001:db8:1::7"]] as const) {
    const row = putPacket(batch, udp({ from, to }, 1000, 53, new Uint8Array(7)));
    assert.equal(parseIp(batch, row), PARSE_OK);
    assert.equal(batch.sourcePort[row], 1000);
    assert.equal(batch.destinationPort[row], 53);
    const b = batch.bytes(row), at = batch.transport[row]!, end = batch.end[row]!;
    const base = pseudo(b, batch.network[row]!, batch.family[row]!, 17, end - at);
    assert.ok(transportValid(b, at, end, base));
  }
  batch.clear();
});

test("no truncation of a packet makes the parser name a header outside it", () => {
  const whole = [
    tcp({ from: "192.0.2.1", to: "192.0.2.2" }, 1, 2, { flags: 2, options: Uint8Array.of(2, 4, 5, 180) }),
    icmp({ from: "2001:db8::1", to: "2001:db8::2" }, 128, 0, 1),
  ];
  for (const packet of whole) {
    for (let length = 1; length < packet.length; length++) {
      const batch = testBatch(4, 1);
      const row = putPacket(batch, packet.subarray(0, length));
      assert.notEqual(parseIp(batch, row), PARSE_OK);
      assert.equal(packetOf(batch, row).length, length);
    }
  }
});

test("a wrong IPv4 header checksum is seen whatever the device says of the transport's", () => {
  const packet = udp({ from: "192.0.2.1", to: "198.51.100.7" }, 1000, 53);
  packet[8] = 63;
  for (const state of [CHECKSUM_NONE, CHECKSUM_PARTIAL, CHECKSUM_VALID]) {
    const batch = testBatch(), row = putPacket(batch, packet);
    batch.checksum[row] = state;
    assert.equal(parseIp(batch, row), PARSE_CHECKSUM);
  }
});

test("an IPv6 mobility header is what the packet carries, not one to be passed over", () => {
  const batch = testBatch(), header = Uint8Array.of(59, 0, 5, 0, 0, 0, 0, 0);
  const row = putPacket(batch, ip({ from: "2001:db8::1", to: "2001:db8:1::7" }, 135, header));
  assert.equal(batch.protocol[row], 135);
  assert.equal(batch.transport[row], batch.network[row]! + 40);
});

test("addresses: text -> words -> text", () => {
  for (
    const text of [
      "0.0.0.0",
      "192.168.1.254",
      "::",
      "::1",
      "2001:db8::1",
      "fe80::1:0:0:1",
      "::ffff:192.0.2.1",
      "1:2:3:4:5:6:7:8",
      "1:0:2::",
      "0:1::1",
    ]
  ) {
    assert.equal(formatAddress(parseAddress(text)!), text);
  }
  const wrong = ["1.2.3", "1.2.3.256", "01.2.3.4", ":::", "1::2::3", "12345::", "1:2:3:4:5:6:7", "g::"];
  for (const text of [...wrong, "192.0.2.1::", "1:192.0.2.1::", "192.0.2.1::1"]) {
    assert.equal(parseAddress(text), undefined, text);
  }
  assert.equal(parsePrefix("10.0.0.0/33"), undefined);
  assert.equal(parsePrefix("10.1.2.3/8")!.length, 8);
});

import { test } from "node:test";
import assert from "node:assert/strict";
import { FIB_DADDR, FIB_IIF, FIB_RESULT_OIF, FIB_RESULT_TYPE, FIB_SADDR } from "../classify/opcodes.ts";
import { parseAddress, parsePrefix } from "../packet/address.ts";
import { icmp, udp } from "../packet/build.ts";
import { putPacket, testBatch } from "../packet/test_batch.ts";
import { TABLE_MAIN } from "../plan.ts";
import { SeededRandom } from "../random.ts";
import { fib } from "./fib.ts";
import { Adjacency } from "./neighbour/adjacency.ts";
import { Routes } from "./routes.ts";

const LAN = 1, WAN = 2;

/** A router with 192.0.2.1/24 and 2001:db8:1::1/64 on the LAN, defaults by the WAN. */
function asked(packet: Uint8Array, flags: number, result: number): number {
  const batch = testBatch(), routes = new Routes();
  const adjacency = new Adjacency({ random: new SeededRandom(1), pool: batch.pool });
  const wan = (destination: string, via: string) => ({
    destination: parsePrefix(destination)!,
    type: "unicast" as const,
    via: parseAddress(via)!,
    interface: WAN,
    metric: 0,
    table: TABLE_MAIN,
  });
  routes.configure([wan("0.0.0.0/0", "198.51.100.1"), wan("::/0", "2001:db8:f::1")], [], [
    { interface: LAN, addresses: [parsePrefix("192.0.2.1/24")!, parsePrefix("2001:db8:1::1/64")!] },
  ]);
  return fib(routes, adjacency, batch, putPacket(batch, packet, LAN), flags, result);
}

const back = (packet: Uint8Array) => asked(packet, FIB_SADDR | FIB_IIF, FIB_RESULT_OIF);

test("the way back to a source: by the interface it came in by, or not", () => {
  assert.equal(back(udp({ from: "192.0.2.9", to: "203.0.113.5" }, 1, 2)), LAN);
  assert.equal(back(udp({ from: "203.0.113.9", to: "192.0.2.9" }, 1, 2)), 0);
  assert.equal(back(udp({ from: "2001:db8:1::9", to: "2001:db8:2::1" }, 1, 2)), LAN);
  assert.equal(back(udp({ from: "2001:db8:2::9", to: "2001:db8:1::9" }, 1, 2)), 0);
});

test("a host without an address yet is not taken for a forger: DHCP, duplicate detection", () => {
  assert.equal(back(udp({ from: "0.0.0.0", to: "255.255.255.255" }, 68, 67)), LAN);
  assert.equal(back(udp({ from: "0.0.0.0", to: "224.0.0.1" }, 68, 67)), LAN);
  assert.equal(back(udp({ from: "0.0.0.0", to: "192.0.2.1" }, 68, 67)), 0);
  const target = Uint8Array.from([0x20, 1, 0xd, 0xb8, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 9]);
  assert.equal(back(icmp({ from: "::", to: "ff02::1:ff00:9" }, 135, 0, 0, target)), LAN);
  assert.equal(back(udp({ from: "::", to: "ff02::1:ff00:9" }, 1, 2)), 0);
});

test("types of addresses as the kernel gives them", () => {
  const type = (from: string, to: string) => asked(udp({ from, to }, 1, 2), FIB_DADDR, FIB_RESULT_TYPE);
  assert.equal(type("203.0.113.9", "192.0.2.1"), 2, "local");
  assert.equal(type("203.0.113.9", "192.0.2.255"), 3, "broadcast");
  assert.equal(type("203.0.113.9", "0.0.0.0"), 3, "0/8 counts as broadcast");
  assert.equal(type("203.0.113.9", "224.0.0.5"), 5, "multicast");
  assert.equal(type("203.0.113.9", "198.18.0.1"), 1, "unicast");
  assert.equal(type("2001:db8::9", "2001:db8:2::1"), 1, "unicast");
  assert.equal(type("2001:db8::9", "::"), 7, "unreachable");
});

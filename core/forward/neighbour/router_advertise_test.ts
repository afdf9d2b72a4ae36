import { test } from "node:test";
import assert from "node:assert/strict";
import { parseMac } from "../../packet/address.ts";
import { u16, u32 } from "../../packet/bytes.ts";
import type { AdvertisePlan } from "../../plan.ts";
import { address, HOST_MAC, plan, ROUTER_MAC, TestLink } from "./test_link.ts";

const prefix = (text: string, validLifetime = 86400, preferredLifetime = 14400) => ({
  ...address(text),
  length: 64,
  validLifetime,
  preferredLifetime,
});
const ADVERTISE: AdvertisePlan = {
  routerLifetime: 1800,
  interval: 600,
  prefixes: [prefix("2001:db8:a::1"), prefix("fd00:1::")],
  dns: [address("fd00:1::1"), address("192.0.2.53")],
  mtu: 1492,
};
const advertising = (advertise: AdvertisePlan = ADVERTISE) => plan(["fd00:1::1/64"], { advertise });
const FROM = "ra from fe80::ff:fe00:1 to";
const EVERYBODY = `${FROM} ff02::1 -> 33:33:00:00:00:01`;

/** Times of advertisements sent so far, relative to `start`. */
const times = (link: TestLink, start: number) =>
  link.take(start).filter((line) => line.includes(" ra ")).map((line) => Number(line.split(" ")[0]));

function quiet(): TestLink {
  const link = new TestLink();
  link.up(advertising());
  link.run(60000);
  link.take();
  return link;
}
const solicit = (link: TestLink, from = "fe80::9") => {
  const b = new Uint8Array(from === "::" ? 4 : 12);
  if (from !== "::") b.set([1, 1, ...parseMac(HOST_MAC)!], 4);
  link.icmpv6({ from, to: "ff02::2" }, 133, b);
};
const last = (link: TestLink) => link.sent.filter((packet) => packet[40] === 134).at(-1)!;

test("what an advertisement says", () => {
  const link = new TestLink();
  link.up(advertising());
  link.run(100);
  const b = last(link);
  assert.equal(b[7], 255);
  assert.equal(b[44], 64, "hop limit for hosts");
  assert.equal(b[45], 0, "no DHCP");
  assert.equal(u16(b, 46), 1800);
  assert.equal(u32(b, 48), 0);
  assert.equal(u32(b, 52), 0);
  assert.deepEqual([...b.subarray(56, 64)], [1, 1, ...parseMac(ROUTER_MAC)!]);
  assert.deepEqual([...b.subarray(64, 72)], [5, 1, 0, 0, 0, 0, 1492 >> 8, 1492 & 255]);
  assert.deepEqual([...b.subarray(72, 76)], [3, 4, 64, 0xc0]);
  assert.deepEqual([u32(b, 76), u32(b, 80)], [86400, 14400]);
  assert.deepEqual(
    [u32(b, 88), u32(b, 92), u32(b, 96), u32(b, 100)],
    [0x20010db8, 0xa0000, 0, 0],
    "no host bits",
  );
  assert.equal(u32(b, 120), 0xfd000001);
  assert.deepEqual(
    [b[136], b[137], u32(b, 140), u32(b, 144)],
    [25, 3, 1800, 0xfd000001],
    "IPv6 servers only",
  );
  assert.equal(b.length, 160);
});

test("the first three come at most 16 s apart, later ones between a third of the interval and the whole", () => {
  const link = new TestLink(), start = link.now;
  link.up(advertising());
  link.run(4000000);
  const at = times(link, start), gaps = at.slice(1).map((t, i) => t - at[i]!);
  assert.equal(at[0], 0);
  assert.deepEqual(gaps.slice(0, 2).map((gap) => gap <= 16000), [true, true]);
  for (const gap of gaps.slice(2)) assert.ok(gap >= 198000 && gap <= 600001, `${gap}`);
  assert.ok(new Set(gaps).size > 4, "drawn, not fixed");
});

test("a solicitation is answered to its sender within half a second", () => {
  const link = quiet(), start = link.now;
  solicit(link);
  link.run(1000);
  const said = link.take(start);
  assert.equal(said.length, 1);
  assert.match(said[0]!, new RegExp(`^\\d+ ${FROM} fe80::9 -> ${HOST_MAC}$`));
  assert.ok(Number(said[0]!.split(" ")[0]) < 500);
});

test("one without an address is answered to everybody, but not twice in three seconds", () => {
  const link = quiet(), start = link.now;
  for (let i = 0; i < 40; i++) {
    solicit(link, "::");
    link.run(100);
  }
  const said = link.take(start);
  assert.ok(said.every((line) => line.endsWith(EVERYBODY)));
  assert.equal(said.length, 2);
  const [first, second] = said.map((line) => Number(line.split(" ")[0]));
  assert.ok(second! - first! >= 3000);
});

test("more senders than can be remembered are answered all together", () => {
  const link = quiet();
  for (let i = 0; i < 40; i++) solicit(link, `fe80::${(i + 16).toString(16)}`);
  link.run(1000);
  const said = link.take();
  assert.equal(said.filter((line) => line.includes(`${FROM} fe80::`)).length, 16);
  assert.equal(said.filter((line) => line.endsWith(EVERYBODY)).length, 1);
});

test("stopping says router lifetime 0, once", () => {
  const link = quiet();
  link.work((batch) => link.adjacency.shutdown(batch));
  assert.equal(u16(last(link), 46), 0);
  assert.equal(link.take().length, 1);
  link.run(1000000);
  assert.deepEqual(link.take(), []);
});

test("a prefix taken out of the plan is advertised without lifetime; a plan without advertisements ends them", () => {
  const link = quiet();
  link.adjacency.configure([advertising({ ...ADVERTISE, prefixes: [prefix("fd00:1::")] })], link.now);
  link.run(100);
  const b = last(link);
  assert.deepEqual([u32(b, 76), u32(b, 80), u32(b, 88)], [0, 0, 0x20010db8]);
  assert.deepEqual([u32(b, 108), u32(b, 120)], [86400, 0xfd000001]);
  link.run(100000);
  link.take();
  link.adjacency.configure([plan(["fd00:1::1/64"])], link.now);
  const start = link.now;
  link.run(100000);
  assert.equal(u16(last(link), 46), 0);
  assert.equal(times(link, start).length, 3);
});

test("a plan that comes back while its end is being told is advertised again; its end is told once only", () => {
  const link = quiet();
  link.adjacency.configure([plan(["fd00:1::1/64"])], link.now);
  link.run(100);
  assert.equal(u16(last(link), 46), 0);
  const start = link.now;
  link.run(3500);
  link.adjacency.configure([plan(["fd00:1::1/64"])], link.now);
  link.run(100000);
  assert.equal(times(link, start).length, 3, "configured anew with nothing to advertise");
  link.adjacency.configure([advertising()], link.now);
  link.run(100);
  link.adjacency.configure([plan(["fd00:1::1/64"])], link.now);
  link.run(100);
  link.adjacency.configure([advertising()], link.now);
  link.run(5000);
  const b = last(link);
  assert.equal(u16(b, 46), 1800);
  assert.deepEqual([u32(b, 76), u32(b, 88)], [86400, 0x20010db8], "nothing is withdrawn any more");
  link.take();
  link.run(4000000);
  assert.ok(times(link, 0).length > 5);
});

test("nothing is advertised before the link-local address is ready, nor while the link is down", () => {
  const link = new TestLink({ dadTransmits: 1 });
  link.up(advertising());
  const start = link.now;
  link.run(900);
  assert.deepEqual(times(link, start), []);
  link.run(2000);
  assert.equal(times(link, start).length, 1);
  link.adjacency.interfaceUp(1, false, link.now);
  link.run(1000000);
  assert.deepEqual(times(link, start), []);
  link.adjacency.interfaceUp(1, true, link.now);
  link.run(2100);
  assert.equal(times(link, start).length, 1);
});

import { test } from "node:test";
import assert from "node:assert/strict";
import { formatAddress, formatPrefix, parseMac } from "../../packet/address.ts";
import { ethernet } from "../../packet/build.ts";
import { setU16, setU32, u16 } from "../../packet/bytes.ts";
import { finish, pseudo, sum } from "../../packet/checksum.ts";
import type { AdvertisePlan } from "../../plan.ts";
import type { AdjacencyOptions } from "./adjacency.ts";
import type { AdjacencyEvent } from "./events.ts";
import { address, HOST_MAC, plan, TestLink, words } from "./test_link.ts";

const ROUTER = "fe80::9";
const host = (options: Partial<AdjacencyOptions> = {}) => {
  const link = new TestLink(options);
  link.up(plan(["192.0.2.1/24"], { acceptAdvertisements: true }));
  link.run(10);
  link.take();
  link.events.length = 0;
  return link;
};

interface Said {
  lifetime?: number;
  valid?: number;
  preferred?: number;
  flags?: number;
  prefix?: string;
  length?: number;
  mtu?: number;
  dns?: [string, number];
  hopLimit?: number;
  from?: string;
}

/** An advertisement as the body behind the checksum. */
function ra(link: TestLink, said: Said): void {
  const b = new Uint8Array(12 + 8 + 8 + 32 + (said.dns === undefined ? 0 : 24));
  b[0] = said.hopLimit ?? 0;
  setU16(b, 2, said.lifetime ?? 1800);
  b.set([1, 1, ...parseMac(HOST_MAC)!], 12);
  b.set([5, 1], 20);
  setU32(b, 24, said.mtu ?? 0);
  b.set([3, 4, said.length ?? 64, said.flags ?? 0xc0], 28);
  setU32(b, 32, said.valid ?? 86400);
  setU32(b, 36, said.preferred ?? 14400);
  words(said.prefix ?? "2001:db8::").forEach((w, i) => setU32(b, 44 + 4 * i, w));
  if (said.dns !== undefined) {
    b.set([25, 3], 60);
    setU32(b, 64, said.dns[1]);
    words(said.dns[0]).forEach((w, i) => setU32(b, 68 + 4 * i, w));
  }
  link.icmpv6({ from: said.from ?? ROUTER, to: "ff02::1" }, 134, b);
}

function text(event: AdjacencyEvent): string {
  switch (event.kind) {
    case "address":
      return `address ${event.state} ${formatPrefix(event.address)}`;
    case "route": {
      const via = event.via === undefined ? "" : ` via ${formatAddress(event.via)}`;
      return `route ${event.action} ${formatPrefix(event.destination)}${via} ${event.lifetime}`;
    }
    case "dns":
      return `dns ${event.servers.map(formatAddress).join()}`;
    case "mtu":
      return `mtu ${event.mtu}`;
    case "hop limit":
      return `hop limit ${event.hopLimit}`;
    case "conflict":
      return "conflict";
  }
}
const told = (link: TestLink) => link.events.splice(0).map(text);
const MINE = "2001:db8::ff:fe00:1";

test("an advertisement gives default route, on-link prefix, address, servers, MTU and hop limit", () => {
  const link = host();
  ra(link, { mtu: 1480, dns: ["2001:db8::53", 600], hopLimit: 32 });
  link.run(10);
  assert.deepEqual(told(link), [
    "hop limit 32",
    "route add ::/0 via fe80::9 1800",
    "mtu 1480",
    "route add 2001:db8::/64 86400",
    `address tentative ${MINE}/64`,
    "dns 2001:db8::53",
    `address preferred ${MINE}/64`,
  ]);
  assert.equal(link.adjacency.hopLimit(1), 32);
  assert.equal(link.adjacency.isLocalAddress(6, words(MINE), 0), true);
  assert.match(link.neighbours()[0]!, /fe80::9 .* router STALE/);
  ra(link, { mtu: 1480, dns: ["2001:db8::53", 600], hopLimit: 32 });
  assert.deepEqual(told(link), [], "the same again at once tells nothing");
  link.run(5000);
  ra(link, { mtu: 1480, dns: ["2001:db8::53", 600], hopLimit: 32 });
  assert.deepEqual(
    told(link),
    ["route add ::/0 via fe80::9 1800", "route add 2001:db8::/64 86400"],
    "renewed",
  );
});

test("everything goes when its lifetime is over", () => {
  const link = host();
  ra(link, { lifetime: 100, valid: 400, preferred: 200, dns: ["2001:db8::53", 300] });
  link.run(50);
  told(link);
  const start = link.now;
  const seen: string[] = [];
  for (let second = 50; second <= 450; second += 50) {
    link.run(start + second * 1000 - link.now);
    for (const line of told(link)) seen.push(`${second} ${line}`);
  }
  assert.deepEqual(seen, [
    "100 route remove ::/0 via fe80::9 0",
    `200 address deprecated ${MINE}/64`,
    "300 dns ",
    "400 route remove 2001:db8::/64 0",
    `400 address removed ${MINE}/64`,
  ]);
});

test("lifetime 0 takes the route and servers back at once; addresses keep two hours (RFC 4862 5.5.3 e)", () => {
  const link = host();
  ra(link, { dns: ["2001:db8::53", 600] });
  link.run(10);
  told(link);
  ra(link, { lifetime: 0, valid: 10, preferred: 0, dns: ["2001:db8::53", 0] });
  link.run(100);
  assert.deepEqual(told(link), [
    "route remove ::/0 via fe80::9 0",
    "route add 2001:db8::/64 10",
    "dns ",
    `address deprecated ${MINE}/64`,
  ]);
  link.run(20000);
  assert.deepEqual(told(link), ["route remove 2001:db8::/64 0"]);
  link.run(7150000);
  assert.deepEqual(told(link), []);
  link.run(60000);
  assert.deepEqual(told(link), [`address removed ${MINE}/64`]);
});

test("what must not be taken is not", () => {
  const cases: [Said, string[]][] = [
    [{ lifetime: 0, length: 48 }, ["route add 2001:db8::/48 86400"]],
    [{ lifetime: 0, prefix: "fe80::" }, []],
    [{ lifetime: 0, prefix: "ff02::" }, []],
    [{ lifetime: 0, preferred: 90000, flags: 0x40 }, []],
    [{ lifetime: 0, valid: 0, preferred: 0 }, []],
    [{ lifetime: 0, flags: 0, mtu: 1279 }, []],
    [{ lifetime: 0, flags: 0, mtu: 1501 }, []],
    [{ from: "2001:db8::9" }, []],
    [{ lifetime: 0, length: 129 }, []],
    [{ lifetime: 0, length: 255 }, []],
  ];
  for (const [said, expected] of cases) {
    const link = host();
    ra(link, said);
    link.run(5);
    assert.deepEqual(told(link), expected, JSON.stringify(said));
  }
});

test("a flood of prefixes, routers and servers is bounded", () => {
  const link = host();
  for (let i = 1; i < 100; i++) {
    const hex = i.toString(16);
    ra(link, { prefix: `2001:db8:${hex}::`, from: `fe80::${hex}`, dns: [`2001:db8::${hex}`, 600] });
  }
  const events = told(link);
  assert.equal(events.filter((e) => e.startsWith("route add ::/0")).length, 8);
  assert.equal(events.filter((e) => e.startsWith("route add 2001")).length, 16);
  assert.equal(events.filter((e) => e.startsWith("address tentative")).length, 16);
  assert.equal(events.filter((e) => e.startsWith("dns")).at(-1)!.split(",").length, 8);
});

test("routers are asked for after 4, 8, 16 s, give or take a tenth, until one answers", () => {
  const link = new TestLink(), start = link.now;
  link.up(plan([], { acceptAdvertisements: true }));
  link.run(70000);
  const said = link.take(start).filter((line) => line.includes(" rs "));
  assert.match(said[0]!, /rs from fe80::ff:fe00:1 to ff02::2 -> 33:33:00:00:00:02$/);
  const at = said.map((line) => Number(line.split(" ")[0]));
  assert.ok(at[0]! < 1000);
  const waits = at.slice(1).map((t, i) => (t - at[i]!) / 4000 / 2 ** i);
  assert.equal(waits.length, 4);
  for (const wait of waits) assert.ok(wait >= 0.89 && wait <= 1.11, `${wait}`);
  ra(link, {});
  link.run(1000000);
  assert.deepEqual(link.take().filter((line) => line.includes(" rs ")), []);
});

test("an interface that goes down lets everything learned go and asks again when it is back", () => {
  const link = host();
  ra(link, { mtu: 1480, hopLimit: 32, dns: ["2001:db8::53", 600] });
  link.run(10);
  told(link);
  link.adjacency.interfaceUp(1, false, link.now);
  assert.deepEqual(told(link), [
    "route remove ::/0 via fe80::9 0",
    "route remove 2001:db8::/64 0",
    "dns ",
    `address removed ${MINE}/64`,
    "mtu 1500",
    "hop limit 64",
    "address tentative fe80::ff:fe00:1/64",
  ]);
  link.take();
  link.adjacency.interfaceUp(1, true, link.now);
  link.run(1100);
  assert.equal(link.take().filter((line) => line.includes(" rs ")).length, 1);
});

test("interfaces that do not accept advertisements learn the neighbour only", () => {
  const link = new TestLink();
  link.up(plan([]));
  link.run(10);
  link.events.length = 0;
  ra(link, {});
  assert.deepEqual(told(link), []);
  assert.match(link.neighbours()[0]!, /router STALE/);
});

test("with a secret identifiers are opaque, and a duplicated address gets two more tries", () => {
  const link = host({ secret: new Uint8Array(16).fill(9), dadTransmits: 1, dadDelay: 100 });
  link.run(2000);
  told(link);
  ra(link, { lifetime: 0 });
  const tried = new Set<string>();
  for (let i = 0; i < 5; i++) {
    const mine = link.adjacency.addresses().find((a) =>
      a.origin === "autoconfigured" && a.state === "tentative"
    );
    if (mine === undefined) break;
    const ours = formatAddress({ family: 6, words: [...mine.words] as never });
    tried.add(ours);
    const body = new Uint8Array(20);
    words(ours).forEach((w, j) => setU32(body, 4 + 4 * j, w));
    link.icmpv6({ from: ours, to: "ff02::1" }, 136, body);
  }
  assert.equal(tried.size, 3);
  assert.equal(tried.has(MINE), false);
});

/** What a router sent, with the Ethernet header a wire would show. */
const wired = (packet: Uint8Array) => ethernet("02:00:00:00:00:02", "33:33:00:00:00:01", packet);

test("our router and our host understand each other", () => {
  const advertise: AdvertisePlan = {
    routerLifetime: 1800,
    interval: 600,
    prefixes: [{ ...address("2001:db8:a::"), length: 64, validLifetime: Infinity, preferredLifetime: 3600 }],
    dns: [address("2001:db8:a::1"), address("2001:db8:a::2")],
    mtu: 1400,
  };
  const router = new TestLink();
  router.up(plan(["2001:db8:a::1/64"], { mac: parseMac("02:00:00:00:00:02")!, advertise }));
  router.run(100);
  const link = host();
  for (const packet of router.sent) link.receive(wired(packet));
  assert.deepEqual(told(link).filter((e) => !e.startsWith("address")), [
    "route add ::/0 via fe80::ff:fe00:2 1800",
    "mtu 1400",
    "route add 2001:db8:a::/64 Infinity",
    "dns 2001:db8:a::1,2001:db8:a::2",
  ]);
  router.work((batch) => router.adjacency.shutdown(batch));
  link.receive(wired(router.sent.at(-1)!));
  assert.deepEqual(told(link).filter((e) => e.startsWith("route")), [
    "route remove ::/0 via fe80::ff:fe00:2 0",
  ]);
});

test("every truncation of an advertisement, checksum made right, is judged without a throw", () => {
  const router = new TestLink();
  router.up(plan(["2001:db8:a::1/64"], {
    mac: parseMac("02:00:00:00:00:02")!,
    advertise: {
      routerLifetime: 1800,
      interval: 600,
      prefixes: [{ ...address("2001:db8:a::"), length: 64, validLifetime: 9, preferredLifetime: 9 }],
      dns: [address("2001:db8:a::1")],
    },
  }));
  router.run(100);
  const whole = router.sent.find((packet) => packet[40] === 134)!;
  const link = host();
  let taken = 0;
  for (let length = 44; length < whole.length; length++) {
    const cut = whole.slice(0, length);
    setU16(cut, 4, length - 40);
    setU16(cut, 42, 0);
    setU16(cut, 42, finish(sum(cut, 40, length, pseudo(cut, 0, 6, 58, length - 40))));
    const before = link.adjacency.counters.ndMalformed;
    link.receive(wired(cut));
    if (link.adjacency.counters.ndMalformed === before && u16(cut, 4) >= 8) taken++;
  }
  // After the header, and after each whole option but the last.
  assert.equal(taken, 3);
});

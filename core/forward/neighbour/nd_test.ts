import { test } from "node:test";
import assert from "node:assert/strict";
import { ethernet, icmp } from "../../packet/build.ts";
import { parseMac } from "../../packet/address.ts";
import { setU32 } from "../../packet/bytes.ts";
import { VERDICT_DROP, VERDICT_STOLEN } from "../../packet/columns.ts";
import { putPacket } from "../../packet/test_batch.ts";
import { HOST_MAC, plan, ROUTER_MAC, TestLink, words } from "./test_link.ts";

const ROUTER_LL = "fe80::ff:fe00:1";
const HOST = "2001:db8::9", US = "2001:db8::1", OUR_GROUP = "ff02::1:ff00:1";

function quiet(): TestLink {
  const link = new TestLink();
  link.up(plan([`${US}/64`]));
  link.run(30000);
  link.take();
  link.events.length = 0;
  return link;
}

/** Neighbour message behind the checksum: flags, target, link-layer address option unless empty. */
function body(flags: number, target: string, option = 1, mac = HOST_MAC): Uint8Array {
  const b = new Uint8Array(20 + (mac === "" ? 0 : 8));
  setU32(b, 0, flags);
  words(target).forEach((word, i) => setU32(b, 4 + 4 * i, word));
  if (mac !== "") {
    b[20] = option;
    b[21] = 1;
    b.set(parseMac(mac)!, 22);
  }
  return b;
}
const ns = (target: string, mac = HOST_MAC) => body(0, target, 1, mac);
/** A router solicitation teaches the sender's address and is not answered here. */
function makeStale(link: TestLink): void {
  const b = new Uint8Array(12);
  b.set([1, 1, ...parseMac(HOST_MAC)!], 4);
  link.icmpv6({ from: HOST, to: "ff02::2" }, 133, b);
}
const na = (flags: number, mac = HOST_MAC, target = HOST) => body(flags * 0x10000000, target, 2, mac);
const R = 8, S = 4, O = 2;

test("a solicitation is answered; the answer takes its sender from STALE to DELAY", () => {
  const link = quiet(), start = link.now;
  assert.equal(link.icmpv6({ from: HOST, to: OUR_GROUP }, 135, ns(US)), VERDICT_STOLEN);
  assert.deepEqual(link.take(start), [`0 na ${US} RSO from ${US} to ${HOST} -> ${HOST_MAC}`]);
  assert.deepEqual(link.neighbours(), [`${HOST} dev lan lladdr ${HOST_MAC} DELAY`]);
});

test("a probe from :: for our address is answered to all nodes", () => {
  const link = quiet(), start = link.now;
  link.icmpv6({ from: "::", to: OUR_GROUP }, 135, ns(US, ""));
  assert.deepEqual(link.take(start), [`0 na ${US} RO from ${US} to ff02::1 -> 33:33:00:00:00:01`]);
});

test("a unicast solicitation without an option makes us ask back before answering", () => {
  const link = quiet(), start = link.now;
  link.icmpv6({ from: HOST, to: US }, 135, ns(US, ""));
  assert.deepEqual(link.take(start), [`0 ns ${HOST} from ${US} to ff02::1:ff00:9 -> 33:33:ff:00:00:09`]);
  link.run(10);
  link.icmpv6({ from: HOST, to: US }, 136, na(S | O));
  assert.deepEqual(link.take(start), [`10 packet ${HOST} -> ${HOST_MAC}`]);
});

test("a message that came in fragments is not believed (RFC 6980)", () => {
  const link = quiet();
  link.work((batch) => {
    const row = putPacket(batch, icmp({ from: HOST, to: US, ttl: 255 }, 135, 0, 0, ns(US).slice(4)));
    batch.fragmentSize[row] = 56;
    assert.equal(link.adjacency.inputIcmpv6(batch, row), true);
    assert.equal(batch.verdict[row], VERDICT_DROP);
  });
  assert.equal(link.adjacency.counters.ndMalformed, 1);
  assert.deepEqual(link.take(), []);
});

test("hop limit 254 is dropped and counted, for every type", () => {
  const link = quiet();
  for (let type = 133; type <= 137; type++) {
    assert.equal(link.icmpv6({ from: "fe80::9", to: US, ttl: 254 }, type, ns(US)), VERDICT_DROP);
  }
  assert.equal(link.adjacency.counters.ndHopLimit, 5);
  assert.deepEqual(link.take(), []);
  assert.deepEqual(link.neighbours(), []);
});

test("malformed messages are dropped whole", () => {
  const link = quiet();
  const bent = (at: number, value: number) => {
    const b = ns(US);
    b[at] = value;
    return b;
  };
  const bad: [string, string, number, Uint8Array, number][] = [
    [HOST, OUR_GROUP, 135, ns(US), 1],
    [HOST, OUR_GROUP, 135, bent(21, 0), 0],
    [HOST, OUR_GROUP, 135, bent(21, 2), 0],
    [HOST, OUR_GROUP, 135, bent(22, 1), 0],
    [HOST, OUR_GROUP, 135, ns("ff02::1"), 0],
    ["::", OUR_GROUP, 135, ns(US), 0],
    ["::", US, 135, ns(US, ""), 0],
    [HOST, "ff02::1", 136, na(S), 0],
    [HOST, US, 134, new Uint8Array(12), 0],
    ["fe80::9", US, 134, new Uint8Array(8), 0],
    ["::", "ff02::2", 133, Uint8Array.of(0, 0, 0, 0, 1, 1, 2, 0, 0, 0, 0, 9), 0],
  ];
  for (const [i, [from, to, type, b, code]] of bad.entries()) {
    assert.equal(link.icmpv6({ from, to }, type, b, code), VERDICT_DROP, `case ${i}`);
    assert.equal(link.adjacency.counters.ndMalformed, i + 1, `case ${i}`);
  }
  const packet = icmp({ from: HOST, to: OUR_GROUP, ttl: 255 }, 135, 0, 0, ns(US).slice(4));
  packet[43]! ^= 1;
  assert.equal(link.receive(ethernet(HOST_MAC, ROUTER_MAC, packet)), VERDICT_DROP);
  assert.equal(link.adjacency.counters.ndChecksum, 1);
  assert.deepEqual(link.take(), []);
});

test("advertisements move the cache as RFC 4861 7.2.5 says; each row was seen on Linux 6.18", () => {
  const other = "02:00:00:00:00:bb";
  const cases: [string, number, string, string][] = [
    // before; flags and link-layer address of the advertisement; state and address after.
    ["REACHABLE", S, "", `${HOST_MAC} REACHABLE`],
    ["REACHABLE", S | O, HOST_MAC, `${HOST_MAC} REACHABLE`],
    ["REACHABLE", 0, HOST_MAC, `${HOST_MAC} REACHABLE`],
    ["REACHABLE", 0, other, `${HOST_MAC} STALE`],
    ["REACHABLE", S, other, `${HOST_MAC} STALE`],
    ["REACHABLE", O, other, `${other} STALE`],
    ["REACHABLE", S | O, other, `${other} REACHABLE`],
    ["REACHABLE", S | R, "", `${HOST_MAC} router REACHABLE`],
    ["STALE", 0, other, `${HOST_MAC} STALE`],
    ["STALE", S, other, `${HOST_MAC} STALE`],
    ["STALE", S, HOST_MAC, `${HOST_MAC} REACHABLE`],
    ["STALE", O, other, `${other} STALE`],
    ["INCOMPLETE", S, "", "INCOMPLETE"],
    // STALE for a moment: the packet that waited makes it DELAY.
    ["INCOMPLETE", 0, HOST_MAC, `${HOST_MAC} DELAY`],
    ["INCOMPLETE", S | R, HOST_MAC, `${HOST_MAC} router REACHABLE`],
  ];
  for (const [before, flags, mac, after] of cases) {
    const link = quiet();
    if (before === "STALE") makeStale(link);
    else link.send(US, HOST);
    if (before === "REACHABLE") link.icmpv6({ from: HOST, to: US }, 136, na(S | O));
    const text = `${before} ${flags} ${mac}`;
    assert.match(link.neighbours()[0]!, new RegExp(`${before}$`), text);
    link.icmpv6({ from: HOST, to: US }, 136, na(flags, mac));
    const lladdr = after.includes(" ") ? `lladdr ${after}` : after;
    assert.equal(link.neighbours()[0], `${HOST} dev lan ${lladdr}`, text);
  }
});

test("an advertisement nobody asked for creates nothing", () => {
  const link = quiet();
  link.icmpv6({ from: HOST, to: "ff02::1" }, 136, na(O));
  assert.deepEqual(link.neighbours(), []);
});

test("solicitations use the waiting packet's source when it is ours, else the link-local address", () => {
  const link = quiet(), start = link.now;
  link.send(US, "2001:db8::77");
  link.run(2);
  link.send("2001:db8:1::5", "2001:db8::78");
  link.run(2);
  assert.deepEqual(link.take(start).slice(0, 2), [
    `0 ns 2001:db8::77 from ${US} to ff02::1:ff00:77 -> 33:33:ff:00:00:77`,
    `2 ns 2001:db8::78 from ${ROUTER_LL} to ff02::1:ff00:78 -> 33:33:ff:00:00:78`,
  ]);
});

test("unanswered: three multicast solicitations; probing: three to the cached address", () => {
  const link = quiet();
  let start = link.now;
  link.send(US, HOST);
  link.run(4000);
  assert.deepEqual(
    link.take(start),
    [0, 1000, 2000].map((at) => `${at} ns ${HOST} from ${US} to ff02::1:ff00:9 -> 33:33:ff:00:00:09`),
  );
  assert.deepEqual(link.unreachable, [`${start + 3000} ${HOST}`]);
  makeStale(link);
  link.run(10000);
  link.take();
  start = link.now;
  link.send("2001:db8:1::5", HOST);
  link.run(9000);
  assert.deepEqual(
    link.take(start).slice(1),
    [5000, 6000, 7000].map((at) => `${at} ns ${HOST} from ${ROUTER_LL} to ${HOST} -> ${HOST_MAC}`),
  );
  assert.deepEqual(link.neighbours(), [`${HOST} dev lan FAILED`]);
});

test("redirects change nothing", () => {
  const link = quiet();
  assert.equal(link.icmpv6({ from: "fe80::9", to: US }, 137, new Uint8Array(36)), VERDICT_STOLEN);
  assert.equal(link.adjacency.counters.ndIgnored, 1);
  assert.deepEqual(link.neighbours(), []);
});

test("someone advertising our address is reported", () => {
  const link = quiet();
  link.icmpv6({ from: US, to: "ff02::1" }, 136, na(O, HOST_MAC, US));
  assert.deepEqual(link.events.map((e) => e.kind), ["conflict"]);
});

test("a full batch loses answers, counts them and goes on", () => {
  const link = quiet();
  link.work((batch) => {
    const packet = icmp({ from: HOST, to: OUR_GROUP, ttl: 255 }, 135, 0, 0, ns(US).slice(4));
    const row = batch.make(packet.length);
    batch.bytes(row).set(packet, batch.start[row]!);
    batch.network[row] = batch.start[row]!;
    batch.family[row] = 6;
    batch.inInterface[row] = 1;
    batch.transport[row] = batch.start[row]! + 40;
    for (let i = 0; i < 4; i++) {
      batch.source[row * 4 + i] = words(HOST)[i]!;
      batch.destination[row * 4 + i] = words(OUR_GROUP)[i]!;
    }
    batch.entry[row] = 255;
    while (batch.append() >= 0) batch.verdict[batch.count - 1] = VERDICT_DROP;
    assert.equal(link.adjacency.inputIcmpv6(batch, row), true);
  });
  assert.equal(link.adjacency.counters.noRoom, 1);
});

import assert from "node:assert/strict";
import { test } from "node:test";
import { ethernet, icmp, type IpOptions, udp } from "./packet/build.ts";
import { u16, u32 } from "./packet/bytes.ts";
import type { Router } from "./router.ts";
import { MAC, network, taken, type TestNetworkOptions } from "./test_network.ts";
import { parsePolicy } from "./xfrm/policy_words.ts";
import { parseState } from "./xfrm/state_words.ts";
import { Peer } from "./xfrm/test_peers.ts";

const HERE = "198.51.100.2", THERE = "203.0.113.9";
const KEY = "aead rfc4106(gcm(aes)) 0x000102030405060708090a0b0c0d0e0f10111213 128";
const OUT = `src ${HERE} dst ${THERE} proto esp spi 0x1001 reqid 7 mode tunnel ${KEY}`;
const IN = `src ${THERE} dst ${HERE} proto esp spi 0x2002 reqid 7 mode tunnel replay-window 64 ${KEY}`;
const OVER = (from: string, to: string) => `tmpl src ${from} dst ${to} proto esp reqid 7 mode tunnel`;
const POLICIES = [
  `src 192.0.2.0/24 dst 10.2.0.0/16 dir out ${OVER(HERE, THERE)}`,
  `src 10.2.0.0/16 dst 192.0.2.0/24 dir fwd ${OVER(THERE, HERE)}`,
  `src 10.2.0.0/16 dst 192.0.2.0/24 dir in ${OVER(THERE, HERE)}`,
];

/** A router whose LAN reaches 10.2/16 by a tunnel, and the tunnel's other end. */
function tunnel(rules = "", more: Partial<TestNetworkOptions> = {}, encapsulation = "") {
  const states = [`${OUT} ${encapsulation}`, `${IN} ${encapsulation}`];
  const net = network(rules, { states, policies: POLICIES, ...more }), peer = new Peer();
  const { lan, wan, run, meet } = net;
  meet();
  const inbound = peer.add(states[0]!), outbound = peer.add(states[1]!);
  const packets = (port: typeof lan): Uint8Array[] =>
    taken(port).filter((f) => u16(f, 12) === 0x0800).map((f) => f.slice(14, 14 + u16(f, 16)));
  return {
    ...net,
    peer,
    outbound,
    inbound,
    packets,
    fromLan: (packet: Uint8Array): void => {
      lan.put(ethernet(MAC.host, MAC.lan, packet));
      run();
    },
    fromWan: (packet: Uint8Array): void => {
      wan.put(ethernet(MAC.gateway, MAC.wan, packet));
      run();
    },
    /** Packets that came out of the wire to the tunnel's other end, decrypted there. */
    arrived: (): Uint8Array[] => {
      for (const packet of packets(wan)) peer.receive(packet);
      return peer.out();
    },
    /** What the other end sends, as it stands on the wire. */
    encrypted: (packet: Uint8Array): Uint8Array => {
      peer.send(packet, outbound);
      return peer.out()[0]!;
    },
  };
}

const away: IpOptions = { from: "192.0.2.9", to: "10.2.0.5" },
  back: IpOptions = { from: "10.2.0.5", to: "192.0.2.9" };
const errors = ({ ipsec }: Router): string[] =>
  ipsec.statistics.format().trim().split("\n").map((line) => line.replace(/\s+/, " ")).filter((line) =>
    !line.endsWith(" 0")
  );
const count = (net: { router: Router }, reason: number): number => net.router.drops.cells[reason]!;
const IPSEC = 26;

test("a packet leaves as ESP and its answer comes out of it; rules see both", () => {
  const t = tunnel(`table inet f {
    chain p { type filter hook prerouting priority 0; meta ipsec exists meta mark set 5; ip protocol esp meta mark set 6; }
    chain f { type filter hook forward priority 0; policy drop;
      ipsec out reqid 7 ipsec out spi 0x1001 ipsec out ip daddr ${THERE} rt ipsec exists accept;
      meta ipsec exists meta mark 5 ipsec in spi 0x2002 ipsec in ip saddr ${THERE} accept; }
    chain i { type filter hook input priority 0; policy drop; ip protocol esp meta ipsec missing accept; }
    chain o { type filter hook output priority 0; policy drop; ip protocol esp rt ipsec missing accept; }
  }`);
  t.fromLan(udp(away, 1000, 53, new Uint8Array([1, 2, 3])));
  const [inner, ...rest] = t.arrived();
  assert.deepEqual(rest, []);
  assert.ok(inner, "the other end decrypts it");
  assert.equal(inner[8], 63, "forwarded once");
  assert.deepEqual([u32(inner, 12), u32(inner, 16), inner.length], [0xc0000209, 0x0a020005, 31]);
  t.fromWan(t.encrypted(udp(back, 53, 1000, new Uint8Array([4]))));
  const [answer] = t.packets(t.lan);
  assert.ok(answer, "the answer reaches the host");
  assert.deepEqual([answer[8], answer[28]], [63, 4]);
  assert.equal(t.router.conntrack.count, 2, "a flow inside, one of ESP outside");
  assert.deepEqual(errors(t.router), []);
});

test("only the router's own key exchange goes without: nobody else's leaks, or is let in", () => {
  const t = tunnel();
  for (const port of [500, 4500]) t.fromLan(udp(away, port, port, new Uint8Array(8)));
  assert.equal(t.arrived().length, 2, "a host's IKE goes through the tunnel");
  for (const port of [500, 4500]) t.fromWan(udp(back, port, port, new Uint8Array(8)));
  assert.deepEqual(t.packets(t.lan), []);
  assert.deepEqual(errors(t.router), ["XfrmInTmplMismatch 2"]);
});

test("what policies demand: nothing in the clear, nothing that no policy asked for", () => {
  const t = tunnel();
  t.fromWan(udp(back, 53, 1000));
  assert.deepEqual(errors(t.router), ["XfrmInTmplMismatch 1"]);
  t.fromWan(t.encrypted(udp({ from: "10.9.0.1", to: "192.0.2.9" }, 53, 1000)));
  assert.deepEqual(errors(t.router), ["XfrmInTmplMismatch 1", "XfrmInNoPols 1"]);
  const repeated = t.encrypted(udp(back, 53, 1000));
  t.fromWan(repeated);
  t.fromWan(repeated);
  const forged = t.encrypted(udp(back, 53, 1000));
  forged[forged.length - 1]! ^= 1;
  t.fromWan(forged);
  assert.equal(t.packets(t.lan).length, 1);
  assert.deepEqual(errors(t.router).slice(0, 2), ["XfrmInStateProtoError 1", "XfrmInStateSeqError 1"]);
  assert.equal(count(t, IPSEC), 4, "two by policies, the replay, the forged one");
  t.router.ipsec.policies.update(parsePolicy("src 192.0.2.0/24 dst 10.2.0.0/16 dir out action block"));
  t.fromLan(udp(away, 1000, 53));
  assert.deepEqual(t.packets(t.wan), []);
});

test("NAT before policies: what is translated is asked for as it leaves", () => {
  const masqueraded = tunnel(
    `table ip nat { chain p { type nat hook postrouting priority 100; oifname "wan" masquerade; }; }`,
  );
  masqueraded.fromLan(udp(away, 1000, 53));
  const [clear] = masqueraded.packets(masqueraded.wan);
  assert.deepEqual([clear?.[9], clear && u32(clear, 12)], [17, 0xc6336402], "its new source has no policy");
  const into = tunnel(
    `table ip nat { chain p { type nat hook postrouting priority 100; ip daddr 10.3.0.0/16 snat to 10.1.0.1; }; }`,
    {
      policies: [
        ...POLICIES,
        `src 10.1.0.1/32 dst 10.3.0.0/16 dir out ${OVER(HERE, THERE)}`,
        `src 10.3.0.0/16 dst 10.1.0.1/32 dir fwd ${OVER(THERE, HERE)}`,
      ],
    },
  );
  into.fromLan(udp({ from: "192.0.2.9", to: "10.3.0.1" }, 1000, 53));
  const [inner] = into.arrived();
  assert.equal(inner && u32(inner, 12), 0x0a010001);
  into.fromWan(into.encrypted(udp({ from: "10.3.0.1", to: "10.1.0.1" }, 53, 1000)));
  const [answer] = into.packets(into.lan);
  assert.equal(answer && u32(answer, 16), 0xc0000209, "translated back behind ESP");
});

test("a packet too long for the tunnel: its sender hears the right number", () => {
  const t = tunnel();
  const big = (size: number, flags: number) => udp({ ...away, flags }, 1, 2, new Uint8Array(size - 28));
  t.fromLan(big(1446, 0x4000));
  assert.deepEqual(t.packets(t.wan).map((p) => [p.length, u16(p, 6)]), [[1500, 0x4000]]);
  t.fromLan(big(1447, 0x4000));
  const [error] = t.packets(t.lan);
  assert.deepEqual([error?.[20], error?.[21], error && u16(error, 26)], [3, 4, 1446]);
  t.fromLan(big(1447, 0));
  assert.equal(t.packets(t.wan).length, 2, "ESP in fragments");
  // A router on the way has less: 1400, about our ESP
  t.fromLan(big(1446, 0x4000));
  const [esp] = t.packets(t.wan);
  const quoted = icmp({ from: "203.0.113.1", to: HERE }, 3, 4, 1400, esp!.slice(0, 28));
  t.fromWan(quoted);
  t.fromLan(big(1446, 0x4000));
  const [told] = t.packets(t.lan);
  assert.equal(told && u16(told, 26), 1346);
});

test("encapsulated in UDP: ESP is taken, IKE goes to the host, keepalives end", () => {
  const t = tunnel("", { local: true }, "encap espinudp 4500 4500 0.0.0.0");
  t.fromLan(udp(away, 1000, 53));
  assert.equal(t.arrived().length, 1);
  t.fromWan(t.encrypted(udp(back, 53, 1000)));
  assert.equal(t.packets(t.lan).length, 1);
  const outside: IpOptions = { from: THERE, to: HERE };
  t.fromWan(udp(outside, 4500, 4500, new Uint8Array(12)));
  t.fromWan(udp(outside, 4500, 4500, new Uint8Array([255])));
  t.fromWan(udp(outside, 500, 500, new Uint8Array(12)));
  assert.equal(taken(t.host).length, 2, "port 500, and the marker of four zero bytes");
  assert.deepEqual(errors(t.router), []);
});

test("the host's own packets and the router's own answers go through the tunnel", () => {
  const policies = [
    `src ${HERE}/32 dst 10.2.0.0/16 dir out ${OVER(HERE, THERE)}`,
    `src 10.2.0.0/16 dst ${HERE}/32 dir in ${OVER(THERE, HERE)}`,
  ];
  const t = tunnel("", { local: true, policies });
  t.host.put(udp({ from: HERE, to: "10.2.0.5" }, 7, 9));
  t.run();
  assert.equal(t.arrived().length, 1);
  t.fromWan(t.encrypted(icmp({ from: "10.2.0.5", to: HERE }, 8, 0, 0x00010001)));
  const [reply] = t.arrived();
  assert.equal(reply?.[20], 0, "echo reply");
});

test("fragments inside the tunnel are put together before rules, and not with others", () => {
  const t = tunnel();
  const whole = udp({ ...back, id: 77 }, 53, 1000, new Uint8Array(1200).fill(9));
  const piece = (from: number, to: number, flags: number): Uint8Array => {
    const p = new Uint8Array([...whole.subarray(0, 20), ...whole.subarray(20 + from, 20 + to)]);
    p[2] = p.length >> 8;
    p[3] = p.length & 255;
    p[6] = flags >> 8;
    p[7] = flags & 255;
    p[10] = p[11] = 0;
    let sum = 0;
    for (let i = 0; i < 20; i += 2) sum += p[i]! << 8 | p[i + 1]!;
    while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16);
    p[10] = ~sum >> 8 & 255;
    p[11] = ~sum & 255;
    return p;
  };
  t.fromWan(t.encrypted(piece(0, 608, 0x2000)));
  t.fromWan(piece(608, 1208, 76));
  assert.deepEqual(t.packets(t.lan), [], "a fragment in the clear does not complete one out of ESP");
  t.fromWan(t.encrypted(piece(608, 1208, 76)));
  assert.equal(t.packets(t.lan).reduce((bytes, p) => bytes + p.length - 20, 0), 1208);
});

test("a reload keeps a state's numbers, changes what changed, and keeps what a command added", () => {
  const t = tunnel(), { router } = t;
  t.fromLan(udp(away, 1000, 53));
  t.arrived();
  const added = router.ipsec.states.add(parseState(OUT.replace("0x1001", "0x1111")), 0);
  const [first] = router.ipsec.states.all();
  router.apply({
    ...t.plan,
    xfrm: { states: [OUT, IN].map(parseState), policies: POLICIES.map(parsePolicy) },
  });
  t.run();
  assert.equal(router.ipsec.states.all()[0], first);
  assert.equal(first!.sequence[0], 1);
  const { xfrm: _xfrm, ...without } = t.plan;
  router.apply(without);
  t.run();
  assert.deepEqual(router.ipsec.states.all(), [added]);
  assert.deepEqual(router.ipsec.policies.all(), []);
});

test("crypto that answers later, out of order: everything arrives, in order", () => {
  const t = tunnel();
  t.engine.perPoll = 3;
  t.engine.shuffle = {
    u32: (() => {
      let x = 1;
      return () => (x = Math.imul(x, 1664525) + 1013904223 >>> 0);
    })(),
  };
  for (let i = 0; i < 50; i++) {
    t.lan.put(ethernet(MAC.host, MAC.lan, udp(away, 1000, 53, new Uint8Array([i]))));
  }
  t.run(100);
  assert.deepEqual(t.arrived().map((p) => p[28]), Array.from({ length: 50 }, (_, i) => i));
  assert.equal(t.router.batch.pool.available, 2048 + 64, "every slab is back");
});

import { VirtualClock } from "../../core/clock.ts";
import { parsePrefix } from "../../core/packet/address.ts";
import { arp, ethernet, icmp, ip, tcp, udp } from "../../core/packet/build.ts";
import { type RouterPlan, TABLE_MAIN } from "../../core/plan.ts";
import { MemoryPort } from "../../core/port_memory.ts";
import { SeededRandom } from "../../core/random.ts";
import { Router } from "../../core/router.ts";
import { parsePolicy } from "../../core/xfrm/policy_words.ts";
import { PACKETS } from "../../core/xfrm/state.ts";
import { parseState } from "../../core/xfrm/state_words.ts";
import { OpenEngine } from "./open_engine.ts";
import type { Target } from "./target.ts";

const HOST = "02:00:00:00:01:aa", OWN = "02:00:00:00:01:01", WAN = "02:00:00:00:02:01";
const four = { from: "192.168.1.9", to: "198.51.100.1" },
  six = { from: "2001:db8:1::9", to: "2001:db8:f::1" };

/**
 * The whole router under mutated frames: nothing may throw, every slab of the pool comes back, a batch ends.
 * A fresh router now and then, so that tables are met empty and full.
 */
export function frames(program: RouterPlan["program"], cells: Float64Array): Target {
  return target("frames", () => make(program, cells, []), seeds());
}

/** The same with IPsec whose crypto a fuzzer can see through, and no rules. */
export function espFrames(program: RouterPlan["program"]): Target {
  return target("esp", () => make(program, new Float64Array(0), STATES), [...seeds(), ...espSeeds()]);
}

function target(name: string, fresh: () => ReturnType<typeof make>, seeds: readonly Uint8Array[]): Target {
  let router = fresh(), runs = 0;
  return {
    name,
    seeds,
    run(bytes) {
      if (++runs % 20000 === 0) router = fresh();
      const { near, clock, all } = router;
      near[entry(bytes)]!.put(bytes);
      router.router.turn();
      if (runs % 64 === 0) {
        clock.advance(50);
        router.router.turn();
        for (const port of near) while (port.take() !== undefined);
      }
      if (router.router.batch.count !== 0) throw new Error("rows left in the batch");
      if (runs % 10000 === 0) {
        clock.advance(200000);
        for (let i = 0; i < 50; i++, clock.advance(1000)) router.router.turn();
        const { available } = router.router.batch.pool;
        if (available !== all) throw new Error(`${all - available} slabs of the pool are lost`);
        const states = router.router.ipsec.states.all();
        if (runs % 20000 !== 0 && states.length > 0 && states.every(({ lives }) => lives[PACKETS] === 0)) {
          throw new Error("no packet went through ESP");
        }
      }
    },
  };
}

/** The port a frame comes in by: mostly that of the address it is for. */
function entry(bytes: Uint8Array): number {
  if (bytes.length % 8 === 0) return bytes.length / 8 % 3;
  return bytes[4] === 2 ? 2 : bytes.length & 1;
}

function make(program: RouterPlan["program"], cells: Float64Array, states: readonly string[]) {
  const clock = new VirtualClock(1000);
  const router = new Router({
    clock,
    random: new SeededRandom(3),
    flows: 512,
    secret: new Uint8Array(16),
    cells,
    crypto: () => ({ engine: new OpenEngine(), random: new SeededRandom(4) }),
  });
  const near = [0, 1, 2].map((number) => {
    const port = new MemoryPort({ name: `p${number}`, offload: number !== 2 });
    const far = new MemoryPort({ name: `f${number}` });
    MemoryPort.join(port, far);
    router.setPort(number, port);
    return far;
  });
  const mac = (text: string) => Uint8Array.from(text.split(":"), (part) => parseInt(part, 16));
  const prefixes = (...texts: string[]) => texts.map((text) => parsePrefix(text)!);
  router.apply({
    generation: 1,
    hostname: "fuzz",
    interfaces: [
      {
        name: "wan",
        index: 1,
        mac: mac(WAN),
        mtu: 1500,
        ports: [2],
        addresses: prefixes("198.51.100.2/24", "2001:db8:f::2/64"),
        acceptAdvertisements: true,
      },
      {
        name: "lan",
        index: 2,
        mac: mac(OWN),
        mtu: 1500,
        ports: [0, 1],
        bridge: { ageing: 300, stp: "pass" },
        addresses: prefixes("192.168.1.1/24", "2001:db8:1::1/64"),
        acceptAdvertisements: false,
        advertise: {
          routerLifetime: 1800,
          interval: 600,
          prefixes: [{ ...parsePrefix("2001:db8:1::/64")!, validLifetime: 86400, preferredLifetime: 14400 }],
          dns: [],
        },
      },
    ],
    routes: prefixes("10.2.0.0/16", "2001:db8:aa::/48").map((destination) => (
      { type: "unicast", interface: 1, metric: 0, table: TABLE_MAIN, destination }
    )),
    policyRules: [],
    conntrack: { flows: 512 },
    program,
    xfrm: { states: states.map(parseState), policies: states.length === 0 ? [] : POLICIES.map(parsePolicy) },
  });
  return { router, near, clock, all: router.batch.pool.available };
}

const KEY = `aead rfc4106(gcm(aes)) 0x${"00".repeat(20)} 128`;
const ENDS = "src 198.51.100.7 dst 198.51.100.2 proto esp",
  BACK = "src 198.51.100.2 dst 198.51.100.7 proto esp";
const STATES = [
  `${ENDS} spi 0x1001 reqid 1 mode tunnel flag af-unspec ${KEY}`,
  `${ENDS} spi 0x1002 reqid 2 mode transport replay-window 64 ${KEY}`,
  `${ENDS} spi 0x1003 reqid 3 mode tunnel flag af-unspec decap-dscp encap espinudp 4500 4500 0.0.0.0 ${KEY}`,
  `${BACK} spi 0x2001 reqid 1 mode tunnel flag af-unspec ${KEY}`,
  `${BACK} spi 0x2002 reqid 2 mode transport ${KEY}`,
];
const TUNNEL = "tmpl src 198.51.100.2 dst 198.51.100.7 proto esp reqid 1 mode tunnel";
const POLICIES = [
  `src 192.168.1.0/24 dst 10.2.0.0/16 dir out ${TUNNEL}`,
  `src 2001:db8:1::/64 dst 2001:db8:aa::/48 dir out ${TUNNEL} tmpl proto esp reqid 2 mode transport`,
  `src 10.2.0.0/16 dst 192.168.1.0/24 dir fwd tmpl proto esp reqid 1 mode tunnel src 198.51.100.7 dst 198.51.100.2`,
  `src 198.51.100.0/24 dst 198.51.100.0/24 proto tcp dir out tmpl proto esp reqid 2 mode transport`,
];

/** ESP that a fuzzer can open: what OpenEngine takes for the text lies there as it is. */
function espSeeds(): Uint8Array[] {
  const inner = udp({ from: "10.2.0.5", to: "192.168.1.9" }, 53, 1000, new Uint8Array(40));
  const body = (spi: number, text: Uint8Array, next: number): Uint8Array => {
    const padding = 3 - (text.length + 1) % 4;
    const head = [0, 0, spi >> 8, spi & 255, 0, 0, 0, 9, 0, 0, 0, 0, 0, 0, 0, 9];
    const pad = Array.from({ length: padding }, (_, i) => i + 1);
    return Uint8Array.from([...head, ...text, ...pad, padding, next, ...new Uint8Array(16)]);
  };
  const outside = { from: "198.51.100.7", to: "198.51.100.2" };
  const wan = (packet: Uint8Array): Uint8Array => ethernet(HOST, WAN, packet);
  const away = { from: "192.168.1.9", to: "10.2.0.5" };
  return [
    wan(ip(outside, 50, body(0x1001, inner, 4))),
    wan(ip(outside, 50, body(0x1001, ip({ ...six, to: "2001:db8:1::9" }, 59, new Uint8Array(0)), 41))),
    wan(ip(outside, 50, body(0x1002, tcp(outside, 80, 1000, { flags: 2 }).slice(20), 6))),
    wan(udp(outside, 4500, 4500, body(0x1003, inner, 4))),
    wan(udp(outside, 4500, 4500, new Uint8Array([255]))),
    wan(
      icmp(
        outside,
        3,
        4,
        1200,
        ip({ from: outside.to, to: outside.from }, 50, body(0x2001, inner, 4)).slice(0, 28),
      ),
    ),
    ethernet(HOST, OWN, udp(away, 1000, 53, new Uint8Array(700))),
    ethernet(HOST, OWN, udp({ ...away, flags: 0x4000 }, 1000, 53, new Uint8Array(1440))),
    ethernet(HOST, OWN, udp({ ...six, to: "2001:db8:aa::1" }, 1000, 53, new Uint8Array(900))),
  ];
}

/** One well-formed frame of every kind the router reads. */
function seeds(): Uint8Array[] {
  const payload = new Uint8Array(64).map((_, i) => i);
  const solicit = new Uint8Array(24);
  solicit.set([0x20, 1, 0x0d, 0xb8, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 2, 0, 0, 0, 1, 0xaa]);
  const frame = (packet: Uint8Array, to = OWN) => ethernet(HOST, to, packet);
  const advert = new Uint8Array([
    0,
    0,
    0,
    0,
    0,
    0,
    0,
    0,
    3,
    4,
    64,
    0xc0,
    0,
    1,
    81,
    128,
    0,
    0,
    56,
    64,
    0,
    0,
    0,
    0,
  ]);
  const fragment = (offset: number, more: boolean) =>
    frame(ip({ ...four, id: 7, flags: (more ? 0x2000 : 0) | (offset >> 3) }, 17, payload));
  const extension = new Uint8Array([17, 0, 1, 4, 0, 0, 0, 0, ...payload]);
  const quoted = icmp(
    { from: "198.51.100.7", to: "198.51.100.2" },
    3,
    1,
    0,
    udp(four, 1000, 53, payload).subarray(0, 48),
  );
  return [
    arp(HOST, "192.168.1.9", "192.168.1.1"),
    arp(HOST, "192.168.1.9", "192.168.1.1", 2, OWN),
    frame(udp(four, 1000, 53, payload)),
    frame(udp(six, 1000, 53, payload)),
    frame(tcp(four, 1000, 80, { flags: 2, options: Uint8Array.of(2, 4, 5, 180, 1, 3, 3, 7, 4, 2) })),
    frame(tcp(six, 1000, 80, { flags: 16, payload })),
    frame(icmp(four, 8, 0, 0x10001, payload)),
    frame(icmp(six, 128, 0, 0x10001, payload)),
    frame(icmp({ from: "fe80::1", to: "2001:db8:1::1", ttl: 255 }, 135, 0, 0, solicit), "33:33:ff:00:00:01"),
    frame(icmp({ from: "fe80::1", to: "2001:db8:1::1", ttl: 255 }, 136, 0, 0x60000000, solicit)),
    frame(
      icmp({ from: "fe80::7", to: "ff02::1", ttl: 255 }, 134, 0, 0x40000708, advert),
      "33:33:00:00:00:01",
    ),
    frame(icmp({ from: "fe80::7", to: "ff02::2", ttl: 255 }, 133, 0), "33:33:00:00:00:02"),
    frame(
      icmp({ from: "fe80::7", to: "ff02::1", ttl: 1 }, 130, 0, 0, new Uint8Array(20)),
      "33:33:00:00:00:01",
    ),
    fragment(0, true),
    fragment(64, true),
    fragment(128, false),
    frame(ip(six, 44, Uint8Array.of(17, 0, 0, 1, 0, 0, 0, 9, ...payload))),
    frame(ip(six, 0, extension)),
    frame(quoted, WAN),
    ethernet(HOST, "01:80:c2:00:00:00", payload, 0x0027),
    ethernet(HOST, "ff:ff:ff:ff:ff:ff", Uint8Array.of(0, 5, 8, 0, ...udp(four, 1, 2)), 0x8100),
  ];
}

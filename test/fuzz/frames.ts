import { VirtualClock } from "../../core/clock.ts";
import { parsePrefix } from "../../core/packet/address.ts";
import { arp, ethernet, icmp, ip, tcp, udp } from "../../core/packet/build.ts";
import type { RouterPlan } from "../../core/plan.ts";
import { MemoryPort } from "../../core/port_memory.ts";
import { SeededRandom } from "../../core/random.ts";
import { Router } from "../../core/router.ts";
import type { Target } from "./target.ts";

const HOST = "02:00:00:00:01:aa", OWN = "02:00:00:00:01:01", WAN = "02:00:00:00:02:01";
const four = { from: "192.168.1.9", to: "198.51.100.1" },
  six = { from: "2001:db8:1::9", to: "2001:db8:f::1" };

/**
 * The whole router under mutated frames: nothing may throw, every slab of the pool comes back, a batch ends.
 * A fresh router now and then, so that tables are met empty and full.
 */
export function frames(program: RouterPlan["program"], cells: Float64Array): Target {
  let router = make(program, cells), runs = 0;
  return {
    name: "frames",
    seeds: seeds(),
    run(bytes) {
      if (++runs % 20000 === 0) router = make(program, cells);
      const { near, clock, all } = router;
      near[bytes.length % near.length]!.put(bytes);
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
      }
    },
  };
}

function make(program: RouterPlan["program"], cells: Float64Array) {
  const clock = new VirtualClock(1000);
  const router = new Router({
    clock,
    random: new SeededRandom(3),
    flows: 512,
    secret: new Uint8Array(16),
    cells,
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
    routes: [],
    policyRules: [],
    conntrack: { flows: 512 },
    program,
  });
  return { router, near, clock, all: router.batch.pool.available };
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

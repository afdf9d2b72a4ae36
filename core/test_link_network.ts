import assert from "node:assert/strict";
import { assemble } from "./classify/assemble.ts";
import { unsupported } from "./classify/unsupported.ts";
import { VirtualClock } from "./clock.ts";
import { Nft } from "./nft/nft.ts";
import { parseAddress, parsePrefix } from "./packet/address.ts";
import { arp, ethernet } from "./packet/build.ts";
import { setU16 } from "./packet/bytes.ts";
import { type RouterPlan, TABLE_MAIN } from "./plan.ts";
import { MemoryPort } from "./port_memory.ts";
import { SeededRandom } from "./random.ts";
import { Router } from "./router.ts";
import { RulesetStore } from "./ruleset/store.ts";

export const MAC = {
  lan: "02:00:00:00:01:01",
  wan: "02:00:00:00:02:01",
  one: "02:00:00:00:01:0a",
  two: "02:00:00:00:01:0b",
  gateway: "02:00:00:00:02:bb",
};

/** Interfaces by index, members of the bridge last. */
const DEVICES = ["lan", "wan", "one", "two", "three"];

/** For tests: a router with a bridge `lan` (192.0.2.1/24) over ports one, two and three, and a port `wan`. */
export function linkNetwork(rules: string) {
  const clock = new VirtualClock(1000), store = new RulesetStore({ offline: true });
  const { error } = new Nft(store, {
    refuses: unsupported,
    interfaceIndex: (name) => DEVICES.indexOf(name) + 1 || undefined,
    interfaceName: (index) => DEVICES[index - 1],
  }).run(rules, "rules");
  assert.equal(error, "");
  const router = new Router({
    clock,
    random: new SeededRandom(7),
    flows: 256,
    secret: new Uint8Array(16),
    cells: store.cells.numbers,
  });
  const [one, two, three, wan] = ["one", "two", "three", "wan"].map((name, i) => {
    const near = new MemoryPort({ name }), far = new MemoryPort({ name: `far-${name}` });
    MemoryPort.join(near, far);
    router.setPort(i + 1, near);
    return far;
  }) as [MemoryPort, MemoryPort, MemoryPort, MemoryPort];
  router.apply(plan(store));
  const run = (milliseconds = 0) => {
    for (let t = 0; t <= milliseconds; t += 10) {
      for (let i = 0; i < 8; i++) router.turn();
      clock.advance(10);
    }
  };
  /** Makes the router know 192.0.2.9 (behind port one) and the gateway. */
  const meet = () => {
    run(30);
    one.put(arp(MAC.one, "192.0.2.9", "192.0.2.1"));
    wan.put(arp(MAC.gateway, "198.51.100.1", "198.51.100.2"));
    run(30);
    for (const port of [one, two, three, wan]) while (port.take() !== undefined);
  };
  return { router, store, one, two, three, wan, run, meet };
}

/** A frame; with a VLAN tag where told. */
export function frame(from: string, to: string, packet: Uint8Array, vlan?: number): Uint8Array {
  const plain = ethernet(from, to, packet);
  if (vlan === undefined) return plain;
  const tagged = new Uint8Array(plain.length + 4);
  tagged.set(plain.subarray(0, 12));
  setU16(tagged, 12, 0x8100);
  setU16(tagged, 14, vlan);
  tagged.set(plain.subarray(12), 16);
  return tagged;
}

/** Packets and bytes of counters by the comment of their rule. */
export function counters(store: RulesetStore): Record<string, [packets: number, bytes: number]> {
  const listing = new Nft(store).run("list ruleset", "").output;
  const found = listing.matchAll(/counter packets (\d+) bytes (\d+).*comment "(.*)"/g);
  return Object.fromEntries([...found].map(([, packets, bytes, name]) => [name!, [+packets!, +bytes!]]));
}

const mac = (text: string): Uint8Array => Uint8Array.from(text.split(":"), (part) => parseInt(part, 16));

function plan(store: RulesetStore): RouterPlan {
  const via = parseAddress("198.51.100.1")!;
  const common = { mtu: 1500, acceptAdvertisements: false };
  return {
    generation: 1,
    hostname: "test",
    interfaces: [
      {
        ...common,
        name: "lan",
        index: 1,
        mac: mac(MAC.lan),
        ports: [1, 2, 3],
        addresses: [parsePrefix("192.0.2.1/24")!],
        bridge: {
          ageing: 300,
          stp: "pass",
          members: ["one", "two", "three"].map((name, i) => ({ name, index: i + 3, port: i + 1 })),
        },
      },
      {
        ...common,
        name: "wan",
        index: 2,
        mac: mac(MAC.wan),
        ports: [4],
        addresses: [parsePrefix("198.51.100.2/24")!],
      },
    ],
    routes: [{
      type: "unicast",
      destination: parsePrefix("0.0.0.0/0")!,
      via,
      interface: 2,
      metric: 0,
      table: TABLE_MAIN,
    }],
    policyRules: [],
    conntrack: { flows: 256 },
    program: assemble(store.current, 1, { live: store.live }),
  };
}

import assert from "node:assert/strict";
import { assemble } from "./classify/assemble.ts";
import { VirtualClock } from "./clock.ts";
import { Nft } from "./nft/nft.ts";
import { parseAddress, parsePrefix } from "./packet/address.ts";
import { arp } from "./packet/build.ts";
import { u16 } from "./packet/bytes.ts";
import { type InterfacePlan, type RouterPlan, TABLE_MAIN } from "./plan.ts";
import { MemoryPort } from "./port_memory.ts";
import { SeededRandom } from "./random.ts";
import { Router } from "./router.ts";
import { RulesetStore } from "./ruleset/store.ts";
import { parsePolicy } from "./xfrm/policy_words.ts";
import { parseState } from "./xfrm/state_words.ts";
import { TestEngine } from "./xfrm/test_engine.ts";

export const MAC = {
  lan: "02:00:00:00:01:01",
  wan: "02:00:00:00:02:01",
  host: "02:00:00:00:01:aa",
  gateway: "02:00:00:00:02:bb",
};

export interface TestNetworkOptions {
  /** Addresses of `wan` instead of 198.51.100.2/24. */
  readonly wan?: readonly string[];
  /** Gives both a local device: `host` is the far end of `wan`'s, `inner` of `lan`'s. */
  readonly local?: boolean;
  /** States and policies in the words of `ip xfrm`. */
  readonly states?: readonly string[];
  readonly policies?: readonly string[];
}

/** For tests: a router with a port `lan` (192.0.2.1/24) and a port `wan` (198.51.100.2/24), and these rules. */
export function network(rules = "", options: TestNetworkOptions = {}) {
  const engine = new TestEngine(),
    clock = new VirtualClock(1000),
    store = new RulesetStore({ offline: true });
  const { error } = new Nft(store).run(rules, "rules");
  assert.equal(error, "");
  const router = new Router({
    clock,
    random: new SeededRandom(7),
    flows: 256,
    secret: new Uint8Array(16),
    cells: store.cells.numbers,
    crypto: () => ({ engine, random: new SeededRandom(3) }),
  });
  const [lan, wan, host, inner] = [1, 2, 3, 4].map((number) => {
    const link = number > 2 ? "ip" : "ethernet";
    const near = new MemoryPort({ name: `port${number}`, link });
    const far = new MemoryPort({ name: `far${number}`, link });
    MemoryPort.join(near, far);
    router.setPort(number, near);
    return far;
  }) as [MemoryPort, MemoryPort, MemoryPort, MemoryPort];
  const plan = testPlan(store, options);
  router.apply(plan);
  const run = (milliseconds = 0) => {
    for (let t = 0; t <= milliseconds; t += 10) {
      for (let i = 0; i < 8; i++) router.turn();
      clock.advance(10);
    }
  };
  run();
  /** Frames of a type that came out of a port since it was last asked. */
  const heard = (port: MemoryPort, type: number) => taken(port).filter((frame) => u16(frame, 12) === type);
  /** Makes the router know 192.0.2.9 and the gateway. */
  const meet = () => {
    lan.put(arp(MAC.host, "192.0.2.9", "192.0.2.1"));
    wan.put(arp(MAC.gateway, "198.51.100.1", "198.51.100.2"));
    run();
    for (const port of [lan, wan, host, inner]) taken(port);
  };
  return { router, plan, engine, store, lan, wan, host, inner, run, heard, meet };
}

/** Everything that came out of a port since it was last asked. */
export function taken(port: MemoryPort): Uint8Array[] {
  const frames: Uint8Array[] = [];
  for (let frame = port.take(); frame !== undefined; frame = port.take()) frames.push(frame);
  return frames;
}

function testPlan(store: RulesetStore, options: TestNetworkOptions): RouterPlan {
  const { wan = ["198.51.100.2/24"], local = false, states = [], policies = [] } = options;
  const plain = (index: number, name: string, addresses: readonly string[], mac: string): InterfacePlan => ({
    name,
    index,
    mac: Uint8Array.from(mac.split(":"), (part) => parseInt(part, 16)),
    mtu: 1500,
    ports: [index],
    addresses: addresses.map((address) => parsePrefix(address)!),
    acceptAdvertisements: false,
  });
  const route = { type: "unicast", interface: 2, metric: 0, table: TABLE_MAIN } as const;
  const via = parseAddress("198.51.100.1")!;
  return {
    generation: 1,
    hostname: "test",
    interfaces: [
      { ...plain(1, "lan", ["192.0.2.1/24"], MAC.lan), ...(local ? { local: 4 } : {}) },
      { ...plain(2, "wan", wan, MAC.wan), ...(local ? { local: 3 } : {}) },
    ],
    routes: [
      { ...route, destination: parsePrefix("0.0.0.0/0")!, via },
      { ...route, destination: parsePrefix("203.0.113.77/32")!, via, mtu: 800 },
    ],
    policyRules: [],
    conntrack: { flows: 256 },
    program: assemble(store.current, 1),
    xfrm: { states: states.map(parseState), policies: policies.map(parsePolicy) },
  };
}

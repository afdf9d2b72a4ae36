import { type Machine, MACHINE_ACCEPT, MACHINE_DROP_POLICY, MACHINE_STOLEN } from "../classify/machine.ts";
import type { HookedChain } from "../classify/program.ts";
import {
  HOOK_EGRESS,
  HOOK_FORWARD,
  HOOK_INGRESS,
  HOOK_INPUT,
  HOOK_OUTPUT,
  HOOK_POSTROUTING,
  HOOK_PREROUTING,
} from "../hook.ts";
import type { PacketBatch } from "../packet/batch.ts";
import { VERDICT_CONTINUE } from "../packet/columns.ts";
import { ETHERNET } from "../packet/ethernet.ts";
import {
  DROP_BACK_PRESSURE,
  DROP_LOOP,
  DROP_POLICY,
  DROP_RULE,
  DROP_TRUNCATED,
  type Drops,
} from "./drops.ts";
import type { Interfaces } from "./interfaces.ts";
import { isMalformedIp, readFrame } from "./link_frame.ts";
import type { LinkReject } from "./link_reject.ts";
import type { Transmitter } from "./transmit.ts";

/**
 * Hooks below the network layer.
 *
 *   port -> ingress -> [bridge prerouting -> bridge -+-> bridge input -> ingress of the bridge] -> arp input | IP
 *                                                    +-> bridge forward -+-> bridge postrouting -> egress -> port
 *   ARP, routed packets -> [egress of the bridge -> bridge output -------+]
 *
 * Overview    chains of families netdev, bridge and arp, and of inet at ingress. Each method takes one frame through
 *             one hook and answers whether it goes on; where not, its verdict is set and it is counted.
 * Devices     a port has a device of its own (`Interfaces.device`): the interface it is the only port of, or a member
 *             of a bridge. Chains see those as `iif` and `oif`, as the kernel shows ports of its bridge.
 * Limits      without such chains nobody calls in here: who would looks at `ingress`, `bridge` and `arp`, or finds
 *             `Transmitter.hooks` not set. Flows are not known here, so `ct` is refused in these families.
 */
export class LinkHooks {
  /** Whether there are chains at all: ingress of any device, bridge, ARP. */
  ingress = false;
  bridge = false;
  arp = false;
  readonly #parts: LinkHookParts;
  readonly #ingress: (readonly HookedChain[])[] = new Array(256).fill(NONE);
  readonly #egress: (readonly HookedChain[])[] = new Array(256).fill(NONE);
  #bridge: (readonly HookedChain[])[] = [];
  #arp: (readonly HookedChain[])[] = [];
  /** `fwd` and `dup` within the egress of what they send to. */
  #depth = 0;
  /** Copies that `dup` made while a chain runs, and where they go when it has ended. */
  readonly #copies = new Int32Array(MOST_COPIES);
  readonly #targets = new Uint8Array(MOST_COPIES);
  #copied = 0;

  constructor(parts: LinkHookParts) {
    this.#parts = parts;
    this.install([]);
  }

  /** Takes over the chains of a program; interfaces are configured before. */
  install(chains: readonly HookedChain[]): void {
    const { interfaces, transmitter } = this.#parts;
    const at = (family: string) =>
      HOOK_NAMES.map((hook) => chains.filter((chain) => chain.family === family && chain.hook === hook));
    this.#bridge = at("bridge");
    this.#arp = at("arp");
    this.bridge = this.#bridge.some((list) => list.length > 0);
    this.arp = this.#arp.some((list) => list.length > 0);
    const onDevice = (lists: (readonly HookedChain[])[], hook: string): boolean => {
      const here = chains.filter((chain) => chain.hook === hook);
      for (let device = 0; device < 256; device++) {
        const name = interfaces.names[device]!;
        const list = name === "" ? [] : here.filter((chain) => chain.devices?.includes(name) === true);
        lists[device] = list.length === 0 ? NONE : list;
      }
      return here.length > 0;
    };
    this.ingress = onDevice(this.#ingress, "ingress");
    const egress = onDevice(this.#egress, "egress");
    transmitter.hooks = egress || this.bridge ? this : undefined;
  }

  /** A frame came in by a device: a port's, or a bridge's that passes it up. */
  receives(batch: PacketBatch, row: number, device: number): boolean {
    const chains = this.#ingress[device]!;
    if (chains.length === 0) return true;
    readFrame(batch, row);
    return this.#run(chains, HOOK_INGRESS, batch, row, device, 0, 0);
  }

  /** A frame leaves by a device. */
  leaves(batch: PacketBatch, row: number, device: number): boolean {
    const chains = this.#egress[device]!;
    if (chains.length === 0) return true;
    if (batch.network[row] !== batch.start[row]! + ETHERNET.size) readFrame(batch, row);
    return this.#run(chains, HOOK_EGRESS, batch, row, 0, device, ETHERNET.size);
  }

  /** A frame for the bridge `index`, before it is learned from; by a member's device. */
  bridgePrerouting(batch: PacketBatch, row: number, index: number): boolean {
    const device = this.#parts.interfaces.device[batch.inPort[row]!]!;
    return this.#bridged(HOOK_PREROUTING, batch, row, index, device, 0);
  }

  bridgeInput(batch: PacketBatch, row: number, index: number): boolean {
    const device = this.#parts.interfaces.device[batch.inPort[row]!]!;
    return this.#bridged(HOOK_INPUT, batch, row, index, device, 0);
  }

  /** From one member to another: forward, then postrouting. */
  bridgeForward(batch: PacketBatch, row: number, index: number, port: number): boolean {
    const { device } = this.#parts.interfaces, from = device[batch.inPort[row]!]!, to = device[port]!;
    return this.#bridged(HOOK_FORWARD, batch, row, index, from, to) &&
      this.#bridged(HOOK_POSTROUTING, batch, row, index, 0, to);
  }

  /** The router's own frame to a member: output, then postrouting. */
  bridgeOutput(batch: PacketBatch, row: number, index: number, port: number): boolean {
    const to = this.#parts.interfaces.device[port]!;
    return this.#bridged(HOOK_OUTPUT, batch, row, index, 0, to) &&
      this.#bridged(HOOK_POSTROUTING, batch, row, index, 0, to);
  }

  arpInput(batch: PacketBatch, row: number): boolean {
    return this.#run(this.#arp[HOOK_INPUT]!, HOOK_INPUT, batch, row, batch.inInterface[row]!, 0, 0);
  }

  arpOutput(batch: PacketBatch, row: number): boolean {
    const out = batch.outInterface[row]!;
    return this.#run(this.#arp[HOOK_OUTPUT]!, HOOK_OUTPUT, batch, row, 0, out, ETHERNET.size);
  }

  /** `dup to`: a frame of its own for another device, sent when the chain has ended: it may meet chains there. */
  duplicate(batch: PacketBatch, row: number, device: number): void {
    if (this.#copied === MOST_COPIES) return this.#parts.drops.count(DROP_BACK_PRESSURE);
    const copy = this.copy(batch, row);
    if (copy < 0) return;
    this.#copies[this.#copied] = copy;
    this.#targets[this.#copied++] = device;
  }

  /** A copy of a frame, bytes and all; -1 when there is no room, which is counted. */
  copy(batch: PacketBatch, row: number): number {
    const slab = batch.pool.hold(batch, row);
    const copy = slab < 0 ? -1 : batch.pool.restore(slab, batch);
    if (copy < 0) {
      if (slab >= 0) batch.pool.free(slab);
      this.#parts.drops.count(DROP_BACK_PRESSURE);
      return -1;
    }
    batch.verdict[copy] = VERDICT_CONTINUE;
    batch.flow[copy] = -1;
    return copy;
  }

  #bridged(hook: number, batch: PacketBatch, row: number, index: number, from: number, to: number): boolean {
    const chains = this.#bridge[hook]!;
    if (chains.length === 0) return true;
    if (batch.network[row] !== batch.start[row]! + ETHERNET.size) readFrame(batch, row);
    return this.#run(chains, hook, batch, row, from, to, 0, index);
  }

  /** `header`: bytes before the network header that the packet's length counts at this hook. */
  #run(
    chains: readonly HookedChain[],
    hook: number,
    batch: PacketBatch,
    row: number,
    from: number,
    to: number,
    header: number,
    bridge = 0,
  ): boolean {
    const { machine, drops, reject } = this.#parts;
    for (let i = 0; i < chains.length; i++) {
      const chain = chains[i]!;
      if (chain.family === "inet" && batch.family[row] === 0) {
        // nft_do_chain_inet_ingress: others pass, what claims to be IP does not
        if (!isMalformedIp(batch, row)) continue;
        drops.drop(batch, row, DROP_TRUNCATED);
        return false;
      }
      const first = this.#copied;
      const verdict = machine.runLink(chain, batch, row, hook, from, to, header, bridge);
      if (verdict === MACHINE_STOLEN) this.#send(batch, row, machine.target);
      else if (verdict !== MACHINE_ACCEPT) {
        drops.drop(batch, row, verdict === MACHINE_DROP_POLICY ? DROP_POLICY : DROP_RULE);
        if (machine.reject.active) reject.send(batch, row, machine.reject, from);
      }
      if (this.#copied > first) this.#sendCopies(batch, first);
      if (verdict !== MACHINE_ACCEPT) return false;
    }
    return true;
  }

  #sendCopies(batch: PacketBatch, first: number): void {
    const last = this.#copied;
    for (let i = first; i < last; i++) this.#send(batch, this.#copies[i]!, this.#targets[i]!);
    this.#copied = first;
  }

  /** To a device's queue: a port's, or a bridge's, which decides further. */
  #send(batch: PacketBatch, row: number, device: number): void {
    const { interfaces, transmitter, drops } = this.#parts;
    if (this.#depth === MOST_TURNS) return drops.drop(batch, row, DROP_LOOP);
    this.#depth++;
    if (interfaces.bridges[device] !== undefined) transmitter.sendFrame(batch, row, device);
    else transmitter.send(batch, row, interfaces.portOf[device]!);
    this.#depth--;
  }
}

export interface LinkHookParts {
  readonly machine: Machine;
  readonly interfaces: Interfaces;
  readonly transmitter: Transmitter;
  readonly reject: LinkReject;
  readonly drops: Drops;
}

const NONE: readonly HookedChain[] = [];
/** In the order of their numbers. */
const HOOK_NAMES = ["prerouting", "input", "forward", "output", "postrouting"] as const;
/** NF_RECURSION_LIMIT. */
const MOST_TURNS = 2;
/** Copies one chain can ask for of one frame, further ones of chains they meet included. */
const MOST_COPIES = 64;

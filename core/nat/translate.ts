import {
  NAT_MASQUERADE,
  NAT_REDIRECT,
  type NatRequest,
  NF_NAT_RANGE_MAP_IPS,
  NF_NAT_RANGE_NETMAP,
  NF_NAT_RANGE_PROTO_SPECIFIED,
} from "../classify/nat_request.ts";
import { invertKey, newKey } from "../conntrack/key.ts";
import { hasPorts } from "../conntrack/quoted.ts";
import {
  IPS_CONFIRMED,
  IPS_DYING,
  IPS_NAT_DONE_MASK,
  IPS_NAT_MASK,
  IPS_SRC_NAT_DONE,
  ORIGINAL,
  REPLY,
} from "../conntrack/status.ts";
import type { Conntrack } from "../conntrack/track.ts";
import { HOOK_OUTPUT, HOOK_POSTROUTING } from "../hook.ts";
import type { Address } from "../packet/address.ts";
import type { PacketBatch } from "../packet/batch.ts";
import { CHECKSUM_PARTIAL, CT_NEW, CT_RELATED } from "../packet/columns.ts";
import { PROTOCOL_ICMP, PROTOCOL_ICMPV6 } from "../packet/ipv4.ts";
import type { Random } from "../random.ts";
import { BySource } from "./by_source.ts";
import { isRedirectMessage, rewriteQuoted } from "./errors.ts";
import { doneBit, hookManip, MANIP_SOURCE, natBit } from "./manip.ts";
import { Ports } from "./ports.ts";
import { newRange } from "./range.ts";
import { type Replacement, rewrite } from "./rewrite.ts";
import { UniqueKey } from "./unique.ts";

export interface NatEnvironment {
  readonly random: Random;
  /**
   * The address packets out of (masquerade) or into (redirect) an interface are translated to, as four host-order
   * words; false when it has none of the family.
   */
  interfaceAddress(
    interfaceIndex: number,
    family: number,
    batch: PacketBatch,
    row: number,
    out: Uint32Array,
  ): boolean;
}

/**
 * Network address translation.
 *
 * Overview    the first packet of a flow decides: `setup` alters the flow's reply key, and that is all there is.
 *             Every packet is then written so that it fits the key of the other direction: destinations where
 *             packets come in, sources where they leave, and the other way round in the reply direction.
 * Life-cycle  needsSetup -> (nat chains) -> setup, once for each half of a flow; translate for every packet.
 *             Without a rule the null binding sees to it that two flows never get answers under one key.
 * Ownership   the data-plane thread. Keeps only the chains by source; everything else is in the flow table.
 * Limits      a flow whose half was not decided when it was confirmed is never translated (as in the kernel).
 */
export class Nat {
  /**
   * True once any flow was set up. The pipeline runs NAT at all four hooks from then on, and should set it when
   * it installs the first nat chain.
   */
  inUse = false;
  readonly #conntrack: Conntrack;
  readonly #environment: NatEnvironment;
  readonly #bySource: BySource;
  readonly #unique: UniqueKey;
  readonly #range = newRange();
  readonly #current = newKey();
  readonly #reply = newKey();
  readonly #target = newKey();
  readonly #to: Replacement = { address: new Uint32Array(4), port: 0 };

  constructor(conntrack: Conntrack, environment: NatEnvironment) {
    const table = conntrack.table;
    this.#conntrack = conntrack;
    this.#environment = environment;
    this.#bySource = new BySource(table);
    this.#unique = new UniqueKey(table, new Ports(table, environment.random), this.#bySource);
    for (let row = 0; row < table.end && !this.inUse; row++) {
      this.inUse = table.live(row) && (table.status[row]! & IPS_NAT_MASK) !== 0;
    }
    const ended = table.ended;
    table.ended = (row) => {
      ended?.(row);
      if ((table.status[row]! & IPS_SRC_NAT_DONE) !== 0) this.#bySource.remove(row);
    };
  }

  /** Whether the nat chains of this hook are to be asked about the packet: its flow's half is not decided yet. */
  needsSetup(batch: PacketBatch, row: number, hook: number): boolean {
    const flow = batch.flow[row]!, state = batch.ctState[row];
    if (flow < 0 || (state !== CT_NEW && state !== CT_RELATED) || isError(batch, row)) return false;
    return (this.#conntrack.table.status[flow]! & doneBit(hookManip(hook))) === 0;
  }

  /**
   * Decides a half of a flow (nf_nat_setup_info) after the nat chains did, or without a request by the null
   * binding. False: drop the packet (no address to translate to).
   */
  setup(batch: PacketBatch, row: number, request: NatRequest | undefined, hook: number): boolean {
    const table = this.#conntrack.table, flow = batch.flow[row]!, manip = hookManip(hook);
    this.inUse = true;
    const status = table.status[flow]!;
    if ((status & (IPS_CONFIRMED | IPS_DYING | doneBit(manip))) !== 0) return true;
    table.readKey(flow, REPLY, this.#reply);
    if (!invertKey(this.#current, this.#reply)) return true;
    const asked = request === undefined ? NOTHING_ASKED : this.#fillRange(batch, row, request, hook);
    if (asked === NO_ADDRESS) return false;
    if (asked === NOTHING_ASKED) this.#nullRange(manip);
    const target = this.#target;
    this.#unique.find(target, this.#current, this.#range, manip, flow, batch.now >>> 0);
    if (!sameKey(target, this.#current) && invertKey(this.#reply, target)) {
      table.alterReply(flow, this.#reply);
      table.status[flow]! |= natBit(manip);
    }
    if (manip === MANIP_SOURCE) this.#bySource.add(flow);
    table.status[flow]! |= doneBit(manip);
    return true;
  }

  /** Addresses as they are, ports as they need to be (nf_nat_alloc_null_binding). */
  #nullRange(manip: number): void {
    const range = this.#range, at = manip === MANIP_SOURCE ? 0 : 4;
    range.flags = NF_NAT_RANGE_MAP_IPS;
    for (let i = 0; i < 4; i++) range.minAddress[i] = range.maxAddress[i] = this.#current[at + i]!;
  }

  #fillRange(batch: PacketBatch, row: number, request: NatRequest, hook: number): number {
    const range = this.#range, family = batch.family[row]!;
    range.flags = request.flags &
      ~(NF_NAT_RANGE_MAP_IPS | NF_NAT_RANGE_PROTO_SPECIFIED | NF_NAT_RANGE_NETMAP);
    range.minPort = request.minPort;
    range.maxPort = request.maxPort;
    range.basePort = 0;
    if (request.hasPort) range.flags |= NF_NAT_RANGE_PROTO_SPECIFIED;
    if (request.kind === NAT_MASQUERADE || request.kind === NAT_REDIRECT) {
      const found = request.kind === NAT_MASQUERADE
        ? this.#masquerade(batch, row, family)
        : this.#redirect(batch, row, family, hook);
      if (found === ASKED) {
        range.maxAddress.set(range.minAddress);
        range.flags |= NF_NAT_RANGE_MAP_IPS;
      }
      return found;
    }
    if (!request.hasAddress) return ASKED;
    if (request.family !== family) return NOTHING_ASKED;
    range.flags |= NF_NAT_RANGE_MAP_IPS;
    range.minAddress.set(request.minAddress);
    range.maxAddress.set(request.maxAddress);
    if ((request.flags & NF_NAT_RANGE_NETMAP) !== 0) this.#netmap(hookManip(hook));
    return ASKED;
  }

  #masquerade(batch: PacketBatch, row: number, family: number): number {
    const out = batch.outInterface[row]!, source = batch.source, at = row * 4;
    // A host without an address yet asks for one: leave it be.
    if ((source[at]! | source[at + 1]! | source[at + 2]! | source[at + 3]!) === 0) return NOTHING_ASKED;
    this.#range.minAddress.fill(0);
    if (!this.#environment.interfaceAddress(out, family, batch, row, this.#range.minAddress)) {
      return NO_ADDRESS;
    }
    this.#conntrack.table.setMasqueraded(batch.flow[row]!, out);
    return ASKED;
  }

  #redirect(batch: PacketBatch, row: number, family: number, hook: number): number {
    const to = this.#range.minAddress;
    to.fill(0);
    if (hook === HOOK_OUTPUT) {
      if (family === 4) to[0] = 0x7f000001;
      else to[3] = 1;
      return ASKED;
    }
    return this.#environment.interfaceAddress(batch.inInterface[row]!, family, batch, row, to)
      ? ASKED
      : NO_ADDRESS;
  }

  /** Network part of the range, host part of the packet. */
  #netmap(manip: number): void {
    const range = this.#range, at = manip === MANIP_SOURCE ? 0 : 4;
    for (let i = 0; i < 4; i++) {
      const mask = ~(range.minAddress[i]! ^ range.maxAddress[i]!);
      const address = (this.#current[at + i]! & ~mask) | (range.minAddress[i]! & mask);
      range.minAddress[i] = range.maxAddress[i] = address;
    }
  }

  /**
   * Writes the packet as its flow says for this hook: addresses, ports, identifiers, checksums, the packet quoted
   * by an ICMP error, and the batch's columns. False: drop it.
   */
  translate(batch: PacketBatch, row: number, hook: number): boolean {
    const flow = batch.flow[row]!;
    if (flow < 0) return true;
    const table = this.#conntrack.table, direction = batch.direction[row]!, manip = hookManip(hook);
    const status = table.status[flow]!, error = isError(batch, row);
    if (error && isRedirectMessage(batch, row)) {
      // A translated host must not be told of routes in addresses that are not its own.
      if ((status & IPS_NAT_DONE_MASK) !== IPS_NAT_DONE_MASK || (status & IPS_NAT_MASK) !== 0) return false;
    }
    if (!error && hook === HOOK_POSTROUTING && direction === ORIGINAL) {
      const masqueraded = table.masqueraded(flow);
      if (masqueraded !== 0 && masqueraded !== batch.outInterface[row]) {
        // The route moved to another uplink, where the old address is worth nothing.
        table.destroy(flow);
        return false;
      }
    }
    const bit = natBit(manip);
    if ((status & (direction === REPLY ? bit ^ IPS_NAT_MASK : bit)) === 0) return true;
    if (error) rewriteQuoted(batch, row, table, flow, direction, 1 - manip, this.#to);
    this.#write(batch, row, flow, direction, manip);
    return true;
  }

  #write(batch: PacketBatch, row: number, flow: number, direction: number, manip: number): void {
    const table = this.#conntrack.table, to = this.#to, other = 1 - direction, family = batch.family[row]!;
    const protocol = batch.protocol[row]!, icmp = protocol === PROTOCOL_ICMP || protocol === PROTOCOL_ICMPV6;
    const column = manip === MANIP_SOURCE ? batch.source : batch.destination;
    for (let i = 0; i < 4; i++) {
      const word = manip === MANIP_SOURCE
        ? table.destinationWord(flow, other, i)
        : table.sourceWord(flow, other, i);
      to.address[i] = column[row * 4 + i] = word;
    }
    to.port = icmp || manip !== MANIP_SOURCE
      ? table.sourcePort(flow, other)
      : table.destinationPort(flow, other);
    const transport = batch.transport[row]!;
    const partial = batch.checksum[row] === CHECKSUM_PARTIAL && batch.checksumStart[row] === transport;
    rewrite(
      batch.bytes(row),
      batch.network[row]!,
      transport,
      batch.end[row]!,
      family,
      protocol,
      manip,
      to,
      partial,
    );
    if (transport === 0 || isError(batch, row) || !(icmp || hasPorts(protocol))) return;
    if (icmp || manip === MANIP_SOURCE) batch.sourcePort[row] = to.port;
    else batch.destinationPort[row] = to.port;
  }

  /** The interface lost an address: flows masqueraded to it end (masq_inet_event). Returns how many. */
  interfaceAddressGone(interfaceIndex: number, address: Address): number {
    const table = this.#conntrack.table;
    let ended = 0;
    for (let row = 0; row < table.end; row++) {
      if (!table.live(row) || table.masqueraded(row) !== interfaceIndex) continue;
      if (table.family(row) !== address.family) continue;
      if (!address.words.every((word, i) => table.destinationWord(row, REPLY, i) === word)) continue;
      this.#conntrack.delete(row);
      ended++;
    }
    return ended;
  }
}

const NOTHING_ASKED = 0;
const ASKED = 1;
const NO_ADDRESS = 2;

/** An ICMP error tied to a flow; its address may change, its body is a quoted packet. */
const isError = (batch: PacketBatch, row: number): boolean => {
  if (batch.ctState[row] !== CT_RELATED) return false;
  const protocol = batch.protocol[row];
  return batch.family[row] === 4 ? protocol === PROTOCOL_ICMP : protocol === PROTOCOL_ICMPV6;
};

function sameKey(a: Uint32Array, b: Uint32Array): boolean {
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
}

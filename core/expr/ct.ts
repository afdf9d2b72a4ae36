import type { MachineState } from "../classify/state.ts";
import type { PacketBatch } from "../packet/batch.ts";
import { CT_NEW, CT_UNTRACKED } from "../packet/columns.ts";
import { ZONE_BOTH, ZONE_ORIGINAL, ZONE_REPLY, zoneTemplate } from "../packet/zone_template.ts";
import { swap32 } from "../ruleset/sets/image.ts";
import type { CtKey } from "./expression.ts";

/** Numbers of ct keys in instructions: their place here. */
export const CT_KEYS: readonly CtKey[] = [
  "state",
  "direction",
  "status",
  "mark",
  "expiration",
  "helper",
  "l3protocol",
  "src",
  "dst",
  "protocol",
  "proto_src",
  "proto_dst",
  "label",
  "packets",
  "bytes",
  "avgpkt",
  "zone",
  "src_ip",
  "dst_ip",
  "src_ip6",
  "dst_ip6",
  "id",
  "event",
];

const NFPROTO_IPV4 = 2;
const NFPROTO_IPV6 = 10;
const IPS_CONFIRMED = 8;

/**
 * Loads ct keys (nft_ct_get_eval) other than state, status and mark, which are instructions of their own. False
 * when the packet has no flow or the flow no such thing. `direction` is -1 where the rule named none.
 */
export function loadCt(
  state: MachineState,
  key: number,
  direction: number,
  to: number,
  batch: PacketBatch,
  row: number,
): boolean {
  const flows = state.environment.flows, flow = batch.flow[row]!;
  if (flows === undefined || flow < 0) return false;
  const r = state.registers, way = direction < 0 ? batch.direction[row]! : direction;
  switch (key) {
    case 1: // direction
      r[to] = batch.direction[row]!;
      return true;
    case 4: // expiration, milliseconds
      // a flow's first packet comes before its time is set (nf_ct_expires)
      r[to] = (flows.status[flow]! & IPS_CONFIRMED) === 0 ? 0 : flows.expiration(flow, batch.now);
      return true;
    case 5: // helper, of the master as the kernel has it
      return loadHelper(state, to, flows.assigned?.masterHelper(flow) ?? "");
    case 6: // l3protocol
      r[to] = flows.family(flow) === 4 ? NFPROTO_IPV4 : NFPROTO_IPV6;
      return true;
    case 7: // src
    case 8: { // dst
      const words = flows.family(flow) === 4 ? 1 : 4;
      for (let i = 0; i < words; i++) r[to + i] = swap32(address(state, key === 7, flow, way, i));
      return true;
    }
    case 9: // protocol
      r[to] = flows.protocol(flow);
      return true;
    case 10: // proto_src, network order
      r[to] = swap16(flows.sourcePort(flow, way));
      return true;
    case 11: // proto_dst
      r[to] = swap16(flows.destinationPort(flow, way));
      return true;
    case 12: // label
      for (let i = 0; i < 4; i++) r[to + i] = flows.assigned?.label(flow, i) ?? 0;
      return true;
    case 13: // packets
    case 14: // bytes
    case 15: // avgpkt
      return loadCount(state, key, direction, to, flow);
    case 16: // zone
      // without a direction the flow's own, whichever of its directions it is for
      r[to] = flows.zone === undefined
        ? 0
        : direction < 0
        ? flows.zone(flow, 0) || flows.zone(flow, 1)
        : flows.zone(flow, direction);
      return true;
    case 17: // src_ip
    case 18: // dst_ip
      if (flows.family(flow) !== 4) return false;
      r[to] = swap32(address(state, key === 17, flow, way, 0));
      return true;
    case 19: // src_ip6
    case 20: // dst_ip6
      if (flows.family(flow) !== 6) return false;
      for (let i = 0; i < 4; i++) r[to + i] = swap32(address(state, key === 19, flow, way, i));
      return true;
    case 21: // id
      r[to] = flows.id === undefined ? flow : flows.id(flow);
      return true;
    default:
      return false;
  }
}

const swap16 = (port: number): number => ((port & 255) << 8) | (port >>> 8);

function address(state: MachineState, source: boolean, flow: number, way: number, word: number): number {
  const flows = state.environment.flows!;
  return source ? flows.sourceWord(flow, way, word) : flows.destinationWord(flow, way, word);
}

/** 64-bit counts; both directions together where the rule named none. */
function loadCount(state: MachineState, key: number, direction: number, to: number, flow: number): boolean {
  const flows = state.environment.flows!;
  const packets = direction < 0
    ? flows.packets(flow, 0) + flows.packets(flow, 1)
    : flows.packets(flow, direction);
  const bytes = direction < 0 ? flows.bytes(flow, 0) + flows.bytes(flow, 1) : flows.bytes(flow, direction);
  const value = key === 13 ? packets : key === 14 ? bytes : packets === 0 ? 0 : Math.floor(bytes / packets);
  state.registers[to] = value % 4294967296;
  state.registers[to + 1] = Math.floor(value / 4294967296);
  return true;
}

/** Sixteen bytes of the helper's name. */
function loadHelper(state: MachineState, to: number, name: string): boolean {
  if (name === "") return false;
  const at = to * 4;
  for (let i = 0; i < 16; i++) state.bytes[at + i] = i < name.length ? name.charCodeAt(i) : 0;
  return true;
}

/**
 * nft_ct_set_eval: mark, label and events of the packet's flow; nothing happens to a packet without one. The zone is
 * the other way round: it is for packets that are not tracked yet (nft_ct_set_zone_eval).
 */
export function storeCt(
  state: MachineState,
  key: number,
  from: number,
  direction: number,
  batch: PacketBatch,
  row: number,
): void {
  if (key === 16) return chooseZone(state.registers[from]! & 0xffff, direction, batch, row);
  const flows = state.environment.flows, flow = batch.flow[row]!;
  if (flows === undefined || flow < 0) return;
  if (key === 3) {
    const mark = state.registers[from]! >>> 0;
    if (flows.mark[flow] === mark) return;
    flows.mark[flow] = mark;
    flows.marked?.(flow);
  } else if (key === 12) flows.assigned?.addLabel(flow, state.registers, from);
  else if (key === 22) {
    // a flow that left without a mask never gets one
    const assigned = flows.assigned, open = (flows.status[flow]! & IPS_CONFIRMED) === 0;
    if (assigned !== undefined && (open || assigned.events(flow) !== 0)) {
      assigned.setEvents(flow, state.registers[from]! >>> 0);
    }
  }
}

/** The first choice stands; `notrack` before it does not, `notrack` behind it comes too late. */
function chooseZone(zone: number, direction: number, batch: PacketBatch, row: number): void {
  const tracked = batch.ctState[row] !== 0 && batch.ctState[row] !== CT_UNTRACKED;
  if (tracked || batch.flow[row] !== -1) return;
  batch.flow[row] = zoneTemplate(
    zone,
    direction < 0 ? ZONE_BOTH : direction === 0 ? ZONE_ORIGINAL : ZONE_REPLY,
  );
  batch.ctState[row] = CT_NEW;
}

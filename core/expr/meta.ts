import { HOOK_EGRESS, HOOK_INPUT, HOOK_POSTROUTING } from "../hook.ts";
import { type MachineState, NAME_WORDS, packetLength } from "../classify/state.ts";
import { nextTrace } from "../classify/trace_number.ts";
import type { PacketBatch } from "../packet/batch.ts";
import type { MetaKey } from "./expression.ts";

/** Numbers of meta keys in instructions: their place here (NFT_META_* has gaps and other orders). */
export const META_KEYS: readonly MetaKey[] = [
  "len",
  "protocol",
  "priority",
  "mark",
  "iif",
  "oif",
  "iifname",
  "oifname",
  "iiftype",
  "oiftype",
  "nfproto",
  "l4proto",
  "pkttype",
  "cpu",
  "iifgroup",
  "oifgroup",
  "random",
  "secpath",
  "time",
  "day",
  "hour",
  "sdif",
  "sdifname",
  "nftrace",
  "bri_iifname",
  "bri_oifname",
  "rtclassid",
  "iifkind",
  "oifkind",
];

const ARPHRD_ETHER = 1;

/**
 * Loads the rarer meta keys (nft_meta_get_eval); the common ones are instructions of their own. False when the
 * packet has no such thing. Keys of sockets are not here: they are refused when rules are loaded.
 */
export function loadMeta(
  state: MachineState,
  key: number,
  to: number,
  batch: PacketBatch,
  row: number,
): boolean {
  const r = state.registers;
  switch (key) {
    case 0: // len
      r[to] = packetLength(state, batch, row);
      return true;
    case 1: { // protocol, network order
      const type = batch.etherType[row]!;
      r[to] = ((type & 255) << 8) | (type >>> 8);
      return true;
    }
    case 2: // priority
      r[to] = batch.priority[row]!;
      return true;
    case 8: // iftype
      r[to] = ARPHRD_ETHER;
      // where a device sends the kernel tells that device's, on which `ether` fields depend
      return state.input !== 0 || state.hook === HOOK_EGRESS;
    case 9: // oiftype
      r[to] = ARPHRD_ETHER;
      return state.output !== 0;
    case 12: // pkttype
      r[to] = batch.packetType[row]!;
      return true;
    case 13: // cpu
      r[to] = 0;
      return true;
    case 14: // iifgroup
      r[to] = 0;
      return state.input !== 0;
    case 15: // oifgroup
      r[to] = 0;
      return state.output !== 0;
    case 16: // random
      r[to] = state.environment.random.u32();
      return true;
    case 17: // secpath
      r[to] = batch.secpath[row] === 0 ? 0 : 1;
      return true;
    case 18:
    case 19:
    case 20:
      return loadTime(state, key, to, batch.wall);
    case 21: // sdif
      r[to] = 0;
      return true;
    case 22: // sdifname
      r[to] =
        r[to + 1] =
        r[to + 2] =
        r[to + 3] =
          0;
      return true;
    case 10: // nfproto, where it is not the family of the table
      r[to] = batch.family[row] === 4 ? NFPROTO_IPV4 : NFPROTO_IPV6;
      return batch.family[row] !== 0;
    case 11: // l4proto, of frames that may not be IP
      r[to] = batch.protocol[row]!;
      return batch.family[row] !== 0;
    case 23: // nftrace
      r[to] = batch.trace[row] === 0 ? 0 : 1;
      return true;
    case 24: // bridge of the incoming port
      return state.input !== 0 && loadName(state, state.bridge, to);
    case 25:
      return state.output !== 0 && loadName(state, state.bridge, to);
    case 26: // rtclassid: no route has a realm
      r[to] = 0;
      return isRouted(state.hook);
    case 27: // kind of the device: bridges have one, ports are hardware
      return loadKind(state, state.input, to);
    case 28:
      return loadKind(state, state.output, to);
    default:
      return false;
  }
}

const NFPROTO_IPV4 = 2;
const NFPROTO_IPV6 = 10;

/** Whether packets have a route at this hook. */
export const isRouted = (hook: number): boolean => hook >= HOOK_INPUT && hook <= HOOK_POSTROUTING;

function loadName(state: MachineState, index: number, to: number): boolean {
  if (index === 0) return false;
  for (let i = 0; i < NAME_WORDS; i++) state.registers[to + i] = state.names[index * NAME_WORDS + i]!;
  return true;
}

/** rtnl_link_ops->kind. */
function loadKind(state: MachineState, index: number, to: number): boolean {
  if (state.bridges[index] === 0) return false;
  state.registers.fill(0, to, to + NAME_WORDS);
  for (let i = 0; i < BRIDGE.length; i++) state.bytes[to * 4 + i] = BRIDGE.charCodeAt(i);
  return true;
}

const BRIDGE = "bridge";

/** time (ns), day and hour, all UTC. A wall clock at 0 was never set and matches nothing. */
function loadTime(state: MachineState, key: number, to: number, wall: number): boolean {
  if (wall <= 0) return false;
  const r = state.registers, seconds = Math.floor(wall / 1000);
  if (key === 18) {
    // 64 bits in two words: nanoseconds exceed what a float64 holds exactly.
    const milliseconds = Math.floor(wall), high = Math.floor(milliseconds / 4294967296);
    const low = (milliseconds % 4294967296) * 1000000;
    r[to] = low % 4294967296;
    r[to + 1] = high * 1000000 + Math.floor(low / 4294967296);
  } else if (key === 19) r[to] = (Math.floor(seconds / 86400) + 4) % 7;
  else r[to] = seconds % 86400;
  return true;
}

/** nft_meta_set_eval: mark, priority, packet type, tracing; the others change nothing a router has. */
export function storeMeta(
  state: MachineState,
  key: number,
  from: number,
  batch: PacketBatch,
  row: number,
): void {
  const value = state.registers[from]!;
  if (key === 3) batch.mark[row] = value;
  else if (key === 2) batch.priority[row] = value;
  else if (key === 23) batch.trace[row] = (value & 1) === 0 ? 0 : batch.trace[row] || nextTrace(state);
  else if (key === 12 && (value & 255) <= 3) batch.packetType[row] = value & 255;
}

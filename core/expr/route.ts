import { swap32 } from "../ruleset/sets/image.ts";
import { isRouted } from "./meta.ts";
import {
  FIB_RESULT_OIFNAME,
  RT_CLASSID,
  RT_IPSEC,
  RT_NEXTHOP4,
  RT_NEXTHOP6,
  RT_TCPMSS,
} from "../classify/opcodes.ts";
import type { MachineState } from "../classify/state.ts";
import type { PacketBatch } from "../packet/batch.ts";
import { TRANSFORMED } from "../packet/columns.ts";

const TCP_MSS_DEFAULT = 536;

const hop = new Uint32Array(4);

/** nft_rt_get_eval; false before routing. No route has a realm. */
export function loadRoute(
  state: MachineState,
  key: number,
  to: number,
  batch: PacketBatch,
  row: number,
): boolean {
  if (!isRouted(state.hook)) return false;
  if (key === RT_IPSEC || key === RT_CLASSID) {
    const path = batch.transform[row]!;
    state.registers[to] = key === RT_IPSEC && path !== 0 && path !== TRANSFORMED ? 1 : 0;
    return true;
  }
  if (key === RT_NEXTHOP4 || key === RT_NEXTHOP6) {
    const family = key === RT_NEXTHOP4 ? 4 : 6;
    if (batch.family[row] !== family || state.environment.nextHop === undefined) return false;
    state.environment.nextHop(batch, row, hop);
    for (let i = 0; i < (family === 4 ? 1 : 4); i++) state.registers[to + i] = swap32(hop[i]!);
    return true;
  }
  if (key !== RT_TCPMSS || state.environment.route === undefined) return false;
  const mtu = state.environment.route(batch, row);
  if (mtu === 0) return false;
  const headers = batch.family[row] === 4 ? 40 : 60;
  state.registers[to] = mtu <= headers || mtu > 0xffff ? TCP_MSS_DEFAULT : mtu - headers;
  return true;
}

/** nft_fib_eval; no route answers 0 (no interface, type unspecified). */
export function loadFib(
  state: MachineState,
  flags: number,
  result: number,
  present: boolean,
  to: number,
  batch: PacketBatch,
  row: number,
): boolean {
  if (state.environment.fib === undefined || batch.family[row] === 0) return false;
  const found = state.environment.fib(batch, row, flags, result), r = state.registers;
  if (present) r[to] = found !== 0 ? 1 : 0;
  else if (result === FIB_RESULT_OIFNAME) {
    for (let i = 0; i < 4; i++) r[to + i] = state.names[(found & 255) * 4 + i]!;
  } else r[to] = found;
  return true;
}

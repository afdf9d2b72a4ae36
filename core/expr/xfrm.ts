import type { MachineState, SecurityState } from "../classify/state.ts";
import type { PacketBatch } from "../packet/batch.ts";
import { swap32 } from "../ruleset/sets/image.ts";
import type { XfrmKey } from "./expression.ts";

/** NFT_XFRM_KEY_* by number. */
export const XFRM_KEYS: readonly XfrmKey[] = ["daddr4", "daddr6", "saddr4", "saddr6", "reqid", "spi"];
const [DADDR4, DADDR6, SADDR4, SADDR6, REQID] = [0, 1, 2, 3, 4];

/** nft_xfrm_get_eval: false where the packet has no state at this place, or no such address. */
export function loadXfrm(
  state: MachineState,
  incoming: boolean,
  place: number,
  key: number,
  to: number,
  batch: PacketBatch,
  row: number,
): boolean {
  const found = place > 1 ? undefined : state.environment.ipsec?.(batch, row, incoming, place);
  if (found === undefined) return false;
  if (key <= SADDR6) return loadAddress(state, found, key, to);
  state.registers[to] = key === REQID ? found.reqid : swap32(found.spi);
  return true;
}

/** Ends of tunnels only; those of transport mode are the packet's own (xfrm_state_addr_ok). */
function loadAddress(state: MachineState, found: SecurityState, key: number, to: number): boolean {
  const family = key === DADDR4 || key === SADDR4 ? 4 : 6;
  if (!found.tunnel || found.family !== family) return false;
  const words = key === DADDR4 || key === DADDR6 ? found.destination : found.source;
  for (let i = 0; i < (family === 4 ? 1 : 4); i++) state.registers[to + i] = swap32(words[i]!);
  return true;
}

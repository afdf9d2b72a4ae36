import { IPV4 } from "../packet/ipv4.ts";
import { IPV6, IPV6_MINIMUM_MTU } from "../packet/ipv6.ts";
import { UDP } from "../packet/udp.ts";
import { ESP, textUnit, TRAILER } from "./esp.ts";
import type { State } from "./state.ts";

/** Sizes of packets before and behind ESP (RFC 4301 section 8). */

/** What sizes depend on: a State has it. */
export interface SizedState {
  readonly family: 4 | 6;
  readonly tunnel: boolean;
  readonly transform: { readonly ivSize: number; readonly blockSize: number; readonly icvSize: number };
  readonly options: Pick<State["options"], "encapsulation">;
}

/** Bytes before the text: headers that the state adds, and the iv (x->props.header_len). */
export function headerBytes(state: SizedState): number {
  const outer = !state.tunnel ? 0 : state.family === 4 ? IPV4.size : IPV6.size;
  return outer + (state.options.encapsulation === undefined ? 0 : UDP.size) + ESP.size +
    state.transform.ivSize;
}

/**
 * Largest packet that is at most `mtu` bytes long behind ESP (xfrm_state_mtu). In transport mode an IP header without
 * options is part of it. Below 0 where nothing fits.
 */
export function innerMtu(state: SizedState, mtu: number): number {
  const { transform, tunnel, family } = state;
  const kept = tunnel ? 0 : family === 4 ? IPV4.size : IPV6.size;
  const room = mtu - headerBytes(state) - transform.icvSize - kept, unit = textUnit(transform.blockSize);
  return Math.floor(room / unit) * unit + kept - TRAILER.size;
}

/** It fits, or may be cut when it does not. */
export const SIZE_FITS = 0;
/** Too long, and may be cut: the ESP packet is fragmented behind ESP (its header does not forbid it either). */
export const SIZE_FRAGMENTED = -1;

/**
 * Whether a packet of `length` bytes may go where `most` (of `innerMtu`) is the largest that fits: SIZE_FITS,
 * SIZE_FRAGMENTED, or the MTU to tell its sender: ICMP fragmentation needed (type 3 code 4), for IPv6 packet too big,
 * which never says less than 1280 (xfrm4_tunnel_check_size, xfrm6_tunnel_check_size). An IPv6 packet of up to 1280 bytes
 * goes in any case, its ESP packet in fragments.
 */
export function sizeAnswer(family: number, length: number, dontFragment: boolean, most: number): number {
  if (length <= most) return SIZE_FITS;
  if (family === 6) {
    const told = Math.max(most, IPV6_MINIMUM_MTU);
    return length <= told ? SIZE_FRAGMENTED : told;
  }
  return dontFragment ? Math.max(most, SMALLEST_TOLD) : SIZE_FRAGMENTED;
}

/** RFC 791: every link carries 68 bytes. */
const SMALLEST_TOLD = 68;

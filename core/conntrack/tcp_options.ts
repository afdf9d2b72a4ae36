import { u32 } from "../packet/bytes.ts";
import {
  TCP,
  TCP_OPTION_END,
  TCP_OPTION_NOP,
  TCP_OPTION_SACK,
  TCP_OPTION_SACK_PERMITTED,
  TCP_OPTION_WINDOW_SCALE,
  tcpHeaderLength,
} from "../packet/tcp.ts";

/** Flags of a side, IP_CT_TCP_FLAG_* of linux/netfilter/nf_conntrack_tcp.h. */
export const SIDE_WINDOW_SCALE = 0x01;
export const SIDE_SACK_PERMITTED = 0x02;
/** This side sent the first FIN. */
export const SIDE_CLOSE_INIT = 0x04;
export const SIDE_LIBERAL = 0x08;
export const SIDE_UNACKNOWLEDGED = 0x10;
export const SIDE_MAXACK_SET = 0x20;
/** In the `last` flags only: a challenge ACK may follow; the opening is simultaneous. */
export const LAST_CHALLENGE_ACK = 0x40;
export const LAST_SIMULTANEOUS_OPEN = 0x80;

/** RFC 7323 2.3. */
const MOST_SCALE = 14;

/**
 * Window scale and SACK-permitted of a segment whose whole header is readable: scale | flags << 8. -1 when it has
 * no options at all: then what the side had said before stands.
 */
export function tcpSynOptions(b: Uint8Array, at: number): number {
  const end = at + tcpHeaderLength(b, at);
  let p = at + TCP.size, scale = 0, flags = 0;
  if (p === end) return -1;
  while (p < end) {
    const kind = b[p]!;
    if (kind === TCP_OPTION_END) break;
    if (kind === TCP_OPTION_NOP) {
      p++;
      continue;
    }
    const size = p + 1 < end ? b[p + 1]! : 0;
    if (size < 2 || p + size > end) break;
    if (kind === TCP_OPTION_SACK_PERMITTED && size === 2) flags |= SIDE_SACK_PERMITTED;
    else if (kind === TCP_OPTION_WINDOW_SCALE && size === 3) {
      scale = Math.min(b[p + 2]!, MOST_SCALE);
      flags |= SIDE_WINDOW_SCALE;
    }
    p += size;
  }
  return scale | (flags << 8);
}

/** The highest right edge among `acknowledgement` and the segment's SACK blocks (RFC 2018). */
export function tcpHighestSack(b: Uint8Array, at: number, acknowledgement: number): number {
  const end = at + tcpHeaderLength(b, at);
  let p = at + TCP.size, highest = acknowledgement;
  while (p < end) {
    const kind = b[p]!;
    if (kind === TCP_OPTION_END) break;
    if (kind === TCP_OPTION_NOP) {
      p++;
      continue;
    }
    const size = p + 1 < end ? b[p + 1]! : 0;
    if (size < 2 || p + size > end) break;
    if (kind === TCP_OPTION_SACK && size >= 10 && (size - 2) % 8 === 0) {
      for (let block = p + 2; block < p + size; block += 8) {
        const right = u32(b, block + 4);
        if (((highest - right) | 0) < 0) highest = right;
      }
      break;
    }
    p += size;
  }
  return highest;
}

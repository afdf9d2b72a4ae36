import {
  RECORD_BYTE_FLAGS,
  RECORD_BYTE_LAST_DIRECTION,
  RECORD_BYTE_LAST_INDEX,
  RECORD_BYTES,
  RECORD_LAST_END,
  RECORD_TCP,
  RECORD_WORDS,
  TCP_MAXACK,
  TCP_SIDE_WORDS,
} from "./layout.ts";
import { IPS_ASSURED } from "./status.ts";
import type { FlowTable } from "./table.ts";
import { SIDE_MAXACK_SET } from "./tcp_options.ts";
import { canDropEarly, TCP_ESTABLISHED, TCP_INDEX_ACK, TCP_INDEX_SYN } from "./tcp_states.ts";
import { before, type Segment } from "./tcp_window.ts";

/** Closes, and nothing noted needs to be asked again. */
export const RESET_SURE = 0;
export const RESET_INVALID = 1;
/** Plausible, but not exact: the state stays, so that a challenge ACK finds it. */
export const RESET_UNPROVEN = 2;
/** Nothing speaks against it. This and RESET_UNPROVEN: what was passed before may waive the window check. */
export const RESET_CLOSES = 3;
/** Exact, as far as known: the window check decides. */
export const RESET_KNOWN = 4;

/** What a reset is worth (RFC 5961 3.2: only the exact sequence number closes for sure). */
export function judgeReset(
  table: FlowTable,
  flow: number,
  direction: number,
  segment: Segment,
  state: number,
  ignoreInvalid: boolean,
): number {
  // Closing already: the ports may have been used again, nothing noted can be held against the reset.
  if (canDropEarly(state)) return RESET_SURE;
  const record = table.record, bytes = table.recordBytes;
  const base = flow * RECORD_WORDS, info = (base + RECORD_BYTES) * 4;
  const lastIndex = bytes[info + RECORD_BYTE_LAST_INDEX]!;
  if (
    (bytes[info + RECORD_BYTE_FLAGS + 1 - direction]! & SIDE_MAXACK_SET) === 0 ||
    lastIndex === TCP_INDEX_SYN
  ) return RESET_CLOSES;
  const established = state === TCP_ESTABLISHED && (table.status[flow]! & IPS_ASSURED) !== 0;
  // Sequence 0 outside an established connection answers a SYN we passed.
  if (segment.sequence === 0 && !established) return RESET_KNOWN;
  const maxack = record[base + RECORD_TCP + (1 - direction) * TCP_SIDE_WORDS + TCP_MAXACK]!;
  if (before(segment.sequence, maxack) && !ignoreInvalid) return RESET_INVALID;
  if (!established || segment.sequence === maxack) return RESET_KNOWN;
  // The reset follows right behind data of the same side.
  if (
    lastIndex === TCP_INDEX_ACK && bytes[info + RECORD_BYTE_LAST_DIRECTION] === direction &&
    segment.sequence === record[base + RECORD_LAST_END]
  ) return RESET_KNOWN;
  return RESET_UNPROVEN;
}

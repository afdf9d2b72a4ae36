import {
  RECORD_BYTE_FLAGS,
  RECORD_BYTE_LAST_DIRECTION,
  RECORD_BYTE_LAST_FLAGS,
  RECORD_BYTE_LAST_INDEX,
  RECORD_BYTE_LAST_SCALE,
  RECORD_BYTE_SCALE,
  RECORD_BYTES,
  RECORD_HALF_LAST_WINDOW,
  RECORD_LAST_ACK,
  RECORD_LAST_END,
  RECORD_LAST_SEQ,
  RECORD_TCP,
  RECORD_WORDS,
  TCP_END,
  TCP_MAXEND,
  TCP_MAXWIN,
  TCP_SIDE_WORDS,
} from "./layout.ts";
import { IPS_ASSURED, IPS_SEEN_REPLY, ORIGINAL, REPLY } from "./status.ts";
import type { FlowTable } from "./table.ts";
import {
  LAST_CHALLENGE_ACK,
  SIDE_LIBERAL,
  SIDE_SACK_PERMITTED,
  SIDE_WINDOW_SCALE,
  tcpSynOptions,
} from "./tcp_options.ts";
import { TCP_INDEX_ACK, TCP_INDEX_SYN, TCP_INDEX_SYNACK, TCP_LAST_ACK, TCP_SYN_SENT } from "./tcp_states.ts";
import type { Segment } from "./tcp_window.ts";

/**
 * Segments passed without effect on their flow: what they would mean is uncertain, the peer's answer decides. The
 * last one is noted in the flow's record (`last_*` in the kernel's struct ip_ct_tcp).
 */

/** Remembers a segment passed without effect. */
export function noteIgnored(
  table: FlowTable,
  flow: number,
  direction: number,
  segment: Segment,
  state: number,
): void {
  const record = table.record, bytes = table.recordBytes;
  const base = flow * RECORD_WORDS, info = (base + RECORD_BYTES) * 4;
  bytes[info + RECORD_BYTE_LAST_INDEX] = segment.index;
  bytes[info + RECORD_BYTE_LAST_DIRECTION] = direction;
  record[base + RECORD_LAST_SEQ] = segment.sequence;
  record[base + RECORD_LAST_END] = segment.end;
  table.recordHalves[(base + RECORD_BYTES) * 2 + RECORD_HALF_LAST_WINDOW] = segment.window;
  if (segment.index === TCP_INDEX_SYN && direction === ORIGINAL) {
    const options = Math.max(0, tcpSynOptions(segment.bytes, segment.at));
    const flags = (options >>> 8) & (SIDE_WINDOW_SCALE | SIDE_SACK_PERMITTED);
    bytes[info + RECORD_BYTE_LAST_SCALE] = options & 0xff;
    bytes[info + RECORD_BYTE_LAST_FLAGS] = flags | (state === TCP_LAST_ACK ? LAST_CHALLENGE_ACK : 0);
  }
  if (state === TCP_SYN_SENT && segment.index === TCP_INDEX_ACK && direction === REPLY) {
    record[base + RECORD_LAST_ACK] = segment.acknowledgement;
  }
}

/** Whether the segment is the answer to a SYN noted before. */
export function answersIgnoredSyn(
  table: FlowTable,
  flow: number,
  direction: number,
  segment: Segment,
): boolean {
  const base = flow * RECORD_WORDS, info = (base + RECORD_BYTES) * 4;
  const bytes = table.recordBytes;
  return segment.index === TCP_INDEX_SYNACK && bytes[info + RECORD_BYTE_LAST_INDEX] === TCP_INDEX_SYN &&
    bytes[info + RECORD_BYTE_LAST_DIRECTION] !== direction &&
    segment.acknowledgement === table.record[base + RECORD_LAST_END];
}

/** The SYN noted before becomes the truth of its side; the answering side starts from nothing. */
export function resynchronise(table: FlowTable, flow: number, direction: number): void {
  const record = table.record, bytes = table.recordBytes;
  const base = flow * RECORD_WORDS, info = (base + RECORD_BYTES) * 4;
  const last = bytes[info + RECORD_BYTE_LAST_DIRECTION]!;
  const side = base + RECORD_TCP + last * TCP_SIDE_WORDS;
  record[side + TCP_END] = record[side + TCP_MAXEND] = record[base + RECORD_LAST_END]!;
  record[side + TCP_MAXWIN] = table.recordHalves[(base + RECORD_BYTES) * 2 + RECORD_HALF_LAST_WINDOW]! || 1;
  bytes[info + RECORD_BYTE_SCALE + last] = bytes[info + RECORD_BYTE_LAST_SCALE]!;
  bytes[info + RECORD_BYTE_LAST_FLAGS]! &= ~LAST_CHALLENGE_ACK;
  bytes[info + RECORD_BYTE_FLAGS + last] = bytes[info + RECORD_BYTE_LAST_FLAGS]!;
  const answer = base + RECORD_TCP + direction * TCP_SIDE_WORDS;
  record.fill(0, answer, answer + TCP_SIDE_WORDS);
  bytes[info + RECORD_BYTE_SCALE + direction] = 0;
  bytes[info + RECORD_BYTE_FLAGS + direction]! &= SIDE_LIBERAL;
}

/** A reset that answers a SYN or ACK passed without effect: the flow is closed without a window check. */
export function endsWhatWePassed(
  table: FlowTable,
  flow: number,
  direction: number,
  segment: Segment,
  oldState: number,
): boolean {
  const record = table.record, bytes = table.recordBytes;
  const base = flow * RECORD_WORDS, info = (base + RECORD_BYTES) * 4, status = table.status[flow]!;
  const lastIndex = bytes[info + RECORD_BYTE_LAST_INDEX]!;
  const open = (status & IPS_SEEN_REPLY) !== 0 && lastIndex === TCP_INDEX_SYN &&
    bytes[info + RECORD_BYTE_LAST_DIRECTION] !== direction;
  const half = (status & IPS_ASSURED) === 0 && lastIndex === TCP_INDEX_ACK;
  if ((open || half) && segment.acknowledgement === record[base + RECORD_LAST_END]) return true;
  return oldState === TCP_SYN_SENT && lastIndex === TCP_INDEX_ACK &&
    bytes[info + RECORD_BYTE_LAST_DIRECTION] === REPLY && segment.sequence === record[base + RECORD_LAST_ACK];
}

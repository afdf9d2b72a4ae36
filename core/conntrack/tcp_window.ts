import type { InvalidReasons } from "./invalid.ts";
import {
  RECORD_BYTE_FLAGS,
  RECORD_BYTE_LAST_DIRECTION,
  RECORD_BYTE_RETRANS,
  RECORD_BYTE_SCALE,
  RECORD_BYTE_STATE,
  RECORD_BYTES,
  RECORD_HALF_LAST_WINDOW,
  RECORD_LAST_ACK,
  RECORD_LAST_END,
  RECORD_LAST_SEQ,
  RECORD_TCP,
  RECORD_WORDS,
  TCP_END,
  TCP_MAXACK,
  TCP_MAXEND,
  TCP_MAXWIN,
  TCP_SIDE_WORDS,
} from "./layout.ts";
import { ORIGINAL, REPLY } from "./status.ts";
import type { FlowTable } from "./table.ts";
import type { Switches } from "./timeouts.ts";
import {
  SIDE_LIBERAL,
  SIDE_MAXACK_SET,
  SIDE_SACK_PERMITTED,
  SIDE_UNACKNOWLEDGED,
  SIDE_WINDOW_SCALE,
  tcpHighestSack,
  tcpSynOptions,
} from "./tcp_options.ts";
import { TCP_INDEX_ACK, TCP_SYN_RECV, TCP_SYN_SENT } from "./tcp_states.ts";
import { TCP_ACK, TCP_RST, TCP_SYN } from "../packet/tcp.ts";

/** What the window check says. IGNORE: let it pass, but it changes nothing. */
export const WINDOW_IGNORE = 0;
export const WINDOW_INVALID = 1;
export const WINDOW_ACCEPT = 2;

/** Serial number arithmetic modulo 2^32. */
export const before = (a: number, b: number): boolean => ((a - b) | 0) < 0;
export const after = (a: number, b: number): boolean => ((b - a) | 0) < 0;

/** An ACK may lag this far behind, at least (MAXACKWINCONST). */
const LEAST_ACK_WINDOW = 66000;

/** The segment under consideration, read once by the tracker. */
export interface Segment {
  bytes: Uint8Array;
  /** Start of the TCP header. */
  at: number;
  flags: number;
  index: number;
  sequence: number;
  acknowledgement: number;
  /** sequence + data + SYN + FIN. */
  end: number;
  window: number;
}

/**
 * Window tracking after Guido van Rooij, "Real Stateful TCP Packet Filtering in IP Filter", with the kernel's
 * amendments (tcp_in_window). For each side: END, the highest sequence number it sent; MAXEND, the highest the
 * other side's window lets it send; MAXWIN, the largest window it offered; MAXACK, the highest it acknowledged.
 *
 *   I    sequence <= sender's MAXEND
 *   II   end >= sender's END - receiver's MAXWIN
 *   III  (s)ack <= receiver's END
 *   IV   (s)ack >= receiver's END - max(sender's MAXWIN, 66000)
 */
export function tcpInWindow(
  table: FlowTable,
  flow: number,
  direction: number,
  segment: Segment,
  switches: Switches,
  reasons: InvalidReasons,
): number {
  const record = table.record, base = flow * RECORD_WORDS, bytes = table.recordBytes;
  const info = (base + RECORD_BYTES) * 4;
  const sender = base + RECORD_TCP + direction * TCP_SIDE_WORDS;
  const receiver = base + RECORD_TCP + (1 - direction) * TCP_SIDE_WORDS;
  const senderFlags = info + RECORD_BYTE_FLAGS + direction;
  const receiverFlags = info + RECORD_BYTE_FLAGS + 1 - direction;
  const flags = segment.flags, raw = segment.window;
  let sequence = segment.sequence, end = segment.end, window = raw;
  let ack = segment.acknowledgement, sack = ack;

  if ((bytes[receiverFlags]! & SIDE_SACK_PERMITTED) !== 0) {
    sack = tcpHighestSack(segment.bytes, segment.at, ack);
  }

  if (record[sender + TCP_MAXWIN] === 0) {
    if ((flags & TCP_SYN) !== 0) {
      initSide(table, flow, direction, segment);
      if ((flags & TCP_ACK) === 0) return WINDOW_ACCEPT;
    } else {
      // In the middle of a connection: its history is lost, take what the packet says.
      const offered = (window << bytes[info + RECORD_BYTE_SCALE + direction]!) >>> 0 || 1;
      record[sender + TCP_END] = end;
      record[sender + TCP_MAXWIN] = offered;
      record[sender + TCP_MAXEND] = end + offered;
      if (record[receiver + TCP_MAXWIN] === 0) {
        record[receiver + TCP_END] = record[receiver + TCP_MAXEND] = sack;
      } else if (sack === ((record[receiver + TCP_END]! + 1) >>> 0)) {
        // The answer to a keep-alive, probably.
        record[receiver + TCP_END]! += 1;
      }
    }
  } else if ((flags & TCP_SYN) !== 0 && after(end, record[sender + TCP_END]!)) {
    const state = bytes[info + RECORD_BYTE_STATE]!;
    if (state === TCP_SYN_SENT || state === TCP_SYN_RECV) {
      // RFC 9293 3.5: a new opening with a higher sequence number starts the side anew.
      initSide(table, flow, direction, segment);
      if (direction === REPLY && (flags & TCP_ACK) === 0) return WINDOW_ACCEPT;
    }
  }

  const receiverEnd = record[receiver + TCP_END]!;
  // No ACK counts as a good one, and so does the zero some stacks put into a reset.
  if ((flags & TCP_ACK) === 0 || ((flags & TCP_RST) !== 0 && ack === 0)) ack = sack = receiverEnd;
  // A reset that answers a SYN carries no sequence number.
  if ((flags & TCP_RST) !== 0 && sequence === 0 && bytes[info + RECORD_BYTE_STATE] === TCP_SYN_SENT) {
    sequence = end = record[sender + TCP_END]!;
  }

  const liberal = switches.tcpLiberal || (bytes[senderFlags]! & SIDE_LIBERAL) !== 0;
  const senderEnd = record[sender + TCP_END]!, senderMaxend = record[sender + TCP_MAXEND]!;
  const receiverMaxwin = record[receiver + TCP_MAXWIN]!;
  const lowestAck = receiverEnd - Math.max(record[sender + TCP_MAXWIN]!, LEAST_ACK_WINDOW) - 1;
  const notTooOld = after(end, senderEnd - receiverMaxwin - 1);

  if (!before(sequence, senderMaxend + 1)) {
    const overshoot = (end - senderMaxend + 1) >>> 0;
    if (
      receiverMaxwin !== 0 && notTooOld && after(sack, lowestAck) && overshoot <= receiverMaxwin &&
      before(sack, receiverEnd + 1)
    ) {
      // A sender that overruns the window a little: remember its end, so that the ACK of it is not refused.
      record[sender + TCP_END] = end;
      bytes[senderFlags]! |= SIDE_UNACKNOWLEDGED;
      return liberal ? WINDOW_ACCEPT : WINDOW_IGNORE;
    }
    if (liberal) return WINDOW_ACCEPT;
    reasons.tcp_sequence++;
    return WINDOW_INVALID;
  }
  if (!before(sack, receiverEnd + 1)) {
    if (liberal) return WINDOW_ACCEPT;
    reasons.tcp_acknowledgement++;
    return WINDOW_INVALID;
  }
  // Data acknowledged long ago, sent again; or an ACK much delayed: harmless, but nothing to learn from.
  if ((receiverMaxwin !== 0 && !notTooOld) || !after(sack, lowestAck)) {
    return liberal ? WINDOW_ACCEPT : WINDOW_IGNORE;
  }

  if ((flags & TCP_SYN) === 0) window = (window << bytes[info + RECORD_BYTE_SCALE + direction]!) >>> 0;
  const reach = (window + (sack - ack)) >>> 0;
  if (record[sender + TCP_MAXWIN]! < reach) record[sender + TCP_MAXWIN] = reach;
  if (after(end, senderEnd)) {
    record[sender + TCP_END] = end;
    bytes[senderFlags]! |= SIDE_UNACKNOWLEDGED;
  }
  if ((flags & TCP_ACK) !== 0) {
    if ((bytes[senderFlags]! & SIDE_MAXACK_SET) === 0) {
      record[sender + TCP_MAXACK] = ack;
      bytes[senderFlags]! |= SIDE_MAXACK_SET;
    } else if (after(ack, record[sender + TCP_MAXACK]!)) record[sender + TCP_MAXACK] = ack;
  }
  if (receiverMaxwin !== 0 && after(end, senderMaxend)) record[receiver + TCP_MAXWIN]! += end - senderMaxend;
  if (after(sack + window, record[receiver + TCP_MAXEND]! - 1)) {
    record[receiver + TCP_MAXEND] = sack + window + (window === 0 ? 1 : 0);
  }
  if (ack === receiverEnd) bytes[receiverFlags]! &= ~SIDE_UNACKNOWLEDGED;
  if (segment.index === TCP_INDEX_ACK) noteRetransmission(table, flow, direction, sequence, ack, end, raw);
  return WINDOW_ACCEPT;
}

/** First SYN or SYN+ACK of a side (tcp_init_sender). */
function initSide(table: FlowTable, flow: number, direction: number, segment: Segment): void {
  const base = flow * RECORD_WORDS, side = base + RECORD_TCP + direction * TCP_SIDE_WORDS;
  const record = table.record, bytes = table.recordBytes, info = (base + RECORD_BYTES) * 4;
  record[side + TCP_END] = record[side + TCP_MAXEND] = segment.end;
  record[side + TCP_MAXWIN] = segment.window || 1;
  takeSynOptions(table, flow, direction, segment);
  // RFC 7323 2.2: scaling is on only when both sides sent the option.
  if (direction !== REPLY) return;
  const both = bytes[info + RECORD_BYTE_FLAGS + ORIGINAL]! & bytes[info + RECORD_BYTE_FLAGS + REPLY]!;
  if ((both & SIDE_WINDOW_SCALE) === 0) {
    bytes[info + RECORD_BYTE_SCALE + ORIGINAL] = bytes[info + RECORD_BYTE_SCALE + REPLY] = 0;
  }
}

/** Stores a SYN's scale and flags for its side; LIBERAL stays. */
export function takeSynOptions(table: FlowTable, flow: number, direction: number, segment: Segment): void {
  const options = tcpSynOptions(segment.bytes, segment.at);
  if (options < 0) return;
  const bytes = table.recordBytes, info = (flow * RECORD_WORDS + RECORD_BYTES) * 4;
  const at = info + RECORD_BYTE_FLAGS + direction;
  bytes[info + RECORD_BYTE_SCALE + direction] = options & 0xff;
  bytes[at] = (bytes[at]! & SIDE_LIBERAL) | (options >>> 8);
}

/** Counts equal ACK segments in a row: unanswered retransmissions shorten the flow's life. */
function noteRetransmission(
  table: FlowTable,
  flow: number,
  direction: number,
  sequence: number,
  ack: number,
  end: number,
  window: number,
): void {
  const record = table.record, base = flow * RECORD_WORDS;
  const bytes = table.recordBytes, info = (base + RECORD_BYTES) * 4;
  const half = (base + RECORD_BYTES) * 2 + RECORD_HALF_LAST_WINDOW;
  if (
    bytes[info + RECORD_BYTE_LAST_DIRECTION] === direction && record[base + RECORD_LAST_SEQ] === sequence &&
    record[base + RECORD_LAST_ACK] === ack && record[base + RECORD_LAST_END] === end &&
    table.recordHalves[half] === window
  ) {
    bytes[info + RECORD_BYTE_RETRANS]! += 1;
    return;
  }
  bytes[info + RECORD_BYTE_LAST_DIRECTION] = direction;
  record[base + RECORD_LAST_SEQ] = sequence;
  record[base + RECORD_LAST_ACK] = ack;
  record[base + RECORD_LAST_END] = end;
  table.recordHalves[half] = window;
  bytes[info + RECORD_BYTE_RETRANS] = 0;
}

import type { PacketBatch } from "../packet/batch.ts";
import { u16, u32 } from "../packet/bytes.ts";
import {
  TCP,
  TCP_ACK,
  TCP_CWR,
  TCP_ECE,
  TCP_FIN,
  TCP_PSH,
  TCP_RST,
  TCP_SYN,
  TCP_URG,
  tcpHeaderLength,
} from "../packet/tcp.ts";
import type { InvalidReasons } from "./invalid.ts";
import {
  RECORD_BYTE_FLAGS,
  RECORD_BYTE_LAST_DIRECTION,
  RECORD_BYTE_LAST_FLAGS,
  RECORD_BYTE_LAST_INDEX,
  RECORD_BYTE_RETRANS,
  RECORD_BYTE_STATE,
  RECORD_BYTES,
  RECORD_HALF_LAST_WINDOW,
  RECORD_TCP,
  RECORD_WORDS,
  TCP_END,
  TCP_MAXEND,
  TCP_MAXWIN,
} from "./layout.ts";
import { IPS_ASSURED, IPS_CONFIRMED, IPS_FIXED_TIMEOUT, IPS_SEEN_REPLY, ORIGINAL, REPLY } from "./status.ts";
import type { FlowTable } from "./table.ts";
import { answersIgnoredSyn, endsWhatWePassed, noteIgnored, resynchronise } from "./tcp_noted.ts";
import {
  LAST_CHALLENGE_ACK,
  LAST_SIMULTANEOUS_OPEN,
  SIDE_CLOSE_INIT,
  SIDE_LIBERAL,
  SIDE_SACK_PERMITTED,
  SIDE_UNACKNOWLEDGED,
} from "./tcp_options.ts";
import { judgeReset, RESET_INVALID, RESET_KNOWN, RESET_SURE, RESET_UNPROVEN } from "./tcp_reset.ts";
import {
  TCP_CLOSE,
  TCP_ESTABLISHED,
  TCP_FIN_WAIT,
  TCP_INDEX_ACK,
  TCP_INDEX_FIN,
  TCP_INDEX_NONE,
  TCP_INDEX_RST,
  TCP_INDEX_SYN,
  TCP_INDEX_SYNACK,
  TCP_LAST_ACK,
  TCP_NONE,
  TCP_STATE_IGNORE,
  TCP_STATE_INVALID,
  TCP_STATES,
  TCP_SYN_RECV,
  TCP_SYN_SENT,
  TCP_SYN_SENT2,
  TCP_TIME_WAIT,
  tcpTransition,
} from "./tcp_states.ts";
import { type Segment, takeSynOptions, tcpInWindow, WINDOW_ACCEPT, WINDOW_IGNORE } from "./tcp_window.ts";
import type { TimeoutPolicies } from "./policies.ts";
import { TcpTimeouts } from "./tcp_timeouts.ts";
import type { Switches, Timeouts } from "./timeouts.ts";
import { TRACK_ACCEPT, TRACK_INVALID, TRACK_REPEAT } from "./verdict.ts";

/**
 * TCP tracker (nf_conntrack_tcp_packet).
 *
 * Overview    the transition table names the state a segment would lead to; a dozen exceptions look at what was
 *             passed before (`last_*`); the window check has the last word. A packet whose effect is uncertain is
 *             passed and noted, the peer's answer then decides.
 * Ownership   the flow's record; nothing between packets is kept here but the segment being looked at.
 */
export class TcpTracker {
  readonly #table: FlowTable;
  readonly #reasons: InvalidReasons;
  readonly #switches: Switches;
  readonly #defaults: TcpTimeouts;
  readonly #policies: TimeoutPolicies;
  /** Of the flow being looked at. */
  #timeouts: TcpTimeouts;
  readonly #segment: Segment = {
    bytes: new Uint8Array(0),
    at: 0,
    flags: 0,
    index: 0,
    sequence: 0,
    acknowledgement: 0,
    end: 0,
    window: 0,
  };

  constructor(
    table: FlowTable,
    timeouts: Timeouts,
    policies: TimeoutPolicies,
    switches: Switches,
    reasons: InvalidReasons,
  ) {
    this.#table = table;
    this.#reasons = reasons;
    this.#switches = switches;
    this.#defaults = this.#timeouts = new TcpTimeouts(timeouts);
    this.#policies = policies;
  }

  /** Reads the segment and judges its flags; false: INVALID, whatever flow it is of. */
  read(batch: PacketBatch, row: number): boolean {
    const b = batch.bytes(row), at = batch.transport[row]!, s = this.#segment;
    const flags = b[at + TCP.flags]!;
    if (VALID_FLAGS[flags & ~(TCP_ECE | TCP_CWR | TCP_PSH)] === 0) {
      this.#reasons.tcp_flags++;
      return false;
    }
    s.bytes = b;
    s.at = at;
    s.flags = flags;
    s.index = (flags & TCP_RST) !== 0
      ? TCP_INDEX_RST
      : (flags & TCP_SYN) !== 0
      ? ((flags & TCP_ACK) !== 0 ? TCP_INDEX_SYNACK : TCP_INDEX_SYN)
      : (flags & TCP_FIN) !== 0
      ? TCP_INDEX_FIN
      : (flags & TCP_ACK) !== 0
      ? TCP_INDEX_ACK
      : TCP_INDEX_NONE;
    s.sequence = u32(b, at + TCP.sequence);
    s.acknowledgement = u32(b, at + TCP.acknowledgement);
    s.window = u16(b, at + TCP.window);
    const data = batch.end[row]! - at - tcpHeaderLength(b, at);
    s.end = (s.sequence + data + ((flags & TCP_SYN) !== 0 ? 1 : 0) + ((flags & TCP_FIN) !== 0 ? 1 : 0)) >>> 0;
    return true;
  }

  /** Sets up a flow from the segment just read (tcp_new); false when it cannot open one. */
  open(flow: number): boolean {
    const s = this.#segment;
    const state = tcpTransition(ORIGINAL, s.index, TCP_NONE);
    if (state >= TCP_STATES) {
      this.#reasons.tcp_state++;
      return false;
    }
    if (state !== TCP_SYN_SENT && !this.#switches.tcpLoose) return false;
    const table = this.#table, record = table.record, base = flow * RECORD_WORDS, side = base + RECORD_TCP;
    const info = (base + RECORD_BYTES) * 4, window = s.window || 1;
    record[side + TCP_END] = s.end;
    record[side + TCP_MAXWIN] = window;
    if (state === TCP_SYN_SENT) {
      record[side + TCP_MAXEND] = s.end;
      takeSynOptions(table, flow, ORIGINAL, s);
    } else {
      // Picked up in the middle: the window scale is not known, so windows are not held against it.
      record[side + TCP_MAXEND] = s.end + window;
      table.recordBytes[info + RECORD_BYTE_FLAGS] =
        table.recordBytes[info + RECORD_BYTE_FLAGS + 1] =
          SIDE_SACK_PERMITTED | SIDE_LIBERAL;
    }
    table.recordBytes[info + RECORD_BYTE_LAST_INDEX] = TCP_INDEX_NONE;
    return true;
  }

  /** Judges the segment just read as one of `flow` and moves the flow on. */
  packet(batch: PacketBatch, row: number, flow: number, direction: number, now: number): number {
    const s = this.#segment, table = this.#table, bytes = table.recordBytes;
    const base = flow * RECORD_WORDS, info = (base + RECORD_BYTES) * 4;
    const index = s.index;
    this.#timeouts = (this.#policies.count === 0 ? undefined : this.#policies.tcp(flow)) ?? this.#defaults;
    let oldState = bytes[info + RECORD_BYTE_STATE]!;
    let newState = tcpTransition(direction, index, oldState);
    let check = true;

    switch (newState) {
      case TCP_STATE_INVALID:
        this.#reasons.tcp_state++;
        return TRACK_INVALID;
      case TCP_SYN_SENT:
      case TCP_STATE_IGNORE:
        if (newState === TCP_SYN_SENT) {
          if (oldState < TCP_TIME_WAIT) break;
          if (this.#reopens(info, direction)) {
            table.destroy(flow);
            return TRACK_REPEAT;
          }
        }
        if (!answersIgnoredSyn(table, flow, direction, s)) {
          noteIgnored(table, flow, direction, s, oldState);
          return TRACK_ACCEPT;
        }
        // The ends agree on a SYN we had passed as out of order: follow them.
        resynchronise(table, flow, direction);
        oldState = TCP_SYN_SENT;
        newState = TCP_SYN_RECV;
        break;
      case TCP_TIME_WAIT:
        // RFC 5961: an ACK that challenges a SYN does not acknowledge the last FIN.
        if (
          oldState === TCP_LAST_ACK && index === TCP_INDEX_ACK &&
          bytes[info + RECORD_BYTE_LAST_DIRECTION] !== direction &&
          bytes[info + RECORD_BYTE_LAST_INDEX] === TCP_INDEX_SYN &&
          (bytes[info + RECORD_BYTE_LAST_FLAGS]! & LAST_CHALLENGE_ACK) !== 0
        ) {
          bytes[info + RECORD_BYTE_LAST_FLAGS]! &= ~LAST_CHALLENGE_ACK;
          return TRACK_ACCEPT;
        }
        break;
      case TCP_SYN_SENT2:
        bytes[info + RECORD_BYTE_LAST_FLAGS]! |= LAST_SIMULTANEOUS_OPEN;
        break;
      case TCP_SYN_RECV:
        if (
          direction === REPLY && index === TCP_INDEX_ACK &&
          (bytes[info + RECORD_BYTE_LAST_FLAGS]! & LAST_SIMULTANEOUS_OPEN) !== 0
        ) newState = TCP_ESTABLISHED;
        break;
      case TCP_CLOSE: {
        if (index !== TCP_INDEX_RST) break;
        const reset = judgeReset(table, flow, direction, s, oldState, this.#switches.tcpIgnoreInvalidRst);
        if (reset === RESET_INVALID) {
          this.#reasons.tcp_reset++;
          return TRACK_INVALID;
        }
        if (reset === RESET_UNPROVEN) newState = oldState;
        check = reset !== RESET_SURE &&
          (reset === RESET_KNOWN || !endsWhatWePassed(table, flow, direction, s, oldState));
      }
    }

    if (check) {
      const verdict = tcpInWindow(table, flow, direction, s, this.#switches, this.#reasons);
      if (verdict === WINDOW_IGNORE) return TRACK_ACCEPT;
      if (verdict !== WINDOW_ACCEPT) {
        this.#shorten(flow, direction, now);
        return TRACK_INVALID;
      }
    }

    bytes[info + RECORD_BYTE_LAST_INDEX] = index;
    bytes[info + RECORD_BYTE_LAST_DIRECTION] = direction;
    bytes[info + RECORD_BYTE_STATE] = newState;
    if (oldState !== newState && newState === TCP_FIN_WAIT) {
      bytes[info + RECORD_BYTE_FLAGS + direction]! |= SIDE_CLOSE_INIT;
    }
    let timeout = this.#timeout(base, info, newState, index);
    const status = table.status[flow]!;
    if ((status & IPS_SEEN_REPLY) === 0) {
      if (index === TCP_INDEX_RST) {
        // A reset is the only answer: no connection, common enough to forget it at once.
        table.account(flow, direction, batch.end[row]! - batch.network[row]!);
        table.destroy(flow);
        return TRACK_ACCEPT;
      }
      // A repeated SYN does not prolong: else reused ports could keep an entry alive for ever.
      if (index === TCP_INDEX_SYN && oldState === TCP_SYN_SENT) return TRACK_ACCEPT;
      if (newState === TCP_ESTABLISHED && timeout > this.#timeouts.unacknowledged) {
        timeout = this.#timeouts.unacknowledged;
      }
    } else if (
      (status & IPS_ASSURED) === 0 && newState === TCP_ESTABLISHED &&
      (oldState === TCP_SYN_RECV || oldState === TCP_ESTABLISHED)
    ) table.assure(flow);
    table.refresh(flow, timeout, now);
    table.account(flow, direction, batch.end[row]! - batch.network[row]!);
    return TRACK_ACCEPT;
  }

  /** The connection is cut off: what its ends say of it does not count any more. */
  close(flow: number, now: number): void {
    const table = this.#table, at = (flow * RECORD_WORDS + RECORD_BYTES) * 4 + RECORD_BYTE_STATE;
    const old = table.recordBytes[at];
    table.recordBytes[at] = TCP_CLOSE;
    if (old !== TCP_CLOSE) table.refresh(flow, this.#defaults.states[TCP_CLOSE]!, now);
  }

  /** Whether a SYN in TIME_WAIT or CLOSE may open anew (RFC 9293 3.6.1): the old connection was closed in order. */
  #reopens(info: number, direction: number): boolean {
    const bytes = this.#table.recordBytes;
    const either = bytes[info + RECORD_BYTE_FLAGS]! | bytes[info + RECORD_BYTE_FLAGS + 1]!;
    return (either & SIDE_CLOSE_INIT) !== 0 ||
      (bytes[info + RECORD_BYTE_LAST_DIRECTION] === direction &&
        bytes[info + RECORD_BYTE_LAST_INDEX] === TCP_INDEX_RST);
  }

  #timeout(base: number, info: number, state: number, index: number): number {
    const bytes = this.#table.recordBytes,
      { states, retransmission, unacknowledged } = this.#timeouts,
      timeout = states[state]!;
    if (
      bytes[info + RECORD_BYTE_RETRANS]! >= this.#switches.tcpMaxRetrans && timeout > retransmission
    ) {
      return retransmission;
    }
    if (index === TCP_INDEX_RST) return states[TCP_CLOSE]!;
    const either = bytes[info + RECORD_BYTE_FLAGS]! | bytes[info + RECORD_BYTE_FLAGS + 1]!;
    if ((either & SIDE_UNACKNOWLEDGED) !== 0 && timeout > unacknowledged) return unacknowledged;
    const window = this.#table.recordHalves[(base + RECORD_BYTES) * 2 + RECORD_HALF_LAST_WINDOW];
    return window === 0 && timeout > retransmission ? retransmission : timeout;
  }

  /** FIN or RST of both sides outside our window: the ends are closing, do not wait five days for it. */
  #shorten(flow: number, direction: number, now: number): void {
    const table = this.#table, bytes = table.recordBytes, index = this.#segment.index;
    const info = (flow * RECORD_WORDS + RECORD_BYTES) * 4, status = table.status[flow]!;
    if ((status & (IPS_ASSURED | IPS_FIXED_TIMEOUT)) !== IPS_ASSURED || (status & IPS_CONFIRMED) === 0) {
      return;
    }
    if (index !== TCP_INDEX_RST && index !== TCP_INDEX_FIN) return;
    const last = bytes[info + RECORD_BYTE_LAST_INDEX]!;
    if (
      bytes[info + RECORD_BYTE_LAST_DIRECTION] !== direction &&
      (last === TCP_INDEX_FIN || last === TCP_INDEX_RST)
    ) {
      const left = table.expiration(flow, now);
      if (left >= 120_000 && left > this.#defaults.unacknowledged) {
        table.refresh(flow, this.#defaults.unacknowledged, now);
      }
      return;
    }
    bytes[info + RECORD_BYTE_LAST_INDEX] = index;
    bytes[info + RECORD_BYTE_LAST_DIRECTION] = direction;
  }
}

/** By FIN, SYN, RST, ACK and URG; the other flags are always allowed. */
const VALID_FLAGS = new Uint8Array(64);
for (
  const flags of [
    TCP_SYN,
    TCP_SYN | TCP_URG,
    TCP_SYN | TCP_ACK,
    TCP_RST,
    TCP_RST | TCP_ACK,
    TCP_FIN | TCP_ACK,
    TCP_FIN | TCP_ACK | TCP_URG,
    TCP_ACK,
    TCP_ACK | TCP_URG,
  ]
) VALID_FLAGS[flags] = 1;

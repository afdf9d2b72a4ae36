import type { Address } from "../packet/address.ts";
import type { StateAlgorithms, Transform } from "./algorithms.ts";
import { Order } from "./order.ts";
import { Replay } from "./replay.ts";
import { familyOf, type InterfaceIndex, type Selector, SelectorMatch } from "./selector.ts";

/** A security association in the words of `ip xfrm state`. */
export interface StateOptions {
  readonly source: Address;
  readonly destination: Address;
  readonly spi: number;
  readonly mode: Mode;
  readonly algorithms: StateAlgorithms;
  readonly reqid?: number;
  /** Packets that may use it: `(packet mark & mask) == value`. */
  readonly mark?: Mark;
  /** Mark given to packets on their way out of it: bits of `mask` become `value`. */
  readonly outputMark?: Mark;
  /** Sequence numbers, 0..4096; 0: no check. */
  readonly replayWindow?: number;
  readonly flags?: readonly StateFlag[];
  /** Don't-fragment of tunnel headers over IPv4: as inside (unless told), always, or never (flag nopmtudisc). */
  readonly df?: "copy" | "set" | "clear";
  readonly encapsulation?: Encapsulation;
  readonly selector?: Selector;
  readonly limits?: Limits;
  /** Sequence numbers to go on from: low, high. */
  readonly outSequence?: readonly [number, number];
  readonly inSequence?: readonly [number, number];
  /** XORed to the 64-bit sequence number to make an iv; random unless told. Tests set it. */
  readonly ivSalt?: readonly [number, number];
}

export type Mode = "tunnel" | "transport";
export const STATE_FLAGS = [
  "noecn",
  "decap-dscp",
  "nopmtudisc",
  "icmp",
  "af-unspec",
  "align4",
  "esn",
] as const;
export const EXTRA_FLAGS = ["dont-encap-dscp", "oseq-may-wrap"] as const;
export type StateFlag = typeof STATE_FLAGS[number] | typeof EXTRA_FLAGS[number];

export interface Mark {
  readonly value: number;
  readonly mask: number;
}

/** UDP encapsulation, RFC 3948. */
export interface Encapsulation {
  readonly type: "espinudp";
  readonly sourcePort: number;
  readonly destinationPort: number;
}

/** Lifetimes; what is missing has no limit. Seconds, bytes of payload, packets. */
export interface Limits {
  readonly timeSoft?: number;
  readonly timeHard?: number;
  readonly timeUseSoft?: number;
  readonly timeUseHard?: number;
  readonly byteSoft?: number;
  readonly byteHard?: number;
  readonly packetSoft?: number;
  readonly packetHard?: number;
}

/** VALID, EXPIRED (a limit, or its sequence numbers, came to an end), DEAD (taken away). */
export type Condition = typeof VALID | typeof EXPIRED | typeof DEAD;
export const VALID = 0;
export const EXPIRED = 1;
export const DEAD = 2;

/** Columns of `State.lives`. Times are monotonic milliseconds; USED is 0 before the first packet. */
export const BYTES = 0;
export const PACKETS = 1;
export const ADDED = 2;
export const USED = 3;
/** Errors as `ip -s xfrm state` has them. */
export const REPLAY_WINDOW_ERRORS = 4;
export const REPLAY_ERRORS = 5;
export const INTEGRITY_ERRORS = 6;
/** Dummy packets (RFC 4303 2.6) thrown away. */
export const DUMMIES = 7;

/** Words of sequence numbers a state has: the last one sent, the highest one taken; low, high. */
export const NUMBERS = 4;

/** A state in the database: what packets ask of it, computed once. */
export class State {
  /** Its number in the database, free for another after it is dead and nothing is under way. */
  readonly row: number;
  options: StateOptions;
  /** What a config says of it, where one does. */
  configured: StateOptions | undefined;
  readonly family: 4 | 6;
  readonly source: Uint32Array;
  readonly destination: Uint32Array;
  readonly spi: number;
  readonly reqid: number;
  readonly tunnel: boolean;
  /** Packets of this family go through it; 0: of both (flag af-unspec). */
  readonly inner: 4 | 6 | 0;
  readonly esn: boolean;
  readonly mayWrap: boolean;
  readonly noEcn: boolean;
  readonly decapDscp: boolean;
  readonly encapDscp: boolean;
  readonly df: "copy" | "set" | "clear";
  readonly transform: Transform;
  readonly session: number;
  readonly replay: Replay;
  readonly selector: SelectorMatch | undefined;
  /** Last sequence number sent: low, high. */
  readonly sequence: Uint32Array;
  readonly ivSalt = new Uint32Array(2);
  readonly lives = new Float64Array(8);
  readonly outOrder = new Order();
  readonly inOrder = new Order();
  condition: Condition = VALID;
  /** A soft limit was told. */
  dying = false;
  /** Requests under way. */
  inFlight = 0;
  /** Learned of the way to its other end: an MTU, and until when it holds (monotonic milliseconds). */
  pathMtu = 0;
  pathMtuUntil = 0;
  /** IPv4 identification of its next packet that may be fragmented. */
  identification = 0;

  constructor(
    row: number,
    options: StateOptions,
    transform: Transform,
    session: number,
    index: InterfaceIndex,
    numbers: Uint32Array = new Uint32Array(NUMBERS),
  ) {
    const flags = options.flags ?? [];
    this.row = row;
    this.options = options;
    this.family = options.destination.family;
    this.source = Uint32Array.from(options.source.words);
    this.destination = Uint32Array.from(options.destination.words);
    this.spi = options.spi;
    this.reqid = options.reqid ?? 0;
    this.tunnel = options.mode === "tunnel";
    const own = options.selector === undefined ? this.family : familyOf(options.selector);
    this.inner = flags.includes("af-unspec") ? 0 : own;
    this.esn = flags.includes("esn");
    this.mayWrap = flags.includes("oseq-may-wrap");
    this.noEcn = flags.includes("noecn");
    this.decapDscp = flags.includes("decap-dscp");
    this.encapDscp = !flags.includes("dont-encap-dscp");
    this.df = options.df ?? (flags.includes("nopmtudisc") ? "clear" : "copy");
    this.transform = transform;
    this.session = session;
    this.sequence = numbers.subarray(0, 2);
    this.replay = new Replay(options.replayWindow ?? 0, this.esn, numbers.subarray(2, 4));
    this.selector = options.selector === undefined ? undefined : new SelectorMatch(options.selector, index);
    this.sequence.set(options.outSequence ?? [0, 0]);
    const [low, high] = options.inSequence ?? [0, 0];
    if (low !== 0 || high !== 0) this.replay.advance(low, high);
  }

  /**
   * Moves to the next sequence number; false when there is none (RFC 4303 3.3.3: the counter must not cycle). The first
   * packet of a state carries 1, and its iv is made of 1 too.
   */
  nextSequence(): boolean {
    const sequence = this.sequence;
    if (sequence[0] === 0xffffffff) {
      if (this.esn ? sequence[1] === 0xffffffff : !this.mayWrap) return false;
      if (this.esn) sequence[1]! += 1;
    }
    sequence[0]! += 1;
    return true;
  }
}

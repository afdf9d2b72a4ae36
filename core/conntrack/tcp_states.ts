/**
 * TCP states as a middlebox sees them and the table that moves between them (the kernel's tcp_conntracks).
 *
 * SYN_SENT2 is a SYN from the other side as well (simultaneous open). FIN_WAIT: a FIN was seen; CLOSE_WAIT: it was
 * acknowledged; LAST_ACK: FINs of both sides; TIME_WAIT: the last one acknowledged; CLOSE: reset.
 */
export const TCP_NONE = 0;
export const TCP_SYN_SENT = 1;
export const TCP_SYN_RECV = 2;
export const TCP_ESTABLISHED = 3;
export const TCP_FIN_WAIT = 4;
export const TCP_CLOSE_WAIT = 5;
export const TCP_LAST_ACK = 6;
export const TCP_TIME_WAIT = 7;
export const TCP_CLOSE = 8;
export const TCP_SYN_SENT2 = 9;
export const TCP_STATES = 10;
/** The packet is INVALID. */
export const TCP_STATE_INVALID = 10;
/** Passed without changing anything: our view may be out of step, the ends will tell (challenge ACK, RST). */
export const TCP_STATE_IGNORE = 11;

export const TCP_STATE_NAMES: readonly string[] = [
  "NONE",
  "SYN_SENT",
  "SYN_RECV",
  "ESTABLISHED",
  "FIN_WAIT",
  "CLOSE_WAIT",
  "LAST_ACK",
  "TIME_WAIT",
  "CLOSE",
  "SYN_SENT2",
];

/** Which of the flags decides. */
export const TCP_INDEX_SYN = 0;
export const TCP_INDEX_SYNACK = 1;
export const TCP_INDEX_FIN = 2;
export const TCP_INDEX_ACK = 3;
export const TCP_INDEX_RST = 4;
export const TCP_INDEX_NONE = 5;

const CODES: Record<string, number> = {
  ss: TCP_SYN_SENT,
  sr: TCP_SYN_RECV,
  es: TCP_ESTABLISHED,
  fw: TCP_FIN_WAIT,
  cw: TCP_CLOSE_WAIT,
  la: TCP_LAST_ACK,
  tw: TCP_TIME_WAIT,
  cl: TCP_CLOSE,
  s2: TCP_SYN_SENT2,
  "--": TCP_STATE_INVALID,
  ig: TCP_STATE_IGNORE,
};

/** Rows: SYN, SYN+ACK, FIN, ACK, RST, none; columns: the state before, NONE first. */
const TEXT = [
  // original direction
  // no ss sr es fw cw la tw cl s2
  "ss ss ig ig ig ig ig ss ss s2",
  "-- -- sr -- -- -- -- -- -- sr",
  "-- -- fw fw la la la tw cl --",
  "es -- es es cw cw tw tw cl --",
  "-- cl cl cl cl cl cl cl cl cl",
  "-- -- -- -- -- -- -- -- -- --",
  // reply direction
  "-- s2 -- -- -- -- -- ss -- s2",
  "-- sr ig ig ig ig ig ig ig sr",
  "-- -- fw fw la la la tw cl --",
  "-- ig sr es cw cw tw tw cl ig",
  "-- cl cl cl cl cl cl cl cl cl",
  "-- -- -- -- -- -- -- -- -- --",
];

const TABLE = Uint8Array.from(TEXT.join(" ").split(" "), (code) => CODES[code]!);

/** The state after a packet, or TCP_STATE_INVALID / TCP_STATE_IGNORE. */
export const tcpTransition = (direction: number, index: number, state: number): number =>
  TABLE[(direction * 6 + index) * TCP_STATES + state]!;

/** A connection that is closing may be given up when the table is full. */
export const canDropEarly = (state: number): boolean => state >= TCP_FIN_WAIT && state <= TCP_CLOSE;

/**
 * A set or map as the machine searches it: one shape for all back ends, so that the interpreter's code stays
 * monomorphic. Clonable. What `index`, `keys` and `ends` mean is the back end's business:
 *
 *   BITMAP     index: one bit a key (the register's low 16 bits, as they lie)
 *   HASH       index: open addressing, row + 1 or 0; keys: row * keyWords, words as they lie in registers
 *   INTERVAL   keys, ends: first and last key of each row, sorted; words big-endian, as memcmp orders bytes
 *   RANGES     concatenations of ranges: see `ranges.ts`
 *
 * A search answers a row: its place in `data`, `cells` and `expires`; -1 for none.
 */
export interface SetImage {
  /** SET_*. */
  readonly kind: number;
  /** Name, for messages. */
  readonly name: string;
  readonly keyWords: number;
  /** Mask of the key's last word: bytes beyond the key's length do not count. */
  readonly lastMask: number;
  /** Words of data a row; 2 for verdicts (code, target), 0 for a set. */
  readonly dataWords: number;
  /** Elements, the catch-all included. */
  readonly rows: number;
  readonly index: Int32Array;
  readonly keys: Uint32Array;
  readonly ends: Uint32Array;
  readonly data: Uint32Array;
  /** What each row does, as a place in `Program.statements`, 0 for nothing; empty when no row does anything. */
  readonly places: Int32Array;
  /** Most statements a row has. */
  readonly states: number;
  /** First cells of each row's statements, `states` a row, -1 for none; empty when no row has one. */
  readonly cells: Int32Array;
  /** Highest of `cells` + 2; 0 for none. */
  readonly cellsEnd: number;
  /** Of a set that rules change, what declared rows begin with: a pair a statement, `states` a row. */
  readonly initial: Float64Array;
  /** Deadline of each row in milliseconds of `Program.time`, Infinity for none; empty when no element expires. */
  readonly expires: Float64Array;
  /** Row of the catch-all element, -1 for none. */
  readonly catchall: number;
  readonly seed: number;
  /** Images with one number share the rows that `index` knows; 0 for none. */
  readonly base: number;
  /** What differs from the rows that `index` knows; see `changes.ts`. */
  readonly changes?: SetChanges;
  /** Storage of a set that rules change; undefined for others. */
  readonly live?: LiveImage;
}

export interface SetChanges {
  /** Rows behind the base's: a hash's index, or rows of intervals in order. */
  readonly own: Int32Array;
  /** Rows of the base that do not count: row + 1, open addressing. */
  readonly gone: Int32Array;
}

/** Arrays in shared memory, written by the data plane alone once a program that names them is installed. */
export interface LiveImage {
  /** Number that outlives generations. */
  readonly id: number;
  readonly flushes: number;
  readonly capacity: number;
  /** Milliseconds an element that a rule adds lives, when the rule does not say; 0 for ever. */
  readonly timeout: number;
  /** What an element does that a rule adds without saying more: a place in `Program.statements`, 0 for nothing. */
  readonly place: number;
  /** Keys of elements to take out, with the numbers of their commands. */
  readonly removals: { readonly sequences: Int32Array; readonly keys: Int32Array };
  readonly index: Int32Array;
  readonly keys: Uint32Array;
  readonly data: Uint32Array;
  /** What each row does, as a place in `Program.statements`. */
  readonly places: Int32Array;
  /** State of each row's statements: MOST_STATEMENTS pairs a row. */
  readonly states: Float64Array;
  /** By the data plane's clock; Infinity for ever, -1 for a row not in use. */
  readonly expires: Float64Array;
  /** Milliseconds each row lives; 0 for ever. */
  readonly timeouts: Float64Array;
  /** Storage that became too small, for the data plane to take rows over from. */
  readonly from?: LiveImage;
  /** How full it is; `live_rows.ts` alone knows the places. */
  readonly state: Int32Array;
}

export const SET_BITMAP = 0;
export const SET_HASH = 1;
export const SET_INTERVAL = 2;
export const SET_RANGES = 3;

/** Verdict codes in `data`. */
export const CODE_ACCEPT = 0;
export const CODE_DROP = 1;
export const CODE_CONTINUE = 2;
export const CODE_RETURN = 3;
export const CODE_JUMP = 4;
export const CODE_GOTO = 5;
/** Ends the rule; a map's `break`. */
export const CODE_BREAK = 6;

/** A 32-bit word with its bytes in the other order. */
export const swap32 = (word: number): number =>
  ((word << 24) | ((word & 0xff00) << 8) | ((word >>> 8) & 0xff00) | (word >>> 24)) >>> 0;

/** Words of `bytes` as they lie in registers of a little-endian host, zero padded. */
export function hostWords(bytes: Uint8Array, words = (bytes.length + 3) >>> 2): Uint32Array {
  const result = new Uint32Array(words);
  for (let i = 0; i < bytes.length; i++) result[i >>> 2]! |= bytes[i]! << (8 * (i & 3));
  return result;
}

/** The same, big-endian: comparing words in order is comparing bytes in order. */
export function orderWords(bytes: Uint8Array, words = (bytes.length + 3) >>> 2): Uint32Array {
  return hostWords(bytes, words).map(swap32);
}

/** Mask of the last word (as it lies in a register) of a key of so many bytes. */
export const lastMask = (length: number): number =>
  (length & 3) === 0 ? 0xffffffff : 2 ** (8 * (length & 3)) - 1;

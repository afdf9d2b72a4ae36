/**
 * Where everything of a flow table lies in its one buffer.
 *
 * A flow is a record of 128 bytes (two cache lines: what every packet reads and writes), 32 bytes of links and
 * rarely used words, 8 bytes of status and mark, 64 bytes of IPv6 addresses and 24 of labels and the like (pages
 * that no such flow touched cost nothing) and two slots of 8 bytes, at half load, in the index.
 */

/** Words of a record, 32-bit. */
export const RECORD_WORDS = 32;
/** Original tuple: source, destination (IPv4, or the last word of an IPv6 address), ports, meta (see key.ts). */
export const RECORD_ORIGINAL = 0;
/** Reply tuple, the same four words. */
export const RECORD_REPLY = 4;
/** Milliseconds modulo 2^32; of an unconfirmed flow, the timeout it will get. */
export const RECORD_DEADLINE = 8;
/** Wheel tick the row is filed under. */
export const RECORD_TICK = 9;
/** Twelve bytes, RECORD_BYTE_*. */
export const RECORD_BYTES = 10;
export const RECORD_LAST_SEQ = 13;
export const RECORD_LAST_ACK = 14;
export const RECORD_LAST_END = 15;
/** UDP and GRE: from when on the flow counts as a stream, milliseconds modulo 2^32. */
export const RECORD_STREAM_AT = 13;
/** Two doubles each: packets and bytes, original then reply; index in doubles. */
export const RECORD_PACKETS = 8;
export const RECORD_OCTETS = 10;
export const RECORD_DOUBLES = RECORD_WORDS / 2;
/** TCP per direction: four words, original then reply. */
export const RECORD_TCP = 24;
export const TCP_END = 0;
export const TCP_MAXEND = 1;
export const TCP_MAXWIN = 2;
export const TCP_MAXACK = 3;
export const TCP_SIDE_WORDS = 4;

/** Bytes of RECORD_BYTES. Scale and flags are pairs: original, reply. */
export const RECORD_BYTE_STATE = 0;
export const RECORD_BYTE_LAST_DIRECTION = 1;
export const RECORD_BYTE_LAST_INDEX = 2;
export const RECORD_BYTE_RETRANS = 3;
export const RECORD_BYTE_LAST_SCALE = 4;
export const RECORD_BYTE_LAST_FLAGS = 5;
export const RECORD_BYTE_SCALE = 6;
export const RECORD_BYTE_FLAGS = 8;
/** 16-bit window at bytes 10 and 11. */
export const RECORD_HALF_LAST_WINDOW = 5;

/** Links and rarely used words. */
export const LINK_WORDS = 8;
export const LINK_WHEEL_NEXT = 0;
export const LINK_WHEEL_PREVIOUS = 1;
export const LINK_QUEUE_NEXT = 2;
export const LINK_QUEUE_PREVIOUS = 3;
/** Row + 1 of the flow this one was expected by; 0 for none. */
export const LINK_MASTER = 4;
/** Four bytes in word 5. References: packets that name the flow while it is unconfirmed. */
export const LINK_BYTE_REFERENCES = 20;
export const LINK_BYTE_HELPER = 21;
export const LINK_BYTE_MASQUERADE = 22;
/** LINK_FLAG_*. */
export const LINK_BYTE_FLAGS = 23;
/** The reply key is in the index. */
export const LINK_FLAG_ANSWERABLE = 1;
/** The row's ASSIGNED_* words count. */
export const LINK_FLAG_ASSIGNED = 2;
/** Wall-clock start in milliseconds, a double. */
export const LINK_START = 3;

/** What rules assign to few flows or none: pages no such flow touched cost nothing. */
export const ASSIGNED_WORDS = 6;
export const ASSIGNED_LABEL = 0;
export const ASSIGNED_EVENTS = 4;
/** Slot of the timeout policy | slot of the master's helper << 16. */
export const ASSIGNED_SLOTS = 5;

export const WHEEL_SLOTS = 512;

/** Header words. */
export const HEADER_WORDS = 16;
export const HEADER_MAGIC = 0;
export const HEADER_FLOWS = 1;
export const HEADER_SECRET = 2;
/** Rows ever used; higher ones were never written. */
export const HEADER_FRESH = 4;
/** Monotonic milliseconds modulo 2^32 of the last `settle`. */
export const HEADER_NOW = 5;
/** "weir" and the layout's version: raise it with every change above. */
export const MAGIC = 0x77656902;

/** Byte positions of a table for `flows` flows. */
export interface TableLayout {
  readonly rows: number;
  readonly slots: number;
  readonly record: number;
  readonly link: number;
  readonly status: number;
  readonly mark: number;
  readonly address6: number;
  readonly assigned: number;
  readonly free: number;
  readonly wheel: number;
  readonly index: number;
  readonly bytes: number;
}

/**
 * More rows than flows: a row whose flow ended is not reused before the batch that may name it is over, and
 * must not be missing meanwhile.
 */
const spare = (flows: number): number => Math.max(256, Math.min(4096, flows >>> 4));

export function tableLayout(flows: number): TableLayout {
  const rows = flows + spare(flows);
  let slots = 1024;
  while (slots < rows * 4) slots *= 2;
  let at = HEADER_WORDS * 4;
  const take = (bytes: number) => {
    at = (at + 63) & ~63;
    const here = at;
    at += bytes;
    return here;
  };
  const record = take(rows * RECORD_WORDS * 4);
  const link = take(rows * LINK_WORDS * 4);
  const status = take(rows * 4), mark = take(rows * 4);
  const address6 = take(rows * 64), assigned = take(rows * ASSIGNED_WORDS * 4);
  const free = take(rows * 4), wheel = take(WHEEL_SLOTS * 4), index = take(slots * 8);
  return { rows, slots, record, link, status, mark, address6, assigned, free, wheel, index, bytes: at };
}

/** Bytes of address space the table takes; memory is used as flows come. */
export const tableBytes = (flows: number): number => tableLayout(flows).bytes;

/**
 * Requests to a crypto engine.
 *
 * Overview    a request is a row of columns: what is to be done, with which key, to which bytes. Bytes lie in memory
 *             regions; a row names segments of them, its source and its destination, cut as the owner likes and
 *             differently on the two sides. The same bytes may be source and destination (in place), but no others
 *             may overlap.
 * Shape       as the kernel's: a cipher reads `length` bytes and writes as many. A combined mode (AEAD) reads
 *             `assoc` bytes of associated data, then `length` bytes of text, and when it decrypts the tag behind
 *             them; it writes the associated data through, the text, and when it encrypts the tag. A hash reads
 *             `length` bytes and writes its digest. Segments may be longer than that: what lies behind is neither
 *             read nor written.
 * Life-cycle  take -> fill in, `addSource`, `addDestination` -> `CryptoEngine.submit` -> its notice of DONE -> read
 *             `result` -> free.
 * Ownership   the row is its owner's until it is submitted and after it is done, the engine's between. State belongs to
 *             the row, never to the key: any number of rows of one session are under way at once.
 * Limits      `capacity` rows and MOST_SEGMENTS segments on each side, allocated once.
 */
export class CryptoRequests {
  readonly capacity: number;
  /** Bytes of each region. */
  readonly memory: Uint8Array[] = [];
  /** What `CryptoEngine.open` gave. */
  readonly session: Int32Array;
  /** ENCRYPT or DECRYPT; hashes take either. */
  readonly direction: Uint8Array;
  /** Bytes of text, without associated data and tag. */
  readonly length: Uint32Array;
  /** Bytes of associated data at the head of the source. */
  readonly assoc: Uint32Array;
  /** Initialisation vectors, IV_BYTES a row; the algorithm's ivSize says how many count. Engines leave them alone. */
  readonly iv: Uint8Array;
  /** 0, or a negative error number of Linux: EBADMSG where a tag is wrong, EINVAL, EIO. Valid when done. */
  readonly result: Int32Array;
  /** REQUEST_FREE and so on. */
  readonly state: Uint8Array;
  /** The owner's own. */
  readonly cookie: Uint32Array;
  readonly sources: SegmentColumns;
  readonly destinations: SegmentColumns;
  readonly #free: Int32Array;
  #freeCount = 0;

  constructor(capacity: number) {
    this.capacity = capacity;
    this.session = new Int32Array(capacity);
    this.direction = new Uint8Array(capacity);
    this.length = new Uint32Array(capacity);
    this.assoc = new Uint32Array(capacity);
    this.iv = new Uint8Array(capacity * IV_BYTES);
    this.result = new Int32Array(capacity);
    this.state = new Uint8Array(capacity);
    this.cookie = new Uint32Array(capacity);
    this.sources = new SegmentColumns(capacity);
    this.destinations = new SegmentColumns(capacity);
    this.#free = new Int32Array(capacity);
    for (let row = capacity - 1; row >= 0; row--) this.#free[this.#freeCount++] = row;
  }

  /** Makes memory known to rows; its region number. */
  addRegion(memory: Uint8Array): number {
    return this.memory.push(memory) - 1;
  }

  /** Rows nobody has. */
  get available(): number {
    return this.#freeCount;
  }

  /** A row without segments; -1 when all are in use. */
  take(): number {
    if (this.#freeCount === 0) return -1;
    const row = this.#free[--this.#freeCount]!;
    this.state[row] = REQUEST_HELD;
    this.sources.count[row] = this.destinations.count[row] = 0;
    this.assoc[row] = this.result[row] = 0;
    return row;
  }

  free(row: number): void {
    this.state[row] = REQUEST_FREE;
    this.#free[this.#freeCount++] = row;
  }

  /** False when the row has MOST_SEGMENTS already. */
  addSource(row: number, region: number, offset: number, length: number): boolean {
    return this.sources.add(row, region, offset, length);
  }

  addDestination(row: number, region: number, offset: number, length: number): boolean {
    return this.destinations.add(row, region, offset, length);
  }
}

/** Segments of one side: segment `i` of a row is at `row * MOST_SEGMENTS + i`. */
export class SegmentColumns {
  readonly count: Uint8Array;
  readonly region: Uint8Array;
  readonly offset: Uint32Array;
  readonly length: Uint32Array;

  constructor(rows: number) {
    this.count = new Uint8Array(rows);
    this.region = new Uint8Array(rows * MOST_SEGMENTS);
    this.offset = new Uint32Array(rows * MOST_SEGMENTS);
    this.length = new Uint32Array(rows * MOST_SEGMENTS);
  }

  add(row: number, region: number, offset: number, length: number): boolean {
    const count = this.count[row]!;
    if (count === MOST_SEGMENTS) return false;
    const at = row * MOST_SEGMENTS + count;
    this.region[at] = region;
    this.offset[at] = offset;
    this.length[at] = length;
    this.count[row] = count + 1;
    return true;
  }

  /** Bytes of all segments of a row. */
  bytes(row: number): number {
    let sum = 0;
    for (let at = row * MOST_SEGMENTS, end = at + this.count[row]!; at < end; at++) sum += this.length[at]!;
    return sum;
  }
}

export const IV_BYTES = 16;
export const MOST_SEGMENTS = 16;

export const DECRYPT = 0;
export const ENCRYPT = 1;

export const REQUEST_FREE = 0;
/** Its owner fills it in, or reads it. */
export const REQUEST_HELD = 1;
/** Waits in the backlog: its owner was told `busy`. */
export const REQUEST_BACKLOGGED = 2;
/** Waits in a device's queue, or is in the device's work. */
export const REQUEST_IN_PROGRESS = 3;
export const REQUEST_DONE = 4;

/** Error numbers of Linux that `result` takes, negative. */
export const EIO = -5;
export const EINVAL = -22;
export const EBADMSG = -74;
export const ETIMEDOUT = -110;

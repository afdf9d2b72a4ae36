import type { SetImage } from "./image.ts";
import { MOST_STATEMENTS } from "./programs.ts";

/**
 * A set in the machine: the image's arrays as signed and unsigned views. One class for all back ends (one hidden
 * class), made once an install.
 */
export class SetTable {
  readonly kind: number;
  readonly keyWords: number;
  readonly lastMask: number;
  readonly dataWords: number;
  readonly index: Int32Array;
  /** Words as signed numbers, for equality. */
  readonly keys: Int32Array;
  /** The same memory unsigned, for order. */
  readonly ordered: Uint32Array;
  readonly ends: Uint32Array;
  readonly data: Int32Array;
  /** Place of each row's statements; empty when none has any. */
  readonly places: Int32Array;
  /** First cells of each row's statements, `stride` a row. */
  readonly cells: Int32Array;
  readonly stride: number;
  readonly expires: Float64Array;
  readonly catchall: number;
  readonly seed: number;
  readonly rows: number;
  readonly changed: boolean;
  readonly own: Int32Array;
  readonly gone: Int32Array;
  /** Added to `expires` to get the data plane's clock. */
  readonly shift: number;
  readonly expiring: boolean;
  readonly image: SetImage;
  /** State of a live set's rows, MOST_STATEMENTS pairs each; empty for others. */
  readonly states: Float64Array;

  constructor(image: SetImage, shift: number) {
    const live = image.live;
    const keys = live?.keys ?? image.keys, data = live?.data ?? image.data;
    this.kind = image.kind;
    this.keyWords = image.keyWords;
    this.lastMask = image.lastMask | 0;
    this.dataWords = image.dataWords;
    this.index = live?.index ?? image.index;
    this.keys = new Int32Array(keys.buffer, keys.byteOffset, keys.length);
    this.ordered = keys;
    this.ends = image.ends;
    this.data = new Int32Array(data.buffer, data.byteOffset, data.length);
    this.places = live?.places ?? image.places;
    this.cells = live === undefined ? image.cells : NO_CELLS;
    this.stride = live === undefined ? image.states : MOST_STATEMENTS;
    this.expires = live?.expires ?? image.expires;
    // A live set's has a row of its own, which has expired where there is none.
    this.catchall = live === undefined ? image.catchall : live.capacity;
    this.seed = image.seed | 0;
    this.rows = image.rows;
    // Of a live set they are the declaration's, which `live_install.ts` takes over.
    const changes = live === undefined ? image.changes : undefined;
    this.changed = changes !== undefined;
    this.own = changes?.own ?? NO_CELLS;
    this.gone = changes?.gone ?? NO_CELLS;
    this.shift = live === undefined ? shift : 0;
    this.expiring = this.expires.length > 0;
    this.image = image;
    this.states = live?.states ?? NO_STATES;
  }
}

const NO_CELLS = new Int32Array(0);
const NO_STATES = new Float64Array(0);

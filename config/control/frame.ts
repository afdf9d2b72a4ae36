import { Encoder } from "cbor-x/index-no-eval";

/**
 * Frames of the control socket: a length in four bytes, most significant first, then that many bytes of CBOR
 * (RFC 8949). Plain data only: the codec neither defines records nor runs anything that it reads.
 */
const codec = new Encoder({ useRecords: false, mapsAsObjects: true });

/** Longest frame either side takes, bytes. */
export const MOST_FRAME_BYTES = 16 << 20;

export function encodeFrame(value: unknown): Uint8Array {
  const body = codec.encode(value);
  const frame = new Uint8Array(4 + body.length);
  new DataView(frame.buffer).setUint32(0, body.length);
  frame.set(body, 4);
  return frame;
}

/** A peer that does not speak the protocol; the connection ends. */
export class FrameError extends Error {
  override readonly name = "FrameError";
}

/** Cuts a stream of chunks into frames. */
export class FrameReader {
  #held: Uint8Array = new Uint8Array();
  readonly #most: number;

  constructor(most = MOST_FRAME_BYTES) {
    this.#most = most;
  }

  /** Values of the frames that `chunk` completes. Throws `FrameError` on what is no frame. */
  push(chunk: Uint8Array): unknown[] {
    const all = new Uint8Array(this.#held.length + chunk.length);
    all.set(this.#held);
    all.set(chunk, this.#held.length);
    const view = new DataView(all.buffer);
    const values: unknown[] = [];
    let at = 0;
    while (all.length - at >= 4) {
      const length = view.getUint32(at);
      if (length > this.#most) throw new FrameError(`a frame of ${length} bytes; ${this.#most} are the most`);
      if (all.length - at - 4 < length) break;
      values.push(decode(all.subarray(at + 4, at + 4 + length)));
      at += 4 + length;
    }
    this.#held = all.slice(at);
    return values;
  }

  /** Whether the stream stopped inside a frame. */
  get partial(): boolean {
    return this.#held.length > 0;
  }
}

function decode(body: Uint8Array): unknown {
  try {
    return codec.decode(body);
  } catch {
    throw new FrameError("a frame that is not CBOR");
  }
}

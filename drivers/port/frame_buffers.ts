import { addressOf, bytes } from "../sys/libc.ts";
import { VNET_HEADER } from "./vnet_header.ts";

/**
 * Buffers into which a port reads whole frames of up to 64 KB, the vnet header right before each.
 *
 * Overview    one piece of memory, a region of the batch; buffer i holds, from the front: headroom, vnet header,
 *             frame. The headroom is free for headers that the data plane puts before the frame.
 * Life-cycle  `used` grows while a batch is received and falls to 0 with the port's `release`.
 * Limits      one buffer a row; a batch that needs more gets the rest in its next round. Untouched pages cost nothing.
 */
export class FrameBuffers {
  readonly memory: Uint8Array<ArrayBuffer>;
  readonly address: number;
  readonly count: number;
  /** Views from each buffer's vnet header to its end, for read(2). */
  readonly views: Uint8Array<ArrayBuffer>[] = [];
  used = 0;
  readonly #start: number;

  /** `alignment`: 14 puts the network header behind an Ethernet header on a 16-byte boundary, 0 the frame. */
  constructor(count: number, alignment: number) {
    this.count = count;
    this.#start = FRAME_HEADROOM + ((16 - (alignment & 15)) & 15);
    this.memory = bytes(count * STRIDE);
    this.address = addressOf(this.memory);
    for (let i = 0; i < count; i++) {
      this.views.push(this.memory.subarray(this.frame(i) - VNET_HEADER, (i + 1) * STRIDE));
    }
  }
  /** Position of the frame in buffer i. */
  frame(i: number): number {
    return i * STRIDE + this.#start;
  }
}

const FRAME_HEADROOM = 128;
/** A frame of 64 KB with link header and tags; a multiple of the page size keeps idle buffers out of memory. */
const STRIDE = 69632;
/** Bytes from the vnet header on that every view has room for. */
export const READ_LENGTH = STRIDE - FRAME_HEADROOM - 16;

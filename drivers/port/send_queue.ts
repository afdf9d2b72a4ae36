import type { PacketBatch } from "../../core/packet/batch.ts";
import { addressOf, bytes, errno, libc } from "../sys/libc.ts";
import { EAGAIN, EINTR, ENETDOWN, ENOBUFS, ENODEV, ENXIO } from "../sys/errno.ts";
import type { PortCounters } from "../../core/port.ts";
import { RegionAddresses } from "./region_addresses.ts";
import { VNET_HEADER, writeVnetHeader } from "./vnet_header.ts";
import { writeTag } from "./vlan_tag.ts";

/**
 * Vectors for sending: `sendmmsg` on a packet socket.
 *
 * Overview    a message is two pieces: the vnet header from an array of ours (with MAC addresses and VLAN tag behind
 *             it when the row has one), and the frame's bytes wherever they lie. Nothing of the row is written to:
 *             rows that share bytes (a flooded frame) may leave by several ports with different tags.
 * Ownership   vectors point into port memory only until the call returns.
 * Limits      64 messages a call. What the device does not take is dropped and counted, never queued here.
 */
export class SendQueue {
  readonly #messages = bytes(CHUNK * MESSAGE);
  /** The messages from the i-th on, for going on behind one that failed. */
  readonly #from: Uint8Array<ArrayBuffer>[] = [];
  readonly #vectors = new Uint32Array(CHUNK * VECTOR_WORDS);
  readonly #headers = bytes(CHUNK * HEADER);
  readonly #addresses = new RegionAddresses();
  /** Set when the device turned out to be down or gone. */
  down = false;

  constructor() {
    const view = new DataView(this.#messages.buffer);
    const vectors = addressOf(new Uint8Array(this.#vectors.buffer)), headers = addressOf(this.#headers);
    for (let i = 0; i < CHUNK; i++) {
      this.#from.push(this.#messages.subarray(i * MESSAGE));
      view.setBigUint64(i * MESSAGE + 16, BigInt(vectors + i * VECTOR_WORDS * 4), true);
      view.setBigUint64(i * MESSAGE + 24, 2n, true);
      this.#vectors[i * VECTOR_WORDS] = headers + i * HEADER;
      this.#vectors[i * VECTOR_WORDS + 1] = Math.floor((headers + i * HEADER) / 2 ** 32);
    }
  }

  /** Sends rows[0..count) on `fd`. Returns how many the device took. */
  send(fd: number, batch: PacketBatch, rows: Uint16Array, count: number, counters: PortCounters): number {
    let taken = 0, octets = 0, faulty = 0;
    chunks:
    for (let done = 0; done < count; done += CHUNK) {
      const size = Math.min(CHUNK, count - done);
      for (let i = 0; i < size; i++) this.#fill(i, batch, rows[done + i]!);
      for (let at = 0; at < size;) {
        const sent = libc.sendmmsg(fd, this.#from[at]!, size - at, MSG_DONTWAIT);
        if (sent > 0) {
          for (let i = at; i < at + sent; i++) {
            const row = rows[done + i]!;
            octets += batch.end[row]! - batch.start[row]!;
          }
          taken += sent;
          at += sent;
          continue;
        }
        const reason = errno();
        if (reason === EINTR) continue;
        if (reason === EAGAIN) break chunks;
        if (reason === ENETDOWN || reason === ENXIO || reason === ENODEV) {
          this.down = true;
          break chunks;
        }
        // ENOBUFS: the queue of the device was full for this one. Else: a frame it will never take (EMSGSIZE).
        if (reason !== ENOBUFS) faulty++;
        at++;
      }
    }
    counters.txPackets += taken;
    counters.txBytes += octets;
    counters.txDropped += count - taken;
    counters.errors += faulty;
    return taken;
  }

  #fill(i: number, batch: PacketBatch, row: number): void {
    const vectors = this.#vectors, at = i * VECTOR_WORDS, header = i * HEADER;
    let start = batch.start[row]!, prefix = VNET_HEADER;
    const address = this.#addresses.of(batch, batch.region[row]!);
    if (batch.vlan[row] !== 0) {
      writeVnetHeader(this.#headers, header, batch, row, 4);
      writeTag(this.#headers, header + VNET_HEADER, batch, row);
      start += 12;
      prefix = VNET_HEADER + 16;
    } else writeVnetHeader(this.#headers, header, batch, row, 0);
    const from = address + start;
    vectors[at + 2] = prefix;
    vectors[at + 4] = from;
    vectors[at + 5] = Math.floor(from / 4294967296);
    vectors[at + 6] = batch.end[row]! - start;
  }
}

const CHUNK = 64;
/** `struct mmsghdr`: iov@16, iovlen@24. */
const MESSAGE = 64;
/** Two `struct iovec` of two 64-bit words each. */
const VECTOR_WORDS = 8;
/** vnet header, MAC addresses, tag; rounded up. */
const HEADER = 32;
const MSG_DONTWAIT = 0x40;

import type { PacketBatch } from "../../packet/batch.ts";
import { u16, u32 } from "../../packet/bytes.ts";
import {
  IPV4,
  IPV4_DONT_FRAGMENT,
  IPV4_MORE_FRAGMENTS,
  IPV4_OFFSET,
  ipv4HeaderLength,
} from "../../packet/ipv4.ts";
import {
  extensionHeaderLength,
  FRAGMENT6,
  IPV6,
  isExtensionHeader,
  NEXT_FRAGMENT,
} from "../../packet/ipv6.ts";

/**
 * What a fragment says of itself, read from a parsed row. One object, filled anew for each fragment; positions are
 * absolute in the row's region.
 */
export class FragmentHeader {
  family = 0;
  identification = 0;
  /** Payload bytes [offset, end) of the datagram are at [payload, payload + end - offset). */
  offset = 0;
  end = 0;
  payload = 0;
  more = false;
  dontFragment = false;
  /** ECN code point, 0..3. */
  ecn = 0;
  /** Bytes of the packet that carries it. */
  size = 0;
  /** Bytes of headers before the payload, in the datagram as it was sent (without the IPv6 fragment header). */
  headers = 0;
  /** IPv6: the byte that announces the fragment header, and that header. */
  announcedAt = 0;
  fragmentAt = 0;
  /** IPv6: the only piece of its packet (RFC 6946). */
  atomic = false;

  /** Reads the row: FRAGMENT_OK, or why it must be dropped. */
  read(batch: PacketBatch, row: number): number {
    this.family = batch.family[row]!;
    return this.family === 4 ? this.#read4(batch, row) : this.#read6(batch, row);
  }

  #read4(batch: PacketBatch, row: number): number {
    const b = batch.bytes(row), at = batch.network[row]!, header = ipv4HeaderLength(b, at);
    const position = u16(b, at + IPV4.flagsOffset);
    this.identification = u16(b, at + IPV4.identification);
    this.more = (position & IPV4_MORE_FRAGMENTS) !== 0;
    this.atomic = false;
    this.dontFragment = (position & IPV4_DONT_FRAGMENT) !== 0;
    this.ecn = b[at + IPV4.tos]! & 3;
    this.headers = header;
    this.payload = at + header;
    this.size = batch.end[row]! - at;
    this.offset = (position & IPV4_OFFSET) * 8;
    // All but the last carry a multiple of eight bytes; what is over is cut off, as ip_frag_queue does.
    const length = this.size - header;
    this.end = this.offset + (this.more ? length & ~7 : length);
    return this.#judge();
  }

  #read6(batch: PacketBatch, row: number): number {
    const b = batch.bytes(row), at = batch.network[row]!, stop = batch.end[row]!;
    let announced = at + IPV6.nextHeader, header = at + IPV6.size;
    while (b[announced] !== NEXT_FRAGMENT) {
      const next = b[announced]!;
      if (!isExtensionHeader(next) || header + 8 > stop) return FRAGMENT_MALFORMED;
      announced = header;
      header += extensionHeaderLength(b, header, next);
    }
    if (header + FRAGMENT6.size > stop) return FRAGMENT_MALFORMED;
    const position = u16(b, header + FRAGMENT6.offsetFlags);
    this.announcedAt = announced;
    this.fragmentAt = header;
    this.identification = u32(b, header + FRAGMENT6.identification);
    this.more = (position & 1) !== 0;
    this.dontFragment = false;
    this.ecn = (b[at + 1]! >>> 4) & 3;
    this.headers = header - at;
    this.payload = header + FRAGMENT6.size;
    this.size = stop - at;
    this.offset = position & 0xfff8;
    this.end = this.offset + stop - this.payload;
    if (this.more && (this.end & 7) !== 0) return FRAGMENT_MALFORMED;
    this.atomic = this.offset === 0 && !this.more;
    // RFC 8200 4.5 and RFC 7112: the first fragment holds all headers, the transport's included.
    if (this.offset === 0 && batch.transport[row] === 0) return FRAGMENT_MALFORMED;
    return this.#judge();
  }

  #judge(): number {
    if (this.end === this.offset) return FRAGMENT_EMPTY;
    const most = this.family === 4 ? 65535 - this.headers : 65535 - (this.headers - IPV6.size);
    return this.end > most ? FRAGMENT_OVERSIZE : FRAGMENT_OK;
  }
}

export const FRAGMENT_OK = 0;
export const FRAGMENT_MALFORMED = 1;
/** Without payload: its datagram is given up, as the kernel does. */
export const FRAGMENT_EMPTY = 2;
/** Reaches beyond what a length field can say. */
export const FRAGMENT_OVERSIZE = 3;

/**
 * pcap capture files (draft-ietf-opsawg-pcap): 24 bytes of header, then records of 16 bytes and the frame. Either byte
 * order, microseconds or nanoseconds. Not pcapng.
 */

export interface Pcap {
  readonly bytes: Uint8Array;
  /** LINKTYPE_*. */
  readonly linkType: number;
  readonly nanoseconds: boolean;
  readonly littleEndian: boolean;
  readonly records: readonly PcapRecord[];
}

/** A frame: `bytes[start, end)` of the file. */
export interface PcapRecord {
  /** Seconds since 1970 UTC. */
  readonly seconds: number;
  readonly nanoseconds: number;
  readonly start: number;
  readonly end: number;
  /** Length on the wire; more than was captured when the capture cut it. */
  readonly length: number;
}

/** Why a file cannot be read, and at which byte. */
export interface PcapError {
  readonly message: string;
  readonly offset: number;
}

/** Reads a whole file. Nothing throws: a damaged file gives an error that says where. */
export function readPcap(bytes: Uint8Array): Pcap | PcapError {
  if (bytes.length < HEADER) {
    return {
      message: `a pcap file begins with ${HEADER} bytes of header, this one ends after ${bytes.length}`,
      offset: 0,
    };
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const format = FORMATS.find(([magic, little]) => view.getUint32(0, little) === magic);
  if (format === undefined) {
    const pcapng = view.getUint32(0) === 0x0a0d0d0a;
    const message = pcapng
      ? "a pcapng file: convert it to pcap (editcap -F pcap)"
      : `no pcap file: it begins with 0x${view.getUint32(0).toString(16).padStart(8, "0")}`;
    return { message, offset: 0 };
  }
  const [, littleEndian, nanoseconds] = format, records: PcapRecord[] = [];
  // The upper half of the word may hold an FCS length.
  const linkType = view.getUint32(20, littleEndian) & 0xffff;
  for (let at = HEADER; at < bytes.length;) {
    const number = records.length + 1;
    if (at + RECORD > bytes.length) {
      return {
        message: `record ${number} is cut off: its header needs ${at + RECORD - bytes.length} bytes more`,
        offset: at,
      };
    }
    const captured = view.getUint32(at + 8, littleEndian), start = at + RECORD, end = start + captured;
    if (captured > MOST) {
      return {
        message: `record ${number} claims ${captured} bytes, more than any capture holds`,
        offset: at,
      };
    }
    if (end > bytes.length) {
      return {
        message: `record ${number} is cut off: ${end - bytes.length} bytes of the frame are missing`,
        offset: at,
      };
    }
    const fraction = view.getUint32(at + 4, littleEndian);
    records.push({
      seconds: view.getUint32(at, littleEndian),
      nanoseconds: nanoseconds ? fraction : fraction * 1000,
      start,
      end,
      length: view.getUint32(at + 12, littleEndian),
    });
    at = end;
  }
  return { bytes, linkType, nanoseconds, littleEndian, records };
}

export const isPcapError = (result: Pcap | PcapError): result is PcapError => "message" in result;

/** A point in time as captures have it. */
export interface CaptureTime {
  readonly seconds: number;
  readonly nanoseconds: number;
}

/** Milliseconds from `epoch` to `time`; exact to the nanosecond over days, which a sum since 1970 would not be. */
export const millisecondsSince = (epoch: CaptureTime, time: CaptureTime): number =>
  (time.seconds - epoch.seconds) * 1000 + (time.nanoseconds - epoch.nanoseconds) / 1e6;

/** The capture time `milliseconds` after `epoch`. */
export function timeAfter(epoch: CaptureTime, milliseconds: number): CaptureTime {
  const whole = Math.floor(milliseconds / 1000);
  const nanoseconds = epoch.nanoseconds + Math.round((milliseconds - whole * 1000) * 1e6);
  const carry = Math.floor(nanoseconds / 1e9);
  return { seconds: epoch.seconds + whole + carry, nanoseconds: nanoseconds - carry * 1e9 };
}

export interface PcapWriterOptions {
  readonly linkType: number;
  /** Nanoseconds unless false. */
  readonly nanoseconds?: boolean;
  /** Little-endian unless false. */
  readonly littleEndian?: boolean;
}

/** Writes a file into memory. The same calls give the same bytes. */
export class PcapWriter {
  readonly linkType: number;
  readonly #nanoseconds: boolean;
  readonly #little: boolean;
  #bytes = new Uint8Array(65536);
  #view = new DataView(this.#bytes.buffer);
  #length = HEADER;

  constructor(options: PcapWriterOptions) {
    this.linkType = options.linkType;
    this.#nanoseconds = options.nanoseconds ?? true;
    this.#little = options.littleEndian ?? true;
    const view = this.#view, little = this.#little;
    view.setUint32(0, this.#nanoseconds ? MAGIC_NANO : MAGIC_MICRO, little);
    view.setUint16(4, 2, little);
    view.setUint16(6, 4, little);
    view.setUint32(16, MOST, little);
    view.setUint32(20, options.linkType, little);
  }

  /** Appends a frame made of pieces, in order. */
  write(time: CaptureTime, ...pieces: Uint8Array[]): void {
    const length = pieces.reduce((sum, piece) => sum + piece.length, 0);
    this.#room(RECORD + length);
    const view = this.#view, little = this.#little, at = this.#length;
    view.setUint32(at, time.seconds, little);
    view.setUint32(
      at + 4,
      this.#nanoseconds ? time.nanoseconds : Math.floor(time.nanoseconds / 1000),
      little,
    );
    view.setUint32(at + 8, length, little);
    view.setUint32(at + 12, length, little);
    let to = at + RECORD;
    for (const piece of pieces) {
      this.#bytes.set(piece, to);
      to += piece.length;
    }
    this.#length = to;
  }

  #room(more: number): void {
    if (this.#length + more <= this.#bytes.length) return;
    const larger = new Uint8Array(2 * (this.#length + more));
    larger.set(this.#bytes.subarray(0, this.#length));
    this.#bytes = larger;
    this.#view = new DataView(larger.buffer);
  }

  /** The file so far. */
  bytes(): Uint8Array<ArrayBuffer> {
    return this.#bytes.slice(0, this.#length);
  }
}

export const LINKTYPE_ETHERNET = 1;
/** Bare IPv4 or IPv6 packets. */
export const LINKTYPE_RAW = 101;
export const LINKTYPE_IPV4 = 228, LINKTYPE_IPV6 = 229;

const HEADER = 24, RECORD = 16;
/** tcpdump's MAXIMUM_SNAPLEN. */
const MOST = 262144;
const MAGIC_MICRO = 0xa1b2c3d4, MAGIC_NANO = 0xa1b23c4d;
const FORMATS: readonly (readonly [magic: number, littleEndian: boolean, nanoseconds: boolean])[] = [
  [MAGIC_MICRO, true, false],
  [MAGIC_MICRO, false, false],
  [MAGIC_NANO, true, true],
  [MAGIC_NANO, false, true],
];

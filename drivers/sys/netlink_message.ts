/**
 * Netlink wire format, linux/netlink.h: messages and their attributes. Numbers are host order (little-endian)
 * unless a family says otherwise; nfnetlink writes big-endian ones with the `Be` methods.
 */

const HEADER = 16;
const align = (length: number): number => (length + 3) & ~3;

/** Builds one message: header, the family's fixed part, attributes. Grows as needed. */
export class MessageBuilder {
  #bytes = new Uint8Array(new ArrayBuffer(512));
  #view = new DataView(this.#bytes.buffer);
  #length = HEADER;

  /** `fixed` follows the header, before the attributes. */
  constructor(type: number, flags: number, fixed: Uint8Array = NONE) {
    this.#view.setUint16(4, type, true);
    this.#view.setUint16(6, flags, true);
    this.#room(fixed.length);
    this.#bytes.set(fixed, HEADER);
    this.#length += align(fixed.length);
  }

  #room(more: number): void {
    const need = this.#length + align(more) + 8;
    if (need <= this.#bytes.length) return;
    const larger = new Uint8Array(new ArrayBuffer(2 * need));
    larger.set(this.#bytes.subarray(0, this.#length));
    this.#bytes = larger;
    this.#view = new DataView(larger.buffer);
  }

  /** Attribute header; returns the position of its `length` bytes of value. */
  #attribute(type: number, length: number): number {
    this.#room(4 + length);
    const at = this.#length;
    this.#view.setUint16(at, 4 + length, true);
    this.#view.setUint16(at + 2, type, true);
    this.#length += align(4 + length);
    return at + 4;
  }

  u8(type: number, value: number): this {
    this.#bytes[this.#attribute(type, 1)] = value;
    return this;
  }
  u16(type: number, value: number): this {
    this.#view.setUint16(this.#attribute(type, 2), value, true);
    return this;
  }
  u32(type: number, value: number): this {
    this.#view.setUint32(this.#attribute(type, 4), value, true);
    return this;
  }
  u32Be(type: number, value: number): this {
    this.#view.setUint32(this.#attribute(type, 4), value);
    return this;
  }
  bytes(type: number, value: Uint8Array): this {
    this.#bytes.set(value, this.#attribute(type, value.length));
    return this;
  }
  /** Zero-terminated. */
  string(type: number, value: string): this {
    const encoded = encoder.encode(value);
    this.#bytes.set(encoded, this.#attribute(type, encoded.length + 1));
    return this;
  }
  /** Attributes that `inside` adds become this one's value. */
  nest(type: number, inside: (message: this) => void): this {
    const start = this.#attribute(type | NLA_F_NESTED, 0) - 4;
    inside(this);
    this.#view.setUint16(start, this.#length - start, true);
    return this;
  }
  /** Raw bytes inside a nest, for a structure that stands before nested attributes (VETH_INFO_PEER). */
  raw(value: Uint8Array): this {
    this.#room(value.length);
    this.#bytes.set(value, this.#length);
    this.#length += align(value.length);
    return this;
  }

  /** The finished message. */
  finish(sequence: number): Uint8Array<ArrayBuffer> {
    this.#view.setUint32(0, this.#length, true);
    this.#view.setUint32(8, sequence, true);
    return this.#bytes.subarray(0, this.#length);
  }
}

const NONE = new Uint8Array(0);
const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** A received message. `payload` begins behind the netlink header and is a copy. */
export interface Message {
  readonly type: number;
  readonly flags: number;
  readonly sequence: number;
  readonly port: number;
  readonly payload: Uint8Array;
}

/** Splits a datagram into messages; a length that lies ends the walk. */
export function messages(datagram: Uint8Array): Message[] {
  const view = new DataView(datagram.buffer, datagram.byteOffset, datagram.byteLength);
  const result: Message[] = [];
  for (let at = 0; at + HEADER <= datagram.length;) {
    const length = view.getUint32(at, true);
    if (length < HEADER || at + length > datagram.length) break;
    result.push({
      type: view.getUint16(at + 4, true),
      flags: view.getUint16(at + 6, true),
      sequence: view.getUint32(at + 8, true),
      port: view.getUint32(at + 12, true),
      payload: datagram.slice(at + HEADER, at + length),
    });
    at += align(length);
  }
  return result;
}

/** Attributes by type; the last one of a type wins. Accessors answer undefined for an absent or short value. */
export class Attributes {
  readonly #values = new Map<number, Uint8Array>();

  constructor(b: Uint8Array, from = 0) {
    for (const [type, value] of attributeList(b, from)) this.#values.set(type, value);
  }
  has(type: number): boolean {
    return this.#values.has(type);
  }
  bytes(type: number): Uint8Array | undefined {
    return this.#values.get(type);
  }
  #view(type: number, size: number): DataView | undefined {
    const value = this.#values.get(type);
    return value === undefined || value.length < size
      ? undefined
      : new DataView(value.buffer, value.byteOffset, value.length);
  }
  u8(type: number): number | undefined {
    return this.#view(type, 1)?.getUint8(0);
  }
  u16(type: number): number | undefined {
    return this.#view(type, 2)?.getUint16(0, true);
  }
  u32(type: number): number | undefined {
    return this.#view(type, 4)?.getUint32(0, true);
  }
  u32Be(type: number): number | undefined {
    return this.#view(type, 4)?.getUint32(0);
  }
  string(type: number): string | undefined {
    const value = this.#values.get(type);
    if (value === undefined) return undefined;
    const zero = value.indexOf(0);
    return decoder.decode(zero < 0 ? value : value.subarray(0, zero));
  }
  nested(type: number): Attributes | undefined {
    const value = this.#values.get(type);
    return value === undefined ? undefined : new Attributes(value);
  }
}

/** All attributes in order, for lists whose entries share a type. Flag bits are cut from the type. */
export function attributeList(b: Uint8Array, from = 0): [type: number, value: Uint8Array][] {
  const view = new DataView(b.buffer, b.byteOffset, b.byteLength);
  const result: [number, Uint8Array][] = [];
  for (let at = from; at + 4 <= b.length;) {
    const length = view.getUint16(at, true);
    if (length < 4 || at + length > b.length) break;
    result.push([view.getUint16(at + 2, true) & NLA_TYPE_MASK, b.subarray(at + 4, at + length)]);
    at += align(length);
  }
  return result;
}

const NLA_F_NESTED = 0x8000, NLA_TYPE_MASK = 0x3fff;

export const NLM_F_REQUEST = 1, NLM_F_MULTI = 2, NLM_F_ACK = 4, NLM_F_DUMP = 0x300;
export const NLM_F_REPLACE = 0x100, NLM_F_EXCL = 0x200, NLM_F_CREATE = 0x400, NLM_F_APPEND = 0x800;
export const NLM_F_CAPPED = 0x100, NLM_F_ACK_TLVS = 0x200;
export const NLMSG_ERROR = 2, NLMSG_DONE = 3;

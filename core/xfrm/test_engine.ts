import { createCipheriv, createDecipheriv, createHmac, timingSafeEqual } from "node:crypto";
import { authencKey } from "../crypto/authenc_key.ts";
import {
  type AlgorithmSizes,
  BUSY,
  type CryptoEngine,
  CryptoError,
  FULL,
  IN_PROGRESS,
  NOTICE_DONE,
  NOTICE_IN_PROGRESS,
  type SessionOptions,
  type Submitted,
} from "../crypto/engine.ts";
import {
  CryptoRequests,
  EBADMSG,
  EINVAL,
  ENCRYPT,
  IV_BYTES,
  MOST_SEGMENTS,
  type SegmentColumns,
} from "../crypto/requests.ts";
import { below, type Random } from "../random.ts";

/**
 * A crypto engine for tests, over node:crypto: requests are carried out when they are polled, one or all a poll, in order
 * or shuffled. It can be full, make callers wait, or fail.
 */
export class TestEngine implements CryptoEngine {
  readonly requests: CryptoRequests;
  /** Requests begun and not yet done, in the order they came. */
  readonly queue: number[] = [];
  readonly notices: number[] = [];
  /** Given: what is done next is drawn. */
  shuffle: Random | undefined;
  /** Requests done by one poll. */
  perPoll = Infinity;
  /** More than so many under way answer BUSY. */
  busyAbove = Infinity;
  fullAbove = Infinity;
  /** Result forced on the next requests. */
  readonly failures: number[] = [];
  readonly open_ = new Map<number, { algorithm: string; key: Uint8Array; tag: number }>();
  #sessions = 0;

  constructor(capacity = 256) {
    this.requests = new CryptoRequests(capacity);
  }

  algorithm(_name: string): AlgorithmSizes | undefined {
    return undefined;
  }

  open(algorithm: string, key: Uint8Array, options: SessionOptions = {}): number {
    if (!/^(rfc4106|rfc7539esp|authenc)/.test(algorithm)) throw new CryptoError(`nobody offers ${algorithm}`);
    this.open_.set(++this.#sessions, { algorithm, key: key.slice(), tag: options.tagSize ?? 16 });
    return this.#sessions;
  }

  close(session: number): void {
    this.open_.delete(session);
  }

  submit(row: number, mayWait: boolean): Submitted {
    if (this.queue.length >= this.fullAbove) return FULL;
    this.queue.push(row);
    if (this.queue.length <= this.busyAbove) return IN_PROGRESS;
    if (!mayWait) throw new Error("the test's engine is only asked by who may wait");
    this.notices.push(row * 2 + NOTICE_IN_PROGRESS);
    return BUSY;
  }

  poll(): boolean {
    for (let i = 0; i < this.perPoll && this.queue.length > 0; i++) {
      const at = this.shuffle === undefined ? 0 : below(this.shuffle, this.queue.length);
      const row = this.queue.splice(at, 1)[0]!;
      this.requests.result[row] = this.failures.shift() ?? this.#carryOut(row);
      this.notices.push(row * 2 + NOTICE_DONE);
    }
    return this.notices.length > 0;
  }

  next(): number {
    return this.notices.shift() ?? -1;
  }

  #carryOut(row: number): number {
    const { requests } = this, { algorithm, key, tag } = this.open_.get(requests.session[row]!)!;
    const encrypt = requests.direction[row] === ENCRYPT,
      assoc = requests.assoc[row]!,
      length = requests.length[row]!;
    const source = this.#gather(requests.sources, row, assoc + length + (encrypt ? 0 : tag));
    if (source === undefined) return EINVAL;
    const iv = requests.iv.slice(row * IV_BYTES, row * IV_BYTES + IV_BYTES);
    const made = aead(algorithm, key, iv, source.subarray(0, assoc), source.subarray(assoc), encrypt, tag);
    if (made === undefined) return EBADMSG;
    const whole = new Uint8Array(assoc + made.length);
    whole.set(source.subarray(0, assoc));
    whole.set(made, assoc);
    return this.#scatter(requests.destinations, row, whole) ? 0 : EINVAL;
  }

  #gather(segments: SegmentColumns, row: number, most: number): Uint8Array | undefined {
    const bytes = new Uint8Array(most);
    let done = 0;
    for (let at = row * MOST_SEGMENTS, i = 0; i < segments.count[row]! && done < most; i++, at++) {
      const from = segments.offset[at]!, length = Math.min(most - done, segments.length[at]!);
      bytes.set(this.requests.memory[segments.region[at]!]!.subarray(from, from + length), done);
      done += length;
    }
    return done === most ? bytes : undefined;
  }

  #scatter(segments: SegmentColumns, row: number, bytes: Uint8Array): boolean {
    let done = 0;
    for (let at = row * MOST_SEGMENTS, i = 0; i < segments.count[row]!; i++, at++) {
      const length = Math.min(bytes.length - done, segments.length[at]!);
      this.requests.memory[segments.region[at]!]!.set(
        bytes.subarray(done, done + length),
        segments.offset[at]!,
      );
      done += length;
    }
    return done === bytes.length;
  }
}

/** One combined mode as the kernel defines it; undefined where the tag is wrong. */
function aead(
  algorithm: string,
  key: Uint8Array,
  iv: Uint8Array,
  assoc: Uint8Array,
  text: Uint8Array,
  encrypt: boolean,
  tag: number,
): Uint8Array | undefined {
  if (algorithm.startsWith("rfc")) {
    const salt = key.subarray(-4), nonce = Uint8Array.from([...salt, ...iv.subarray(0, 8)]);
    const chacha = algorithm.startsWith("rfc7539"),
      bare = key.subarray(0, -4),
      hidden = assoc.subarray(0, -8);
    const name = chacha ? "chacha20-poly1305" : `aes-${bare.length * 8}-gcm`;
    const options = { authTagLength: tag };
    if (encrypt) {
      const cipher = createCipheriv(name as "aes-128-gcm", bare, nonce, options);
      cipher.setAAD(hidden, { plaintextLength: text.length });
      return concat(cipher.update(text), cipher.final(), cipher.getAuthTag());
    }
    const cipher = createDecipheriv(name as "aes-128-gcm", bare, nonce, options);
    cipher.setAuthTag(text.subarray(text.length - tag));
    cipher.setAAD(hidden, { plaintextLength: text.length - tag });
    try {
      return concat(cipher.update(text.subarray(0, text.length - tag)), cipher.final());
    } catch {
      return undefined;
    }
  }
  const { authentication, encryption } = authencKey(key),
    [, esn, hash, mode] = algorithm.match(
      /^authenc(esn)?\(hmac\((\w+)\),(.*)\)$/,
    )!;
  const ctr = mode!.startsWith("rfc3686"), bare = ctr ? encryption.subarray(0, -4) : encryption;
  const start = ctr ? Uint8Array.from([...encryption.subarray(-4), ...iv.subarray(0, 8), 0, 0, 0, 1]) : iv;
  const name = `aes-${bare.length * 8}-${ctr ? "ctr" : "cbc"}`;
  const digest = (ciphertext: Uint8Array): Uint8Array => {
    const mac = createHmac(hash!, authentication);
    if (esn === undefined) mac.update(assoc).update(ciphertext);
    else {
      mac.update(assoc.subarray(0, 4)).update(assoc.subarray(8)).update(ciphertext).update(
        assoc.subarray(4, 8),
      );
    }
    return mac.digest().subarray(0, tag);
  };
  if (encrypt) {
    const cipher = createCipheriv(name, bare, start).setAutoPadding(false);
    const ciphertext = concat(cipher.update(text), cipher.final());
    return concat(ciphertext, digest(ciphertext));
  }
  const ciphertext = text.subarray(0, text.length - tag);
  if (!timingSafeEqual(digest(ciphertext), text.subarray(text.length - tag))) return undefined;
  const cipher = createDecipheriv(name, bare, start).setAutoPadding(false);
  return concat(cipher.update(ciphertext), cipher.final());
}

function concat(...parts: Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

/** Whether this runtime's node:crypto has an AEAD: Deno lacks AES-192-GCM, Bun ChaCha20-Poly1305. */
export function offered(name: string, keyBytes: number): boolean {
  try {
    createCipheriv(name as "aes-128-gcm", new Uint8Array(keyBytes), new Uint8Array(12), {
      authTagLength: 16,
    });
    return true;
  } catch {
    return false;
  }
}

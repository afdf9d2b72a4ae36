import type { CharacterDevice, IoctlAnswer } from "./character_device.ts";
import { type ServedAlgorithm, servedCipher, servedHash } from "./algorithms.ts";
import * as control from "./controls.ts";

/**
 * A /dev/crypto for tests: what cryptodev-linux answers, by node:crypto.
 *
 * Overview    an ioctl comes several times: bare, then with its structure, then with what the structure points at; the
 *             last time there is room to write. Asynchronous requests are carried out later, one at a time, and kept
 *             until they are fetched in their order, failed ones as an error number alone, as the module does it.
 * Life-cycle  sessions and requests belong to a file and go with it.
 * Limits      RING asynchronous requests a file. Text off the alignmask is an error here, where the module would copy it.
 */
export class ServedCrypto implements CharacterDevice {
  readonly name = "crypto";
  readonly #files = new Map<number, CryptoFile>();
  #lastFile = 0;
  #lastSession = 0x1000;
  #allSessions = 0;
  #asynchronous = true;
  #compression = false;
  #held = 0;
  #alignmask = 0;
  #fault = { number: 0, count: 0, where: control.AT_CALL };

  open(): number {
    this.#files.set(++this.#lastFile, { sessions: new Map(), todo: [], done: [] });
    return this.#lastFile;
  }

  release(handle: number): void {
    this.#files.delete(handle);
  }

  events(handle: number): number {
    const { todo, done } = this.#files.get(handle)!;
    if (this.#held === control.UNTIL_ASKED) this.#held = 0;
    return (done.length > 0 ? POLLIN : 0) | (todo.length + done.length < RING ? POLLOUT : 0);
  }

  get busy(): boolean {
    return this.#held === 0 && [...this.#files.values()].some(({ todo }) => todo.length > 0);
  }

  work(): number {
    const [handle, file] = [...this.#files].find(([, { todo }]) => todo.length > 0)!;
    const request = file.todo.shift()!;
    request.result = this.#faulty(control.AT_FETCH) || request.run();
    file.done.push(request);
    return handle;
  }

  ioctl(handle: number, command: number, argument: number, given: Uint8Array, room: number): IoctlAnswer {
    if ((command & 0xffff) >>> 8 === 0x77) return { result: this.#controlled(command, argument) };
    const file = this.#files.get(handle)!, bytes = new View(given), step = { argument, bytes, room };
    // _IOC: size and number tell what is asked.
    switch (command) {
      case 0xc0306366:
        return this.#openSession(file, step);
      case 0x40046367:
        if (given.length === 0) return { read: [{ address: argument, length: 4 }], written: [] };
        return { result: file.sessions.delete(bytes.u32(0)) ? 0 : -EINVAL };
      case this.#compression ? 0xc18c636b : 0xc10c636b:
        return this.#sessionInfo(file, step);
      case 0xc0306368:
        return this.#crypt(file, step, false);
      case 0xc048636d:
        return this.#authCrypt(file, step);
      case 0x4030636e:
        return this.#asynchronous ? this.#crypt(file, step, true) : { result: -ENOTTY };
      case 0x8030636f:
        return this.#asynchronous ? this.#fetch(file, step) : { result: -ENOTTY };
      default:
        return { result: -EINVAL };
    }
  }

  #controlled(command: number, value: number): number {
    switch (command) {
      case control.FAULT:
        this.#fault = { number: value & 0xff, count: value >> 8 & 0xff, where: value >> 16 };
        return 0;
      case control.ASYNCHRONOUS:
        this.#asynchronous = value === 1;
        return 0;
      case control.OPEN_SESSIONS:
        return [...this.#files.values()].reduce((sum, { sessions }) => sum + sessions.size, 0);
      case control.ALL_SESSIONS:
        return this.#allSessions;
      case control.ALIGNMASK:
        this.#alignmask = value;
        return 0;
      case control.HOLD:
        this.#held = value;
        return 0;
      case control.UNDER_WAY:
        return [...this.#files.values()].reduce((sum, { todo, done }) => sum + todo.length + done.length, 0);
      case control.COMPRESSION:
        this.#compression = value === 1;
        return 0;
      case control.END:
        Deno.exit(0);
        break;
      default:
        return -ENOTTY;
    }
  }

  /** A fault's error number, negative, once less often then; 0 without. */
  #faulty(where: number): number {
    const { count, number } = this.#fault;
    if (count === 0 || this.#fault.where !== where) return 0;
    this.#fault.count--;
    return -number;
  }

  #openSession(file: CryptoFile, { argument, bytes, room }: Step): IoctlAnswer {
    if (bytes.length === 0) return { read: [{ address: argument, length: 48 }], written: [] };
    const keyAt = this.#compression ? 12 : 8, cipher = bytes.u32(0), mac = bytes.u32(4);
    const key = { address: bytes.u64(16), length: bytes.u32(keyAt) };
    const macKey = { address: bytes.u64(32), length: bytes.u32(24) };
    if (this.#compression && bytes.u32(8) !== 0) return { result: -EINVAL };
    if (key.length > 64 || macKey.length > 512) return { result: -EINVAL };
    if (room === 0) {
      const area = { address: argument, length: 48 };
      return { read: [area, key, macKey], written: [area] };
    }
    const keys = bytes.slice(48, 48 + key.length), macKeys = bytes.slice(48 + key.length);
    const algorithm = cipher === 0 ? servedHash(mac, macKeys) : servedCipher(cipher, keys);
    if (algorithm === undefined) return { result: -EINVAL };
    file.sessions.set(++this.#lastSession, algorithm);
    this.#allSessions++;
    const data = bytes.slice(0, 48);
    new DataView(data.buffer).setUint32(40, this.#lastSession, true);
    return { result: 0, data };
  }

  #sessionInfo(file: CryptoFile, { argument, bytes, room }: Step): IoctlAnswer {
    const more = this.#compression ? 128 : 0, area = { address: argument, length: 268 + more };
    if (room === 0) return { read: [area], written: [area] };
    const session = file.sessions.get(bytes.u32(0)), encoder = new TextEncoder();
    if (session === undefined) return { result: -EINVAL };
    const data = bytes.slice(0, area.length), at = session.digest === 0 ? 4 : 132;
    encoder.encodeInto(session.name, data.subarray(at, at + 63));
    encoder.encodeInto(session.driver, data.subarray(at + 64, at + 127));
    new DataView(data.buffer).setUint16(260 + more, this.#alignmask, true);
    return { result: 0, data };
  }

  #crypt(file: CryptoFile, { argument, bytes, room }: Step, later: boolean): IoctlAnswer {
    const area = { address: argument, length: 48 };
    if (bytes.length === 0) return { read: [area], written: [] };
    const session = file.sessions.get(bytes.u32(0)), length = bytes.u32(8);
    const [source, destination, mac, iv] = [bytes.u64(16), bytes.u64(24), bytes.u64(32), bytes.u64(40)];
    if (session === undefined || session.aead || length % session.blockSize !== 0) return { result: -EINVAL };
    if (((source | destination | iv) & this.#alignmask) !== 0) return { result: -EFAULT };
    const written = session.digest > 0
      ? { address: mac, length: session.digest }
      : { address: destination, length };
    if (room === 0) {
      const read = [area, { address: source, length }, { address: iv, length: session.ivSize }];
      return { read, written: later ? [area] : [area, written] };
    }
    if (later && file.todo.length + file.done.length >= RING) return { result: -EBUSY };
    const fault = this.#faulty(later ? control.AT_SUBMIT : control.AT_CALL);
    if (fault !== 0) return { result: fault };
    const structure = bytes.slice(0, 48), encrypts = bytes.u16(4) === 0;
    const text = new Uint8Array(Math.max(length, session.digest)), own = bytes.slice(48 + length);
    text.set(bytes.slice(48, 48 + length));
    const run = (): number => session.mode(session.digest).run(encrypts, own, text, 0, length);
    const request = { structure, run, written, text, result: 0 };
    if (!later) return answer(run(), structure, text.subarray(0, written.length));
    file.todo.push(request);
    return { result: 0, data: structure };
  }

  #fetch(file: CryptoFile, { argument, room }: Step): IoctlAnswer {
    const request = file.done[0];
    if (request === undefined) return { result: -EBUSY };
    const { result, structure, text, written } = request;
    if (result !== 0 || room > 0) {
      file.done.shift();
      return answer(result, structure, text.subarray(0, written.length));
    }
    return { read: [], written: [{ address: argument, length: 48 }, written] };
  }

  #authCrypt(file: CryptoFile, { argument, bytes, room }: Step): IoctlAnswer {
    const area = { address: argument, length: 72 };
    if (bytes.length === 0) return { read: [area], written: [] };
    const session = file.sessions.get(bytes.u32(0)), encrypts = bytes.u16(4) === 0, length = bytes.u32(8);
    const assoc = bytes.u32(12), tagSize = bytes.u32(48) || 16, destination = bytes.u64(32);
    const [assocAt, source, iv] = [bytes.u64(16), bytes.u64(24), bytes.u64(56)];
    if (session?.aead !== true || bytes.u16(6) !== 0 || tagSize > 16 || assoc > 4096) {
      return { result: -EINVAL };
    }
    if (((source | destination | iv) & this.#alignmask) !== 0) return { result: -EFAULT };
    if (!encrypts && length < tagSize) return { result: -EINVAL };
    const textLength = encrypts ? length : length - tagSize,
      written = encrypts ? length + tagSize : textLength;
    if (room === 0) {
      const read = [area, { address: assocAt, length: assoc }, { address: source, length }, {
        address: iv,
        length: session.ivSize,
      }];
      return { read, written: [area, { address: destination, length: written }] };
    }
    const fault = this.#faulty(control.AT_CALL);
    if (fault !== 0) return { result: fault };
    const text = new Uint8Array(assoc + textLength + tagSize), end = 72 + assoc + length;
    text.set(bytes.slice(72, end));
    const result = session.mode(tagSize).run(encrypts, bytes.slice(end), text, assoc, textLength);
    return answer(result, bytes.slice(0, 72), text.subarray(assoc, assoc + written));
  }
}

interface Step {
  readonly argument: number;
  readonly bytes: View;
  readonly room: number;
}

interface CryptoFile {
  readonly sessions: Map<number, ServedAlgorithm>;
  readonly todo: Later[];
  readonly done: Later[];
}

interface Later {
  readonly structure: Uint8Array;
  readonly run: () => number;
  readonly written: { readonly address: number; readonly length: number };
  readonly text: Uint8Array;
  result: number;
}

function answer(result: number, structure: Uint8Array, text: Uint8Array): IoctlAnswer {
  if (result !== 0) return { result };
  const data = new Uint8Array(structure.length + text.length);
  data.set(structure);
  data.set(text, structure.length);
  return { result, data };
}

class View {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  get length(): number {
    return this.#bytes.length;
  }

  u16(at: number): number {
    return this.#view.getUint16(at, true);
  }

  u32(at: number): number {
    return this.#view.getUint32(at, true);
  }

  u64(at: number): number {
    return Number(this.#view.getBigUint64(at, true));
  }

  slice(from: number, to?: number): Uint8Array<ArrayBuffer> {
    return new Uint8Array(this.#bytes.slice(from, to));
  }
}

const POLLIN = 0x41, POLLOUT = 0x104;
const EBUSY = 16, EFAULT = 14, EINVAL = 22, ENOTTY = 25;
/** As MAX_COP_RINGSIZE. */
const RING = 64;

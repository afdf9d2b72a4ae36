import { errno, libc, O_RDWR, openFile, SystemError } from "../../drivers/sys/libc.ts";
import { bytes } from "../../drivers/sys/libc.ts";
import * as fuse from "./fuse.ts";

/** Bytes of a caller's memory. */
export interface Area {
  readonly address: number;
  readonly length: number;
}

/** What an ioctl came to: a result with bytes for the areas asked for, or the areas it needs first. */
export type IoctlAnswer =
  | { readonly result: number; readonly data?: Uint8Array }
  | { readonly read: readonly Area[]; readonly written: readonly Area[] };

/** A character device, carried out by this process. */
export interface CharacterDevice {
  readonly name: string;
  /** A number for an opened file. */
  open(): number;
  release(handle: number): void;
  /** `given`: bytes of the areas to be read, behind each other; `room`: bytes of those to be written. 0 and none at first. */
  ioctl(handle: number, command: number, argument: number, given: Uint8Array, room: number): IoctlAnswer;
  /** POLLIN and so on. */
  events(handle: number): number;
  /** Whether there is work that nobody waits for; `work` does a piece of it and returns the file it was for. */
  readonly busy: boolean;
  work(): number;
}

/**
 * Serves a device by /dev/cuse until it is closed.
 *
 * Overview    the kernel asks, one message a read, and is answered with one write. While nothing is asked, the device
 *             does its own work, and who polls the file it was for is woken.
 * Ownership   one thread; it never returns but with an error.
 */
export function serve(device: CharacterDevice): never {
  const fd = openFile("/dev/cuse", O_RDWR), message = bytes(fuse.MOST_BYTES);
  const pollFd = bytes(8), pollView = new DataView(pollFd.buffer);
  pollView.setInt32(0, fd, true);
  pollView.setInt16(4, 1, true);
  const conversation = new Conversation(fd, device, message);
  for (let asked = 0;;) {
    if (device.busy && (asked > WORK_AFTER || libc.poll(pollFd, 1, 0) === 0)) {
      asked = 0;
      conversation.wake(device.work());
      continue;
    }
    const length = libc.read(fd, message, message.length);
    if (length < 0) throw new SystemError("read /dev/cuse", errno());
    conversation.take(length);
    asked++;
  }
}

/** A device that is asked all the time works after so many questions all the same. */
const WORK_AFTER = 3;

class Conversation {
  readonly #fd: number;
  readonly #device: CharacterDevice;
  readonly #message: Uint8Array<ArrayBuffer>;
  readonly #view: DataView;
  readonly #answer = bytes(fuse.MOST_BYTES);
  readonly #out = new DataView(this.#answer.buffer);
  /** Kernel handles of files that somebody waits for. */
  readonly #waiting = new Map<number, bigint>();

  constructor(fd: number, device: CharacterDevice, message: Uint8Array<ArrayBuffer>) {
    this.#fd = fd;
    this.#device = device;
    this.#message = message;
    this.#view = new DataView(message.buffer);
  }

  take(length: number): void {
    const view = this.#view, at = fuse.IN.size;
    switch (view.getUint32(fuse.IN.opcode, true)) {
      case fuse.CUSE_INIT:
        return this.#init();
      case fuse.FUSE_OPEN:
        this.#out.setBigUint64(fuse.OUT.size, BigInt(this.#device.open()), true);
        this.#out.setBigUint64(fuse.OUT.size + 8, 0n, true);
        return this.#send(0, 16);
      case fuse.FUSE_RELEASE: {
        const handle = Number(view.getBigUint64(at, true));
        this.#waiting.delete(handle);
        this.#device.release(handle);
        return this.#send(0, 0);
      }
      case fuse.FUSE_IOCTL:
        return this.#ioctl(length);
      case fuse.FUSE_POLL:
        return this.#poll();
      case fuse.FUSE_INTERRUPT:
        return;
      default:
        return this.#send(-ENOSYS, 0);
    }
  }

  #init(): void {
    const at = fuse.OUT.size, name = new TextEncoder().encode(`DEVNAME=${this.#device.name}\0`);
    this.#answer.fill(0, at, at + fuse.INIT_OUT.size);
    this.#out.setUint32(at + fuse.INIT_OUT.major, this.#view.getUint32(fuse.IN.size, true), true);
    this.#out.setUint32(at + fuse.INIT_OUT.minor, this.#view.getUint32(fuse.IN.size + 4, true), true);
    this.#out.setUint32(at + fuse.INIT_OUT.flags, fuse.CUSE_UNRESTRICTED_IOCTL, true);
    this.#out.setUint32(at + fuse.INIT_OUT.mostRead, 131072, true);
    this.#out.setUint32(at + fuse.INIT_OUT.mostWritten, 131072, true);
    this.#answer.set(name, at + fuse.INIT_OUT.size);
    this.#send(0, fuse.INIT_OUT.size + name.length);
  }

  #ioctl(length: number): void {
    const view = this.#view, at = fuse.IN.size, out = this.#out, begin = fuse.OUT.size;
    const handle = Number(view.getBigUint64(at + fuse.IOCTL_IN.handle, true));
    const answer = this.#device.ioctl(
      handle,
      view.getUint32(at + fuse.IOCTL_IN.command, true),
      Number(view.getBigUint64(at + fuse.IOCTL_IN.argument, true)),
      this.#message.subarray(at + fuse.IOCTL_IN.size, length),
      view.getUint32(at + fuse.IOCTL_IN.outSize, true),
    );
    this.#answer.fill(0, begin, begin + fuse.IOCTL_OUT.size);
    let end = begin + fuse.IOCTL_OUT.size;
    if ("result" in answer) {
      out.setInt32(begin + fuse.IOCTL_OUT.result, answer.result, true);
      this.#answer.set(answer.data ?? NONE, end);
      return this.#send(0, fuse.IOCTL_OUT.size + (answer.data ?? NONE).length);
    }
    const read = answer.read.filter(({ length }) => length > 0);
    const written = answer.written.filter(({ length }) => length > 0);
    out.setUint32(begin + fuse.IOCTL_OUT.flags, fuse.FUSE_IOCTL_RETRY, true);
    out.setUint32(begin + fuse.IOCTL_OUT.inAreas, read.length, true);
    out.setUint32(begin + fuse.IOCTL_OUT.outAreas, written.length, true);
    for (const { address, length } of [...read, ...written]) {
      out.setBigUint64(end, BigInt(address), true);
      out.setBigUint64(end + 8, BigInt(length), true);
      end += 16;
    }
    this.#send(0, end - begin);
  }

  #poll(): void {
    const view = this.#view, at = fuse.IN.size;
    const handle = Number(view.getBigUint64(at + fuse.POLL_IN.handle, true));
    if ((view.getUint32(at + fuse.POLL_IN.flags, true) & fuse.FUSE_POLL_SCHEDULE_NOTIFY) !== 0) {
      this.#waiting.set(handle, view.getBigUint64(at + fuse.POLL_IN.kernelHandle, true));
    }
    this.#out.setUint32(fuse.OUT.size, this.#device.events(handle), true);
    this.#out.setUint32(fuse.OUT.size + 4, 0, true);
    this.#send(0, 8);
  }

  /** Those who wait for a file ask again. */
  wake(handle: number): void {
    const kernelHandle = this.#waiting.get(handle);
    if (kernelHandle === undefined) return;
    this.#waiting.delete(handle);
    this.#out.setBigUint64(fuse.OUT.size, kernelHandle, true);
    this.#view.setBigUint64(fuse.IN.unique, 0n, true);
    this.#send(fuse.FUSE_NOTIFY_POLL, 8);
  }

  #send(error: number, length: number): void {
    const out = this.#out;
    out.setUint32(fuse.OUT.length, fuse.OUT.size + length, true);
    out.setInt32(fuse.OUT.error, error, true);
    out.setBigUint64(fuse.OUT.unique, this.#view.getBigUint64(fuse.IN.unique, true), true);
    libc.write(this.#fd, this.#answer, fuse.OUT.size + length);
  }
}

const NONE = new Uint8Array();
const ENOSYS = 38;

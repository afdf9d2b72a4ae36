import { errnoName, errnoText } from "./errno.ts";

/**
 * libc by FFI.
 *
 * Overview    one table of symbols for the whole process; every isolate loads its own. Wrappers with names live
 *             in the files that use a call; here are the declarations, `errno` and what turns it into an error.
 * Types       sizes and offsets of hot calls are declared u32/i32 rather than usize: a BigInt or a plain Number
 *             for a 64-bit parameter leaves the fast call path. All our lengths fit into 31 bits.
 * Threads     errno is per thread and an isolate stays on its thread, so its location is looked up once.
 * Limits      `errno()` is to be read right after the call that failed. Linux on little-endian 64-bit machines.
 */
export const libc = Deno.dlopen("libc.so.6", {
  socket: { parameters: ["i32", "i32", "i32"], result: "i32" },
  memmove: { parameters: ["pointer", "pointer", "u32"], result: "void" },
  accept: { parameters: ["i32", "pointer", "pointer"], result: "i32" },
  bind: { parameters: ["i32", "buffer", "u32"], result: "i32" },
  getsockname: { parameters: ["i32", "buffer", "buffer"], result: "i32" },
  setsockopt: { parameters: ["i32", "i32", "i32", "buffer", "u32"], result: "i32" },
  getsockopt: { parameters: ["i32", "i32", "i32", "buffer", "buffer"], result: "i32" },
  send: { parameters: ["i32", "buffer", "u32", "i32"], result: "i32" },
  recv: { parameters: ["i32", "buffer", "u32", "i32"], result: "i32" },
  sendto: { parameters: ["i32", "buffer", "u32", "i32", "buffer", "u32"], result: "i32" },
  recvfrom: { parameters: ["i32", "buffer", "u32", "i32", "buffer", "buffer"], result: "i32" },
  sendmsg: { parameters: ["i32", "buffer", "i32"], result: "i32" },
  recvmsg: { parameters: ["i32", "buffer", "i32"], result: "i32" },
  sendmmsg: { parameters: ["i32", "buffer", "u32", "i32"], result: "i32" },
  recvmmsg: { parameters: ["i32", "buffer", "u32", "i32", "pointer"], result: "i32" },
  read: { parameters: ["i32", "buffer", "u32"], result: "i32" },
  write: { parameters: ["i32", "buffer", "u32"], result: "i32" },
  readv: { parameters: ["i32", "buffer", "i32"], result: "i32" },
  writev: { parameters: ["i32", "buffer", "i32"], result: "i32" },
  poll: { parameters: ["buffer", "u32", "i32"], result: "i32" },
  ioctl: { parameters: ["i32", "u32", "buffer"], result: "i32" },
  ioctl_value: { name: "ioctl", parameters: ["i32", "u32", "i32"], result: "i32" },
  open: { parameters: ["buffer", "i32", "u32"], result: "i32" },
  close: { parameters: ["i32"], result: "i32" },
  unlink: { parameters: ["buffer"], result: "i32" },
  mkdir: { parameters: ["buffer", "u32"], result: "i32" },
  rename: { parameters: ["buffer", "buffer"], result: "i32" },
  flock: { parameters: ["i32", "i32"], result: "i32" },
  ftruncate: { parameters: ["i32", "i32"], result: "i32" },
  mmap: { parameters: ["pointer", "usize", "i32", "i32", "i32", "i64"], result: "pointer" },
  munmap: { parameters: ["pointer", "usize"], result: "i32" },
  eventfd: { parameters: ["u32", "i32"], result: "i32" },
  mount: { parameters: ["buffer", "buffer", "buffer", "u32", "pointer"], result: "i32" },
  umount2: { parameters: ["buffer", "i32"], result: "i32" },
  setns: { parameters: ["i32", "i32"], result: "i32" },
  unshare: { parameters: ["i32"], result: "i32" },
  getpid: { parameters: [], result: "i32" },
  getppid: { parameters: [], result: "i32" },
  geteuid: { parameters: [], result: "u32" },
  kill: { parameters: ["i32", "i32"], result: "i32" },
  prctl: { parameters: ["i32", "u32", "u32", "u32", "u32"], result: "i32" },
  clock_gettime: { parameters: ["i32", "buffer"], result: "i32" },
  __errno_location: { parameters: [], result: "pointer" },
}).symbols;

const errnoCell = new Int32Array(new Deno.UnsafePointerView(libc.__errno_location()!).getArrayBuffer(4));

/** Error number of this thread's last failed call. */
export const errno = (): number => errnoCell[0]!;

/** A system call that failed: what was tried, and the kernel's answer as text. */
export class SystemError extends Error {
  override readonly name = "SystemError";
  readonly errno: number;
  /** Symbolic name of the error number, "EPERM". */
  readonly code: string;

  /** `operation` reads like "open /dev/net/tun". */
  constructor(operation: string, number: number) {
    super(`${operation}: ${errnoText(number)}`);
    this.errno = number;
    this.code = errnoName(number);
  }
}

/** The result of a call when it is not negative; throws `SystemError` otherwise. */
export function checked(result: number, operation: string): number {
  if (result < 0) throw new SystemError(operation, errno());
  return result;
}

/** Off-heap bytes: their address stays put, whatever their size. Structures given to libc live in such. */
export const bytes = (length: number): Uint8Array<ArrayBuffer> => new Uint8Array(new ArrayBuffer(length));

const encoder = new TextEncoder();

/** Zero-terminated UTF-8. */
export function cstring(text: string): Uint8Array<ArrayBuffer> {
  const encoded = encoder.encode(text), result = bytes(encoded.length + 1);
  result.set(encoded);
  return result;
}

/** Text of a zero-terminated field of at most `most` bytes at `at`. */
export function textAt(b: Uint8Array, at: number, most: number): string {
  let end = at;
  while (end < at + most && end < b.length && b[end] !== 0) end++;
  return decoder.decode(b.subarray(at, end));
}
const decoder = new TextDecoder();

/** Address of a buffer; a Number, since user space ends below 2^47. The buffer must be kept alive by the caller. */
export const addressOf = (b: Uint8Array<ArrayBuffer>): number =>
  b.byteLength === 0 ? 0 : Number(Deno.UnsafePointer.value(Deno.UnsafePointer.of(b)));

/** Opens a file. `flags` are O_* bits; O_CLOEXEC is added. Throws `SystemError`. */
export const openFile = (path: string, flags: number, mode = 0): number =>
  checked(libc.open(cstring(path), flags | O_CLOEXEC, mode), `open ${path}`);

export function setOption(fd: number, level: number, name: number, value: number): number {
  const b = bytes(4);
  new DataView(b.buffer).setInt32(0, value, true);
  return libc.setsockopt(fd, level, name, b, 4);
}

export const O_RDONLY = 0, O_WRONLY = 1, O_RDWR = 2;
export const O_CREAT = 0x40, O_EXCL = 0x80, O_TRUNC = 0x200, O_NONBLOCK = 0x800, O_CLOEXEC = 0x80000;

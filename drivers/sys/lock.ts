import { bytes, checked, errno, libc, O_CREAT, O_RDWR, openFile, SystemError } from "./libc.ts";
import { EAGAIN } from "./errno.ts";

/**
 * Exclusive lock of a running router: two forwarders on one pair of interfaces would duplicate every packet without
 * any error. The kernel drops the lock when the process ends, however it ends; the file stays and says who had it.
 */
export class InstanceLock {
  readonly #fd: number;

  /** Takes the lock. Throws `Error` with one clear line when somebody has it, `SystemError` for other trouble. */
  constructor(path: string) {
    const fd = openFile(path, O_RDWR | O_CREAT, 0o644);
    if (libc.flock(fd, LOCK_EX | LOCK_NB) < 0) {
      const reason = errno(), holder = readHolder(fd);
      libc.close(fd);
      if (reason !== EAGAIN) throw new SystemError(`lock ${path}`, reason);
      const who = holder === "" ? "" : ` (process ${holder})`;
      throw new Error(`another weir is running${who}: it holds ${path}. Stop it first.`);
    }
    const text = new TextEncoder().encode(`${libc.getpid()}\n`), b = bytes(text.length);
    b.set(text);
    try {
      checked(libc.ftruncate(fd, 0), `write ${path}`);
      checked(libc.write(fd, b, b.length), `write ${path}`);
    } catch (error) {
      libc.close(fd);
      throw error;
    }
    this.#fd = fd;
  }

  release(): void {
    libc.close(this.#fd);
  }
}

function readHolder(fd: number): string {
  const b = bytes(32), length = libc.read(fd, b, 32);
  const text = length > 0 ? new TextDecoder().decode(b.subarray(0, length)).trim() : "";
  return /^\d+$/.test(text) ? text : "";
}

const LOCK_EX = 2, LOCK_NB = 4;

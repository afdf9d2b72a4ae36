import { bytes, checked, errno, libc, SystemError } from "./libc.ts";
import { EADDRINUSE } from "./errno.ts";

/**
 * One router in a network namespace, wherever its files are: a name in the abstract namespace of unix sockets, which
 * belongs to the network namespace and goes with the process (unix(7)).
 */
export class NamespaceLock {
  readonly #fd: number;

  /** Takes the name. Throws `Error` with one clear line when another process has it, `SystemError` for other trouble. */
  constructor(name = "weir") {
    const fd = checked(libc.socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0), "open lock socket");
    const text = new TextEncoder().encode(name), address = bytes(3 + text.length);
    new DataView(address.buffer).setUint16(0, AF_UNIX, true);
    address.set(text, 3);
    if (libc.bind(fd, address, address.length) < 0) {
      const reason = errno();
      libc.close(fd);
      if (reason !== EADDRINUSE) throw new SystemError("lock the network namespace", reason);
      throw new Error("another weir is running in this network namespace. Stop it first.");
    }
    this.#fd = fd;
  }

  release(): void {
    libc.close(this.#fd);
  }
}

const AF_UNIX = 1, SOCK_DGRAM = 2, SOCK_CLOEXEC = 0x80000;

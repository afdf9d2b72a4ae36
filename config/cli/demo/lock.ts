import { checked, errno, libc, O_CREAT, O_RDWR, openFile, SystemError } from "../../../drivers/sys/libc.ts";
import { EAGAIN } from "../../../drivers/sys/errno.ts";

const LOCK_EX = 2, LOCK_NB = 4;
const PATH = "/run/weir-demo.lock";

/**
 * The lock that one demo holds on a machine: names of namespaces are the machine's. The kernel lets go of it with
 * the process, so a lock file that is left over locks nobody out.
 */
export class DemoLock implements Disposable {
  readonly #fd: number;

  /** Throws when another demo runs. */
  constructor() {
    this.#fd = openFile(PATH, O_RDWR | O_CREAT, 0o600);
    if (libc.flock(this.#fd, LOCK_EX | LOCK_NB) === 0) return;
    const reason = errno();
    libc.close(this.#fd);
    if (reason === EAGAIN) {
      throw new Error("another demo is running on this machine: stop it with Ctrl-C first");
    }
    throw new SystemError(`lock ${PATH}`, reason);
  }

  [Symbol.dispose](): void {
    Deno.removeSync(PATH);
    checked(libc.close(this.#fd), `close ${PATH}`);
  }
}

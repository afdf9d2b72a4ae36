import { bytes, checked, libc } from "./libc.ts";

/**
 * eventfd(2): wakes a thread that sleeps in poll. The descriptor number is all that another thread needs; the one that
 * called `create` closes it.
 */
export class WakeEvent {
  readonly fd: number;
  readonly #word = bytes(8);

  /** Uses an existing descriptor. */
  constructor(fd: number) {
    this.fd = fd;
  }
  static create(): WakeEvent {
    return new WakeEvent(checked(libc.eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC), "create an eventfd"));
  }
  /** Makes the descriptor readable; calls before the next `drain` count as one. */
  signal(): void {
    this.#word.fill(0);
    this.#word[0] = 1;
    libc.write(this.fd, this.#word, 8);
  }
  /** Takes the signal; false when there was none. */
  drain(): boolean {
    return libc.read(this.fd, this.#word, 8) === 8;
  }
  close(): void {
    libc.close(this.fd);
  }
}

const EFD_NONBLOCK = 0x800, EFD_CLOEXEC = 0x80000;

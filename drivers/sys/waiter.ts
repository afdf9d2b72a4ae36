import { libc } from "./libc.ts";

/**
 * Poll set of a data plane: ports and wake events. `wait` blocks the thread, at most the given time.
 *
 *     const waiter = new Waiter();
 *     const event = waiter.add(wake.fd), wire = waiter.add(port.fd);
 *     waiter.wait(100);
 *     if (waiter.ready(event)) wake.drain();
 */
export class Waiter {
  /** `struct pollfd`: fd@0, events@4, revents@6. */
  #memory = new ArrayBuffer(8 * 16);
  #bytes = new Uint8Array(this.#memory);
  #words = new Int32Array(this.#memory);
  #halves = new Uint16Array(this.#memory);
  #count = 0;

  /** Watches a descriptor for input; a negative one is never ready. Returns its place. */
  add(fd: number): number {
    if (this.#count * 8 === this.#memory.byteLength) this.#grow();
    const place = this.#count++;
    this.set(place, fd);
    return place;
  }
  /** Puts another descriptor, or -1 for none, into a place. */
  set(place: number, fd: number): void {
    this.#words[2 * place] = fd;
    this.#words[2 * place + 1] = POLLIN;
  }
  #grow(): void {
    const old = this.#bytes;
    this.#memory = new ArrayBuffer(2 * old.length);
    this.#bytes = new Uint8Array(this.#memory);
    this.#words = new Int32Array(this.#memory);
    this.#halves = new Uint16Array(this.#memory);
    this.#bytes.set(old);
  }
  /**
   * Sleeps until something is ready, at most `milliseconds` (0: only looks, -1: for ever). Returns how many places are
   * ready; 0 too when a signal ended the sleep.
   */
  wait(milliseconds: number): number {
    for (let place = 0; place < this.#count; place++) this.#halves[4 * place + 3] = 0;
    return Math.max(0, libc.poll(this.#bytes, this.#count, milliseconds));
  }
  /** Whether the place had input or an error in the last `wait`. */
  ready(place: number): boolean {
    return this.#halves[4 * place + 3] !== 0;
  }
  /** Whether the place reported an error: `refresh` the port, which clears it. */
  failed(place: number): boolean {
    return (this.#halves[4 * place + 3]! & (POLLERR | POLLHUP | POLLNVAL)) !== 0;
  }
}

const POLLIN = 1, POLLERR = 8, POLLHUP = 0x10, POLLNVAL = 0x20;

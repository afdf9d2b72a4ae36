import { completeChecksum } from "../core/forward/segment.ts";
import { BATCH } from "../core/packet/batch.ts";
import { frameOf, putFrame, testBatch } from "../core/packet/test_batch.ts";
import { openPacketPort, PacketPort } from "../drivers/port/packet.ts";

/**
 * Our own packet port on a device of the current namespace, for tests: it sees every frame that the device receives
 * (none that its own host sends) and sends what a test made up.
 */
export class WireTap implements Disposable {
  readonly #port: PacketPort;
  readonly #received = testBatch();
  readonly #sending = testBatch();
  readonly #rows = new Uint16Array(1);

  /** The calling thread must be in the device's network namespace. */
  constructor(device: string, slots = 1024) {
    this.#port = new PacketPort(openPacketPort({ name: device, device, promiscuous: true, slots }));
    this.#port.attach(this.#received);
  }

  /** Frames that came in since the last call. */
  take(): Uint8Array[] {
    const frames: Uint8Array[] = [];
    while (this.#port.receive(this.#received, BATCH) > 0) {
      for (let row = 0; row < this.#received.count; row++) {
        // a stack next door leaves checksums to a device that is not there
        completeChecksum(this.#received, row);
        frames.push(frameOf(this.#received, row));
      }
      this.#port.release();
      this.#received.clear();
    }
    return frames;
  }

  /** Sends one Ethernet frame. */
  send(frame: Uint8Array): void {
    if (!this.trySend(frame)) throw new Error("the tap could not send");
  }

  /** As `send`; false when the kernel had no room for it, on a busy machine: nothing was sent then. */
  trySend(frame: Uint8Array): boolean {
    this.#rows[0] = putFrame(this.#sending, frame);
    const taken = this.#port.transmit(this.#sending, this.#rows, 1);
    this.#sending.clear();
    return taken === 1;
  }

  /** Waits until `wanted` frames for which `which` holds have come, at most `milliseconds`; those that came. */
  async collect(
    which: (frame: Uint8Array) => boolean,
    milliseconds: number,
    wanted = Infinity,
  ): Promise<Uint8Array[]> {
    const until = performance.now() + milliseconds, found: Uint8Array[] = [];
    for (;;) {
      found.push(...this.take().filter(which));
      if (found.length >= wanted || performance.now() >= until) return found;
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
  }

  [Symbol.dispose](): void {
    this.#port.close();
  }
}

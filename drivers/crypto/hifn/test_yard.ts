import { NOTICE_DONE } from "../../../core/crypto/engine.ts";
import { ENCRYPT } from "../../../core/crypto/requests.ts";
import { clock } from "../../sys/clock.ts";
import { Engine } from "../engine.ts";
import type { BusSizes } from "./bus.ts";
import { KEY, SteppedCard, SteppedHifn } from "./test_desk.ts";

/** An engine with a card that does something when told so; requests are encrypted in place, 64 bytes each. */
export class Yard {
  readonly card = new SteppedCard();
  readonly device: SteppedHifn;
  readonly engine: Engine;
  /** Notices, in words. */
  readonly told: string[] = [];
  readonly #memory = new Uint8Array(new SharedArrayBuffer(64 * PLACE));
  readonly #session: number;

  constructor(sizes: BusSizes, limit: number) {
    const { card } = this;
    this.device = new SteppedHifn(card, sizes);
    this.engine = new Engine([this.device], { clock, rows: 64, limit });
    this.device.steps = false;
    this.engine.requests.addRegion(this.#memory);
    this.#session = this.engine.open("cbc(aes)", KEY);
  }

  get queue() {
    return this.engine.queues[0]!;
  }

  /** Lays bytes at place `i` and fills in a row for them. */
  row(i: number, length: number): number {
    const { requests } = this.engine, row = requests.take();
    requests.session[row] = this.#session;
    requests.direction[row] = ENCRYPT;
    requests.length[row] = length;
    requests.iv.fill(i, row * 16, row * 16 + 16);
    requests.addSource(row, 0, i * PLACE, length);
    requests.addDestination(row, 0, i * PLACE, length);
    this.fill(i);
    return row;
  }

  fill(i: number): void {
    this.#memory.fill(7, i * PLACE, (i + 1) * PLACE);
  }

  bytes(i: number): string {
    return this.#memory.subarray(i * PLACE, (i + 1) * PLACE).join();
  }

  changed(i: number): boolean {
    return this.#memory.subarray(i * PLACE, (i + 1) * PLACE).some((byte) => byte !== 7);
  }

  /** Polls and takes notices down. */
  turn(): void {
    const { engine } = this;
    engine.poll();
    for (let notice = engine.next(); notice >= 0; notice = engine.next()) {
      this.told.push(`${(notice & 1) === NOTICE_DONE ? "done" : "in progress"} ${notice >> 1}`);
    }
  }

  /** Until there is nothing left to do. */
  run(): void {
    do {
      this.card.step();
      this.turn();
    } while (this.queue.depth + this.device.outstanding > 0);
  }
}
const PLACE = 64;

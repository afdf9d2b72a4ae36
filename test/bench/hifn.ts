import { parseArgs } from "node:util";
import { CryptoRequests, ENCRYPT } from "../../core/crypto/requests.ts";
import type { CryptoDevice } from "../../drivers/crypto/device.ts";
import { HifnCard } from "../../drivers/crypto/hifn/card.ts";
import type { CardSlot } from "../../drivers/crypto/hifn/card_slot.ts";
import { HifnDevice } from "../../drivers/crypto/hifn/device.ts";
import { SoftwareDevice } from "../../drivers/crypto/libcrypto/device.ts";
import { Notices } from "../../drivers/crypto/notices.ts";
import { DeviceQueue } from "../../drivers/crypto/queue.ts";
import { PUBLISHED } from "../../drivers/crypto/vectors/published.ts";
import { clock, threadCpu } from "../../drivers/sys/clock.ts";
import { paired, type Row, single, table } from "./row.ts";

/**
 * `deno task bench-hifn`: requests a second, wall time, through driver and card (rings of 24 and 80, the card in its
 * Worker) against the same engine in one thread, both as devices and both behind their queues. Callers do the same on all
 * sides: take a row, fill it in, give it back, 24 of them under way. Wall time wants two cores that nobody else uses; the rows
 * `card alone` hold what the card's thread spends on a request against what the engine spends, in CPU time of one thread.
 */
const { values } = parseArgs({
  options: {
    rounds: { type: "string", default: "31" },
    bytes: { type: "string", default: "1500" },
    milliseconds: { type: "string", default: "60" },
  },
});
const ROUNDS = Number(values.rounds),
  BYTES = Number(values.bytes),
  MILLISECONDS = Number(values.milliseconds);
const ALGORITHMS = ["rfc4106(gcm(aes))", "authenc(hmac(sha256),cbc(aes))"];
const UNDER_WAY = 24, ROWS = 2 * UNDER_WAY, STRIDE = 2048;
/** Requests are begun so many at a time, and a caller that finds nothing done looks again after so many pauses. */
const BATCH = 8, PAUSES = 8;

/** A device that is kept busy. */
class Load {
  readonly device: CryptoDevice;
  readonly #requests = new CryptoRequests(ROWS);
  readonly #notices = new Notices(ROWS);
  readonly #rows = new Int32Array(ROWS);
  readonly #queue: DeviceQueue | undefined;
  readonly #context: number;
  readonly #length: number;
  #number = 0;
  #underWay = 0;

  constructor(device: CryptoDevice, name: string, queued: boolean) {
    const algorithm = device.algorithms.find((each) => each.name === name)!;
    const { key } = PUBLISHED.find((vector) => vector.algorithm === name)!;
    this.device = device;
    this.#length = BYTES - BYTES % algorithm.blockSize;
    this.#requests.addRegion(new Uint8Array(new SharedArrayBuffer(ROWS * STRIDE)));
    device.attach(this.#requests);
    if (queued) this.#queue = new DeviceQueue(device, this.#requests, this.#notices, { clock });
    this.#context = device.open(algorithm, key, algorithm.tagSize);
  }

  /** Begins requests and takes back what is done; how many that were. */
  turn(): number {
    if (this.#underWay <= UNDER_WAY - BATCH) this.#begin();
    const count = this.#queue === undefined ? this.device.poll(this.#rows) : this.#noticed(this.#queue);
    if (count === 0) { for (let i = 0; i < PAUSES; i++) Atomics.pause(); }
    for (let i = 0; i < count; i++) {
      const row = this.#rows[i]!, result = this.#requests.result[row]!;
      if (result !== 0) throw new Error(`a request failed with ${result}`);
      this.#requests.free(row);
    }
    this.#underWay -= count;
    return count;
  }

  #begin(): void {
    const requests = this.#requests, length = this.#length;
    for (; this.#underWay < UNDER_WAY; this.#underWay++) {
      const row = requests.take(), place = row * STRIDE;
      requests.direction[row] = ENCRYPT;
      requests.assoc[row] = 16;
      requests.length[row] = length;
      this.#number++;
      for (let i = 0; i < 8; i++) requests.iv[row * 16 + i] = this.#number >>> (i * 4);
      requests.addSource(row, 0, place, 16 + length);
      requests.addDestination(row, 0, place, 16 + length + 32);
      if (this.#queue !== undefined) this.#queue.submit(row, this.#context, true);
      else if (!this.device.start(row, this.#context)) throw new Error("the device had no room");
    }
  }

  #noticed(queue: DeviceQueue): number {
    let count = 0;
    queue.poll();
    for (let notice = this.#notices.next(); notice >= 0; notice = this.#notices.next()) {
      this.#rows[count++] = notice >> 1;
    }
    return count;
  }

  /** CPU nanoseconds of 24 requests: of `work` and, where that does nothing, of taking them back, where engines work. */
  burst(work: () => void): number {
    this.#begin();
    let before = threadCpu();
    work();
    let spent = threadCpu() - before;
    before = threadCpu();
    const count = this.turn();
    if (this.device.name === "software") spent = threadCpu() - before;
    if (count !== UNDER_WAY) throw new Error("a burst came back in parts");
    return spent;
  }

  /** Thousands of requests a second, and CPU microseconds of this thread a request. */
  measure(): { readonly rate: number; readonly cpu: number } {
    const begin = performance.now(), cpu = threadCpu();
    let done = 0;
    for (let turns = 0; (turns & 15) !== 0 || performance.now() - begin < MILLISECONDS; turns++) {
      done += this.turn();
    }
    return { rate: done / (performance.now() - begin), cpu: (threadCpu() - cpu) / done / 1000 };
  }
}

/** Requests by CPU time of one thread: [what the card does, what its engine does alone]. */
function cardAlone(name: string): [card: number, engine: number] {
  let card: HifnCard | undefined;
  const slot: CardSlot = (bus) => {
    const made = card = new HifnCard(bus, new SoftwareDevice(), () => {});
    return { map: (regions, mappings) => made.map(regions, mappings), remove: () => {} };
  };
  const hifn = new Load(new HifnDevice({ slot }), name, false),
    engine = new Load(new SoftwareDevice(), name, false);
  const spent: [card: number, engine: number] = [0, 0];
  for (let turn = -2000; turn < 3000; turn++) {
    const times = [hifn.burst(() => void card!.step()), engine.burst(() => {})];
    if (turn >= 0) { for (const i of [0, 1] as const) spent[i] += times[i]!; }
  }
  for (const { device } of [hifn, engine]) device.shutdown();
  return [3000 * UNDER_WAY * 1e6 / spent[0], 3000 * UNDER_WAY * 1e6 / spent[1]];
}

const rows: Row[] = [];
for (const name of ALGORITHMS) {
  const alone = Array.from({ length: 9 }, () => cardAlone(name));
  rows.push(paired(
    `${name} ${BYTES} B, card alone`,
    "k/CPU s",
    alone.map(([card]) => card),
    alone.map(([, engine]) => engine),
    { least: 0.95 },
  ));
  for (const queued of [false, true]) {
    const engine = new Load(new SoftwareDevice(), name, queued),
      card = new Load(new HifnDevice(), name, queued);
    const ofCard: number[] = [], ofEngine: number[] = [], cpu: number[] = [];
    for (let round = -5; round < ROUNDS; round++) {
      const cardFirst = round % 2 === 0, early = cardFirst ? card.measure() : engine.measure();
      const late = cardFirst ? engine.measure() : card.measure();
      if (round < 0) continue;
      ofCard.push((cardFirst ? early : late).rate);
      ofEngine.push((cardFirst ? late : early).rate);
      cpu.push((cardFirst ? early : late).cpu);
    }
    const way = queued ? "queued" : "direct";
    rows.push(paired(`${name} ${BYTES} B, ${way}`, "k/s", ofCard, ofEngine, { least: 0.95 }));
    rows.push(single(`  the driver's thread`, "us CPU", cpu));
    card.device.shutdown();
    engine.device.shutdown();
  }
}
console.log(
  table(rows).replace("weir / kernel", " hifn/engine ").replace("kernel", "engine").replace("weir", "hifn"),
);
Deno.exit(0);

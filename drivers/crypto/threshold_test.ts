import assert from "node:assert/strict";
import { VirtualClock } from "../../core/clock.ts";
import { CryptoRequests } from "../../core/crypto/requests.ts";
import type { CryptoDevice, OfferedAlgorithm } from "./device.ts";
import { Engine } from "./engine.ts";
import { measureThreshold } from "./threshold.ts";

/** CPU time as the devices below spend it, nanoseconds. */
let spent = 0;

/** Costs so much a request and so much a byte. */
class PricedDevice implements CryptoDevice {
  readonly name: string;
  algorithms: readonly OfferedAlgorithm[] = [{
    name: "cbc(aes)",
    driverName: "",
    priority: 1,
    alignment: 1,
    mostBytes: 1 << 20,
    kind: "cipher",
    blockSize: 16,
    ivSize: 16,
    keySizes: [16],
    tagSize: 0,
  }];
  readonly descriptor = -1;
  outstanding = 0;
  readonly #perRequest: number;
  readonly #perByte: number;
  #requests = new CryptoRequests(0);
  #looked = false;

  constructor(name: string, perRequest: number, perByte: number) {
    this.name = name;
    this.algorithms = this.algorithms.map((each) => ({ ...each, driverName: `cbc-aes-${name}` }));
    this.#perRequest = perRequest;
    this.#perByte = perByte;
  }
  attach(requests: CryptoRequests): void {
    this.#requests = requests;
  }
  open(): number {
    return 0;
  }
  close(): void {}
  start(row: number): boolean {
    spent += this.#perRequest + this.#perByte * this.#requests.length[row]!;
    this.outstanding++;
    return true;
  }
  poll(rows: Int32Array): number {
    // Looked at once in vain, which costs time that does not count.
    spent += 100_000;
    if ((this.#looked = !this.#looked)) return 0;
    spent -= 100_000;
    for (let row = 0; row < this.outstanding; row++) rows[row] = row;
    const count = this.outstanding;
    this.outstanding = 0;
    return count;
  }
  reset(): boolean {
    return true;
  }
  describe(): string {
    return this.name;
  }
  shutdown(): void {}
}

Deno.test("threshold: the least size from which a device is cheaper than software", () => {
  const software = new PricedDevice("software", 500, 4),
    at = (request: number, byte: number) =>
      measureThreshold(new PricedDevice("card", request, byte), software, () => spent, 0.1);
  assert.equal(at(3000, 1), 1024); // breaks even at 833 bytes
  assert.equal(at(100, 1), 0);
  assert.equal(at(3000, 5), Infinity);
});

Deno.test("threshold: measured when an engine is made, for each device", () => {
  const software = new PricedDevice("software", 500, 4), card = new PricedDevice("card", 3000, 1);
  const engine = new Engine([card, software], { clock: new VirtualClock(0), cpu: () => spent });
  assert.deepEqual(engine.queues.map(({ threshold }) => threshold), [1024, 0]);
  const given = new Engine([card, software], { clock: new VirtualClock(0), cpu: () => spent, threshold: 77 });
  assert.deepEqual(given.queues.map(({ threshold }) => threshold), [77, 77]);
});

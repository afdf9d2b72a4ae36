import assert from "node:assert/strict";
import { CryptoRequests } from "../../core/crypto/requests.ts";
import type { CryptoDevice, OfferedAlgorithm } from "./device.ts";
import { measureThreshold } from "./threshold.ts";

/** CPU time as the devices below spend it, nanoseconds. */
let spent = 0;

/** Costs so much a request and so much a byte. */
class PricedDevice implements CryptoDevice {
  readonly name: string;
  readonly algorithms: readonly OfferedAlgorithm[] = [{
    name: "cbc(aes)",
    driverName: "cbc-aes-priced",
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

  constructor(name: string, perRequest: number, perByte: number) {
    this.name = name;
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
    this.outstanding = 1;
    return true;
  }
  poll(rows: Int32Array): number {
    rows[0] = 0;
    this.outstanding = 0;
    return 1;
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

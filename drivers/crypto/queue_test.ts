import assert from "node:assert/strict";
import { VirtualClock } from "../../core/clock.ts";
import { CryptoRequests, ETIMEDOUT } from "../../core/crypto/requests.ts";
import type { CryptoDevice } from "./device.ts";
import { Notices } from "./notices.ts";
import { DeviceQueue } from "./queue.ts";

/** Finishes everything but row `lost`; what `poll` gives back after a reset is told apart by `dead`. */
class LosingDevice implements CryptoDevice {
  readonly name = "losing";
  readonly algorithms = [];
  readonly descriptor = -1;
  lost = -1;
  dead = false;
  #rows: number[] = [];
  attach(): void {}
  open(): number {
    return 0;
  }
  close(): void {}
  start(row: number): boolean {
    this.#rows.push(row);
    return true;
  }
  poll(rows: Int32Array): number {
    const through = this.#rows.filter((row) => row !== this.lost);
    this.#rows = this.#rows.filter((row) => row === this.lost);
    rows.set(through);
    return through.length;
  }
  get outstanding(): number {
    return this.#rows.length;
  }
  reset(): boolean {
    this.#rows = [];
    return !this.dead;
  }
  describe(): string {
    return "loses a row";
  }
  shutdown(): void {}
}

function made() {
  const requests = new CryptoRequests(8), notices = new Notices(8), clock = new VirtualClock(5000);
  const device = new LosingDevice();
  const queue = new DeviceQueue(device, requests, notices, { clock, patience: 100 });
  return { requests, notices, clock, device, queue };
}

Deno.test("queue: one request lost among others that go on is answered in time", () => {
  const { requests, notices, clock, device, queue } = made(), lost = device.lost = requests.take();
  queue.submit(lost, 0, true);
  for (let elapsed = 0; elapsed <= 120; elapsed += 10) {
    const row = requests.take();
    queue.submit(row, 0, true);
    queue.poll();
    for (let notice = notices.next(); notice >= 0; notice = notices.next()) {
      if (notice >> 1 === lost) {
        assert.ok(elapsed > 100);
        assert.equal(requests.result[lost], ETIMEDOUT);
        assert.equal(queue.counters.resets, 1);
        return;
      }
      requests.free(notice >> 1);
    }
    clock.advance(10);
  }
  assert.fail("never answered");
});

Deno.test("queue: a device at rest for long is not reset for its next request", () => {
  const { requests, clock, queue } = made(), first = requests.take();
  queue.submit(first, 0, true);
  queue.poll();
  clock.advance(1_000_000);
  const second = requests.take();
  queue.submit(second, 0, true);
  queue.poll();
  assert.equal(queue.counters.resets, 0);
  assert.equal(requests.result[second], 0);
});

Deno.test("queue: a device that cannot be reset is gone, and everything is answered", () => {
  const { requests, notices, clock, device, queue } = made(), row = device.lost = requests.take();
  device.dead = true;
  queue.submit(row, 0, true);
  queue.poll();
  clock.advance(101);
  queue.poll();
  assert.equal(notices.next(), row * 2 + 1);
  assert.equal(notices.next(), -1);
  assert.equal(requests.result[row], ETIMEDOUT);
  assert.ok(queue.gone);
});

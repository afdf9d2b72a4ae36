import assert from "node:assert/strict";
import { below, SeededRandom } from "../../../core/random.ts";
import { clock } from "../../sys/clock.ts";
import { Engine } from "../engine.ts";
import { libcrypto } from "../libcrypto/library.ts";
import { sendRandomRequests } from "../test_random_requests.ts";
import { HifnDevice } from "./device.ts";
import { DOORBELL, FAULT_ERROR, FAULT_FULL, FAULT_HANG, FAULT_LATE, FAULT_REORDER } from "./registers.ts";
import { RING_SIZES } from "./test_desk.ts";

/** Random requests through the card while it is full, late, reorders, fails and hangs. */
libcrypto();
const SEED = Number(Deno.env.get("WEIR_SEED") ?? 20080506);
const WANTED = Number(Deno.env.get("WEIR_REQUESTS") ?? 100_000);
/** The watchdog's, milliseconds: more than the card is late, and than another process may have its core. */
const PATIENCE = 60;
/** Milliseconds: a watchdog's patience is what a run takes most of its time for. */
const HANG_EVERY = 400;

for (const [rings, sizes] of RING_SIZES) {
  for (const limit of [1, 23]) {
    Deno.test(`hifn, random requests and faults, rings of ${rings}, queue of ${limit}: none lost, none corrupted`, () => {
      const random = new SeededRandom(SEED), device = new HifnDevice({ sizes });
      const engine = new Engine([device], { clock, rows: 64, limit, patience: PATIENCE });
      const memory = new Uint8Array(new SharedArrayBuffer(64 * 4096));
      // Five million are shared out by what rings and queues there are.
      const wanted = Math.ceil(WANTED / 4), faults = [0, 0, 0, 0, 0];
      engine.requests.addRegion(memory);
      const set = (fault: number, value: number): void => {
        const { words } = device.bus;
        Atomics.store(words, fault, value);
        Atomics.add(words, DOORBELL, 1);
        Atomics.notify(words, DOORBELL);
        if (value > 0) faults[fault - FAULT_FULL]!++;
      };
      let turns = 0, hangs = clock.monotonic();
      const pass = (last: boolean): void => {
        // Nothing can be late for ever: faults but the last two go after a few turns.
        if (++turns % 16 === 0) {
          for (const fault of [FAULT_FULL, FAULT_LATE, FAULT_REORDER]) set(fault, 0);
        }
        if (last || turns % 16 !== 1 || below(random, 4) !== 0) return;
        const drawn = below(random, 400);
        if (clock.monotonic() >= hangs) {
          hangs += HANG_EVERY;
          set(FAULT_HANG, 1);
        } else if (drawn < 80) set(FAULT_FULL, 1);
        else if (drawn < 160) set(FAULT_LATE, 1);
        else if (drawn < 300) set(FAULT_REORDER, 1);
        else set(FAULT_ERROR, 1 + below(random, 3));
      };
      const { done, errors } = sendRandomRequests({ engine, random, memory, wanted, pass, seed: SEED });
      const { resets } = engine.queues[0]!.counters;
      console.log(
        `${done} done, ${errors} with errors, ${resets} resets; full, late, reorder, error, hang: ${
          faults.join(", ")
        }; ` +
          `seed ${SEED}`,
      );
      assert.match(device.describe(), / 0\/0\/0\/0 in use/, "no descriptor leaked");
      assert.equal(device.outstanding, 0);
      assert.ok(errors > 0 && faults.every((count) => count > 0), "every kind of fault came");
      engine.shutdown();
    });
  }
}

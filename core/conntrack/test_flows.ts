import { HOOK_PREROUTING } from "../hook.ts";
import type { PacketBatch } from "../packet/batch.ts";
import { putPacket, singleBatch } from "../packet/test_batch.ts";
import { SeededRandom } from "../random.ts";
import { Conntrack, type ConntrackOptions } from "./track.ts";

/** For tests: a tracker whose packets go straight through a router without NAT. */
export class TestFlows {
  readonly conntrack: Conntrack;
  now = 1000;

  constructor(options: Partial<ConntrackOptions> = {}) {
    this.conntrack = new Conntrack({ flows: 100, random: new SeededRandom(5), ...options });
  }

  /** Tracks a packet in a batch of its own and confirms what it opened. */
  pass(packet: Uint8Array): Passed {
    const passed = this.track(packet);
    this.conntrack.confirm(passed.batch, passed.row);
    this.conntrack.expire(this.now, 100);
    return { ...passed, verdict: passed.batch.verdict[passed.row]! };
  }

  /** Tracks only; the flow stays unconfirmed. */
  track(packet: Uint8Array, batch: PacketBatch = singleBatch()): Passed {
    batch.now = this.now;
    const row = putPacket(batch, packet);
    this.conntrack.track(batch, row, HOOK_PREROUTING);
    return this.#told(batch, row);
  }

  #told(batch: PacketBatch, row: number): Passed {
    return {
      batch,
      row,
      state: batch.ctState[row]!,
      direction: batch.direction[row]!,
      flow: batch.flow[row]!,
      verdict: batch.verdict[row]!,
    };
  }
}

export interface Passed {
  readonly batch: PacketBatch;
  readonly row: number;
  readonly state: number;
  readonly direction: number;
  readonly flow: number;
  readonly verdict: number;
}

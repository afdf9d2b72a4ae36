import assert from "node:assert/strict";
import { PacketBatch } from "../core/packet/batch.ts";
import { udp } from "../core/packet/build.ts";
import { PacketPool } from "../core/packet/pool.ts";
import { EspLayer } from "../core/xfrm/layer.ts";
import { PACKETS, type State } from "../core/xfrm/state.ts";
import { parseState } from "../core/xfrm/state_words.ts";
import { States } from "../core/xfrm/states.ts";
import { openDevices } from "../drivers/crypto/devices.ts";
import { Engine } from "../drivers/crypto/engine.ts";
import { KernelRandom } from "../drivers/crypto/kernel_random.ts";
import { libcrypto } from "../drivers/crypto/libcrypto/library.ts";
import { clock } from "../drivers/sys/clock.ts";

/**
 * No garbage a packet: what the heap grows by while packets from a port's memory become ESP and others come out of it.
 * The median over chunks of batches; an object each way would be twenty-four bytes at least.
 */
const lacking = libcrypto() === undefined;
if (lacking) console.log("skipped: esp_garbage_test.ts needs libcrypto.so.3 (package libssl3)");

const ROWS = 64, PLACE = 2048, AT = 26, CHUNKS = 30, BATCHES = 300, MOST = 20;
const KEY = "0x000102030405060708090a0b0c0d0e0f";
const ALGORITHMS = [
  `aead rfc4106(gcm(aes)) ${KEY}10111213 128`,
  `auth-trunc hmac(sha256) ${KEY}${KEY.slice(2)} 128 enc cbc(aes) ${KEY}`,
];

/** One end: a batch whose packets lie in memory of their own, as in a port's ring. */
class End {
  readonly engine = new Engine(openDevices(["software"]).devices, { clock });
  readonly batch = new PacketBatch(new PacketPool());
  readonly ring = new Uint8Array(ROWS * PLACE);
  readonly region = this.batch.addRegion(this.ring);
  readonly states = new States({ engine: this.engine, random: new KernelRandom() });
  readonly esp = new EspLayer({
    engine: this.engine,
    pool: this.batch.pool,
    states: this.states,
    random: new KernelRandom(),
  });
  readonly state: State;

  constructor(words: string) {
    this.state = this.states.add(parseState(words), 0);
  }

  put(length: number, protocol: number): void {
    const { batch } = this;
    for (let i = 0; i < ROWS; i++) {
      const row = batch.append(), start = i * PLACE + AT;
      batch.region[row] = this.region;
      batch.start[row] = batch.network[row] = start;
      batch.transport[row] = start + 20;
      batch.end[row] = start + length;
      batch.family[row] = 4;
      batch.protocol[row] = protocol;
      batch.destination[row * 4] = 0xc0000202;
    }
  }

  /** Takes out what is done, into the other end's ring where there is one; the length of the last. */
  take(into?: Uint8Array): number {
    const { batch, esp } = this;
    let length = 0, place = 0;
    batch.clear();
    while (esp.complete(0)) {
      while (esp.release(batch) > 0) {
        for (let row = 0; row < batch.count; row++) {
          const start = batch.start[row]!, bytes = batch.bytes(row);
          length = batch.end[row]! - start;
          if (into === undefined) continue;
          for (let i = 0; i < length; i++) into[place * PLACE + AT + i] = bytes[start + i]!;
          place++;
        }
        batch.clear();
      }
    }
    return length;
  }
}

for (const algorithm of ALGORITHMS) {
  Deno.test({ name: `ESP makes no garbage: ${algorithm.split(" ", 2)[1]}`, ignore: lacking }, () => {
    const words =
      `src 192.0.2.1 dst 192.0.2.2 proto esp spi 0x1001 mode tunnel replay-window 64 ${algorithm}`;
    const here = new End(words), there = new End(words);
    const packet = udp({ from: "10.0.0.1", to: "10.0.0.2" }, 1, 2, new Uint8Array(1372));
    for (let i = 0; i < ROWS; i++) here.ring.set(packet, i * PLACE + AT);
    const grown: number[] = [];
    for (let chunk = 0; chunk < CHUNKS; chunk++) {
      const before = Deno.memoryUsage().heapUsed;
      for (let round = 0; round < BATCHES; round++) {
        here.put(packet.length, 17);
        for (let row = 0; row < ROWS; row++) here.esp.output(here.batch, row, here.state);
        const length = here.take(there.ring);
        there.put(length, 50);
        for (let row = 0; row < ROWS; row++) there.esp.input(there.batch, row);
        there.take();
      }
      grown.push((Deno.memoryUsage().heapUsed - before) / (BATCHES * ROWS));
    }
    here.engine.shutdown();
    there.engine.shutdown();
    assert.equal(there.state.lives[PACKETS], CHUNKS * BATCHES * ROWS, "all were taken");
    // the first chunks are still being compiled
    const warm = grown.slice(CHUNKS / 2).sort((a, b) => a - b), median = warm[warm.length >>> 1]!;
    console.log(`${median.toFixed(2)} bytes of heap a packet, out and in`);
    assert.ok(median < MOST, `${median} bytes of heap a packet`);
  });
}

import { Buffer } from "node:buffer";
import assert from "node:assert/strict";
import { VirtualClock } from "../../core/clock.ts";
import { below, SeededRandom } from "../../core/random.ts";
import { SECTOR } from "../../core/crypto/sectors.ts";
import { Engine } from "../crypto/engine.ts";
import { SoftwareDevice } from "../crypto/libcrypto/device.ts";
import { libcrypto } from "../crypto/libcrypto/library.ts";
import { JOURNAL_BYTES } from "./journal.ts";
import { rekey } from "./rekey.ts";
import { Medium, PowerCut } from "./test_medium.ts";
import { CHUNK, Volume } from "./volume.ts";

const ignore = libcrypto() === undefined;
if (ignore) console.log("skipped: rekey_test.ts needs libcrypto.so.3");

const OLD = { cipher: "aes-cbc-essiv:sha256", key: new Uint8Array(32).fill(1) } as const;
const NEW = { cipher: "aes-xts-plain64", key: Uint8Array.from({ length: 64 }, (_, i) => i) } as const;

Deno.test({ name: "a re-keying that ends at any write loses nothing", ignore }, () => {
  const seed = Number(Deno.env.get("WEIR_SEED") ?? 20080507), random = new SeededRandom(seed);
  const sectors = 3 * CHUNK + 17;
  const plain = Uint8Array.from({ length: sectors * SECTOR }, () => below(random, 256));
  const make = () => new Engine([new SoftwareDevice()], { clock: new VirtualClock(0), rows: 64 });
  for (let cutAt = 1; cutAt <= 10; cutAt++) {
    for (let again = 0; again < 3; again++) {
      const medium = new Medium(random),
        file = medium.file(sectors * SECTOR),
        journal = medium.file(JOURNAL_BYTES);
      const first = make(), volume = new Volume(file, first, OLD);
      for (let at = 0; at < sectors; at += CHUNK) {
        volume.write(at, plain.subarray(at * SECTOR, Math.min(at + CHUNK, sectors) * SECTOR));
      }
      file.sync();
      first.shutdown();
      medium.writes = 0;
      medium.cutAt = cutAt;
      for (let ended = false; !ended;) {
        const engine = make();
        try {
          rekey(file, journal, engine, OLD, NEW);
          ended = true;
        } catch (error) {
          if (!(error instanceof PowerCut)) throw error;
          file.cut();
          journal.cut();
          medium.writes = 0;
          medium.cutAt = 1 + below(random, 8);
          if (below(random, 2) === 0) medium.cutAt = Infinity;
        } finally {
          engine.shutdown();
        }
      }
      const last = make(), result = new Volume(file, last, NEW);
      for (let at = 0; at < sectors; at += CHUNK) {
        const count = Math.min(CHUNK, sectors - at);
        assert.deepEqual(
          Buffer.compare(result.read(at, count), plain.subarray(at * SECTOR, (at + count) * SECTOR)),
          0,
          `sectors from ${at}, cut at write ${cutAt}, seed ${seed}`,
        );
      }
      last.shutdown();
    }
  }
});

Deno.test({ name: "a journal is not gone on with when the keys are others", ignore }, () => {
  const medium = new Medium(new SeededRandom(1)),
    file = medium.file(4 * CHUNK * SECTOR),
    journal = medium.file(JOURNAL_BYTES);
  const engine = new Engine([new SoftwareDevice()], { clock: new VirtualClock(0), rows: 64 });
  medium.cutAt = 4;
  assert.throws(() => rekey(file, journal, engine, OLD, NEW), PowerCut);
  medium.cutAt = Infinity;
  const other = { ...NEW, key: new Uint8Array(64).map((_, i) => i + 1) };
  assert.throws(() => rekey(file, journal, engine, OLD, other), /of a re-keying with other keys/);
  engine.shutdown();
});

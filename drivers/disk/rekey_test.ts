import { Buffer } from "node:buffer";
import assert from "node:assert/strict";
import { VirtualClock } from "../../core/clock.ts";
import { below, type Random, SeededRandom } from "../../core/random.ts";
import { SECTOR } from "../../core/crypto/sectors.ts";
import { Engine } from "../crypto/engine.ts";
import { SoftwareDevice } from "../crypto/libcrypto/device.ts";
import { libcrypto } from "../crypto/libcrypto/library.ts";
import type { BlockFile } from "./block_file.ts";
import { JOURNAL_BYTES } from "./journal.ts";
import { rekey } from "./rekey.ts";
import { CHUNK, Volume } from "./volume.ts";

const ignore = libcrypto() === undefined;
if (ignore) console.log("skipped: rekey_test.ts needs libcrypto.so.3");

class PowerCut extends Error {}

/** Several files on one medium whose power goes at a chosen write: what was not synced is there in part. */
class Medium {
  writes = 0;
  /** The write that is the last. */
  cutAt = Infinity;
  readonly random: Random;

  constructor(random: Random) {
    this.random = random;
  }

  file(size: number): MediumFile {
    return new MediumFile(this, size);
  }
}

class MediumFile implements BlockFile {
  readonly size: number;
  /** What the medium has for certain. */
  readonly bytes: Uint8Array;
  #pending: { at: number; bytes: Uint8Array }[] = [];
  readonly #medium: Medium;

  constructor(medium: Medium, size: number) {
    this.#medium = medium;
    this.size = size;
    this.bytes = new Uint8Array(size);
  }

  read(at: number, into: Uint8Array): void {
    into.set(this.bytes.subarray(at, at + into.length));
    for (const { at: start, bytes } of this.#pending) {
      for (let i = 0; i < bytes.length; i++) {
        const place = start + i - at;
        if (place >= 0 && place < into.length) into[place] = bytes[i]!;
      }
    }
  }

  write(at: number, from: Uint8Array): void {
    this.#pending.push({ at, bytes: from.slice() });
    if (++this.#medium.writes >= this.#medium.cutAt) throw new PowerCut();
  }

  sync(): void {
    for (const { at, bytes } of this.#pending) this.bytes.set(bytes, at);
    this.#pending = [];
  }

  /** The power is gone: of what was not synced any sectors are there, and one may be torn. */
  cut(): void {
    for (const { at, bytes } of this.#pending) {
      for (let start = 0; start < bytes.length; start += SECTOR) {
        const how = below(this.#medium.random, 3),
          end = how === 2 ? start + below(this.#medium.random, SECTOR) : start + SECTOR;
        if (how !== 0) this.bytes.set(bytes.subarray(start, end), at + start);
      }
    }
    this.#pending = [];
  }

  close(): void {}
}

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

import { Buffer } from "node:buffer";
import assert from "node:assert/strict";
import { VirtualClock } from "../../core/clock.ts";
import { SECTOR } from "../../core/crypto/sectors.ts";
import { below, SeededRandom } from "../../core/random.ts";
import { Engine } from "../crypto/engine.ts";
import { SoftwareDevice } from "../crypto/libcrypto/device.ts";
import { libcrypto } from "../crypto/libcrypto/library.ts";
import { journalReached } from "./journal.ts";
import { DiskDirectory } from "./key_directory.ts";
import { KeyFiles, rekeyByFiles } from "./key_files.ts";
import { Medium, MediumDirectory, PowerCut } from "./test_medium.ts";
import { CHUNK, Volume } from "./volume.ts";

const ignore = libcrypto() === undefined;
if (ignore) console.log("skipped: key_files_test.ts needs libcrypto.so.3");

const OPTIONS = { cipher: "aes-xts-plain64", offset: 3, skip: 7 } as const;
const SECTORS = 2 * CHUNK + 17;
const make = () => new Engine([new SoftwareDevice()], { clock: new VirtualClock(0), rows: 64 });
const seed = Number(Deno.env.get("WEIR_SEED") ?? 20080507);

function cutPower(medium: Medium, directory: MediumDirectory): void {
  for (const file of medium.files) file.cut();
  directory.cut();
}

/** A volume, its key, and the power going at write `cutAt`, then at random ones until it is through. */
function survive(cutAt: number, random: SeededRandom): number {
  const medium = new Medium(random), directory = new MediumDirectory(medium);
  const file = medium.file((SECTORS + OPTIONS.offset) * SECTOR), keys = new KeyFiles(directory, "vault.key");
  const randomKey = () => Uint8Array.from({ length: 64 }, () => below(random, 256));
  const old = randomKey(), plain = Uint8Array.from({ length: SECTORS * SECTOR }, () => below(random, 256));
  keys.put(old);
  const first = make(), volume = new Volume(file, first, { ...OPTIONS, key: old });
  for (let at = 0; at < SECTORS; at += CHUNK) {
    volume.write(at, plain.subarray(at * SECTOR, Math.min(at + CHUNK, SECTORS) * SECTOR));
  }
  file.sync();
  first.shutdown();
  medium.writes = 0;
  medium.cutAt = cutAt;
  let writes = 0;
  for (let ended = false; !ended;) {
    const engine = make();
    try {
      rekeyByFiles(file, keys, engine, OPTIONS, randomKey);
      writes = medium.writes;
      ended = true;
    } catch (error) {
      if (!(error instanceof PowerCut)) throw error;
      // A process that was killed leaves what it wrote; a power cut some of it.
      if (below(random, 4) !== 0) cutPower(medium, directory);
      medium.writes = 0;
      medium.cutAt = below(random, 3) === 0 ? Infinity : 1 + below(random, 8);
    } finally {
      engine.shutdown();
    }
  }
  const told = `cut at write ${cutAt}, seed ${seed}`;
  cutPower(medium, directory);
  assert.deepEqual(directory.names, ["vault.key"], told);
  const key = keys.key();
  assert.notDeepEqual(key, old, told);
  for (const { bytes } of medium.files) {
    for (const half of [old.subarray(0, 32), old.subarray(32)]) {
      assert.equal(Buffer.from(bytes).indexOf(half), -1, `the old key is on the medium, ${told}`);
    }
  }
  const last = make(), result = new Volume(file, last, { ...OPTIONS, key });
  for (let at = 0; at < SECTORS; at += CHUNK) {
    const count = Math.min(CHUNK, SECTORS - at), wanted = plain.subarray(at * SECTOR, (at + count) * SECTOR);
    assert.equal(Buffer.compare(result.read(at, count), wanted), 0, `sectors from ${at}, ${told}`);
  }
  last.shutdown();
  return writes;
}

Deno.test({ name: "a re-keying with its key files that ends at any write loses nothing", ignore }, () => {
  const random = new SeededRandom(seed), writes = survive(Infinity, random);
  assert.ok(writes >= 15, `${writes} writes`);
  for (let cutAt = 1; cutAt <= writes; cutAt++) {
    for (let again = 0; again < 2; again++) survive(cutAt, random);
  }
});

Deno.test("a key that is being put in its place is there whole, or the one before it", () => {
  const random = new SeededRandom(seed), one = new Uint8Array(64).fill(1), two = new Uint8Array(64).fill(2);
  for (let cutAt = 1; cutAt <= 12; cutAt++) {
    for (let again = 0; again < 20; again++) {
      const medium = new Medium(random), directory = new MediumDirectory(medium);
      const keys = new KeyFiles(directory, "vault.key");
      if (again % 2 === 0) keys.put(one);
      medium.writes = 0;
      medium.cutAt = cutAt;
      try {
        keys.put(two);
      } catch (error) {
        if (!(error instanceof PowerCut)) throw error;
      }
      medium.cutAt = Infinity;
      cutPower(medium, directory);
      keys.settle();
      const state = keys.state();
      assert.deepEqual(directory.names, state === "none" ? [] : ["vault.key"]);
      assert.ok(state === "key" || again % 2 === 1);
      if (state === "none") continue;
      const key = keys.key();
      assert.ok([one, two].some((each) => Buffer.compare(each, key) === 0));
    }
  }
});

Deno.test({ name: "files taken away in the middle are asked for, and nothing is removed", ignore }, () => {
  const medium = new Medium(new SeededRandom(seed)), directory = new MediumDirectory(medium);
  const file = medium.file(SECTORS * SECTOR), keys = new KeyFiles(directory, "k"), engine = make();
  assert.throws(() => rekeyByFiles(file, keys, engine, OPTIONS, () => new Uint8Array(64)), /no key yet/);
  keys.put(Uint8Array.from({ length: 64 }, (_, i) => i));
  medium.writes = 0;
  medium.cutAt = 8;
  const other = () => Uint8Array.from({ length: 64 }, (_, i) => i + 1);
  assert.throws(() => rekeyByFiles(file, keys, engine, OPTIONS, other), PowerCut);
  medium.cutAt = Infinity;
  assert.deepEqual(directory.names, ["k", "k.new", "k.rekey"]);
  assert.equal(journalReached(keys.journalOf()!), 2 * CHUNK);
  assert.equal(keys.state(), "rekeying");
  assert.throws(() => keys.put(other()), /re-keying unfinished/);
  const moved = { ...OPTIONS, offset: 4 };
  assert.throws(() => rekeyByFiles(file, keys, engine, moved, other), /of another cipher or place/);
  directory.remove("k.new");
  assert.throws(() => keys.settle(), /the new key k.new is gone/);
  assert.deepEqual(directory.names, ["k", "k.rekey"]);
  engine.shutdown();
});

Deno.test("key files on disk: mode 0600, one file under two names, nothing left beside", () => {
  const path = Deno.makeTempDirSync(), keys = new KeyFiles(new DiskDirectory(path), "k");
  try {
    assert.equal(keys.state(), "none");
    keys.put(new Uint8Array(32).fill(1));
    assert.equal((Deno.statSync(`${path}/k`).mode ?? 0) & 0o777, 0o600);
    Deno.linkSync(`${path}/k`, `${path}/k.old`);
    assert.equal(keys.state(), "ending");
    keys.put(new Uint8Array(32).fill(2));
    assert.deepEqual(keys.key(), new Uint8Array(32).fill(2));
    assert.deepEqual([...Deno.readDirSync(path)].map(({ name }) => name), ["k"]);
  } finally {
    Deno.removeSync(path, { recursive: true });
  }
});

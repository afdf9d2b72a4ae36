import { CryptoError } from "../../core/crypto/engine.ts";
import { isSectorCipher, SECTOR, SECTOR_CIPHERS, type SectorCipherName } from "../../core/crypto/sectors.ts";
import { openDevices } from "../../drivers/crypto/devices.ts";
import { Engine } from "../../drivers/crypto/engine.ts";
import { DiskFile } from "../../drivers/disk/block_file.ts";
import { PASSPHRASE_HASHES, passphraseKey } from "../../drivers/disk/key.ts";
import { rekey } from "../../drivers/disk/rekey.ts";
import { CHUNK, Volume, type VolumeOptions } from "../../drivers/disk/volume.ts";
import { clock } from "../../drivers/sys/clock.ts";
import { complain, print } from "./output.ts";

/** Options in cryptsetup's words for its plain mode. */
export interface DiskOptions {
  readonly cipher: string;
  readonly keySize?: string;
  readonly keyFile: string;
  readonly hash: string;
  readonly offset: string;
  readonly skip: string;
}

export interface RekeyOptions extends DiskOptions {
  readonly newCipher?: string;
  readonly newKeySize?: string;
  readonly newKeyFile: string;
  readonly journal?: string;
}

/** `weir disk read VOLUME`: plain sectors to standard output. */
export const diskRead = (
  path: string,
  options: DiskOptions & { from: string; count?: string },
): Promise<number> =>
  disk((engine) => {
    const file = new DiskFile(path, { read: true }),
      volume = new Volume(file, engine, volumeOptions(options), path);
    const from = number("--from", options.from);
    const end = options.count === undefined ? volume.size : from + number("--count", options.count);
    if (from > volume.size || end > volume.size) throw new Complaint(`${path} has ${volume.size} sectors`);
    for (let at = from; at < end; at += CHUNK) writeAll(volume.read(at, Math.min(CHUNK, end - at)).slice());
    volume.close();
    file.close();
  });

/** `weir disk write VOLUME`: standard input, whole sectors, encrypted to where it belongs. */
export const diskWrite = (path: string, options: DiskOptions & { from: string }): Promise<number> =>
  disk((engine) => {
    const file = new DiskFile(path), volume = new Volume(file, engine, volumeOptions(options), path);
    const chunk = new Uint8Array(CHUNK * SECTOR);
    for (let at = number("--from", options.from);;) {
      const count = readAll(chunk);
      if (count % SECTOR !== 0) {
        throw new Complaint(`the input ends within a sector: ${count % SECTOR} bytes too many`);
      }
      if (at + count / SECTOR > volume.size) {
        throw new Complaint(`the input does not fit: ${path} has ${volume.size} sectors`);
      }
      if (count > 0) volume.write(at, chunk.subarray(0, count));
      at += count / SECTOR;
      if (count < chunk.length) break;
    }
    volume.sync();
    volume.close();
    file.close();
  });

/** `weir disk rekey VOLUME`: another key or cipher in place; called again it goes on where it was. */
export const diskRekey = (path: string, options: RekeyOptions): Promise<number> =>
  disk((engine) => {
    const journalPath = options.journal ?? `${path}.rekey`;
    const to = { ...options, cipher: options.newCipher ?? options.cipher, keyFile: options.newKeyFile };
    const newSize = options.newKeySize === undefined ? {} : { keySize: options.newKeySize };
    const file = new DiskFile(path);
    const journal = new DiskFile(journalPath, { read: true, write: true, create: true, mode: 0o600 });
    if (journal.size > 0) print(`going on with the re-keying in ${journalPath}\n`);
    let told = -1;
    rekey(file, journal, engine, volumeOptions(options), volumeOptions({ ...to, ...newSize }), (done, of) => {
      const percent = Math.floor(done * 100 / of);
      if (percent !== told && percent % 5 === 0) complain(`\r${path}: ${percent} %`);
      told = percent;
    });
    complain("\n");
    file.close();
    journal.close();
    Deno.removeSync(journalPath);
  });

/** What the user can mend. */
class Complaint extends Error {}

async function disk(run: (engine: Engine) => void): Promise<number> {
  const { devices } = openDevices(), engine = new Engine(devices, { clock });
  try {
    run(engine);
    return await Promise.resolve(0);
  } catch (error) {
    const known = error instanceof Complaint || error instanceof CryptoError ||
      error instanceof Deno.errors.NotFound ||
      error instanceof Deno.errors.PermissionDenied ||
      (error instanceof Error && /re-keying/.test(error.message));
    if (!known) throw error;
    complain(`weir disk: ${(error as Error).message}\n`);
    return 1;
  } finally {
    engine.shutdown();
  }
}

function volumeOptions(options: DiskOptions): VolumeOptions {
  const { cipher } = options;
  if (!isSectorCipher(cipher)) {
    throw new Complaint(
      `no cipher is called ${cipher}: there are ${Object.keys(SECTOR_CIPHERS).join(" and ")}`,
    );
  }
  const offset = number("--offset", options.offset), skip = number("--skip", options.skip);
  return { cipher, key: keyOf(cipher, options), offset, skip };
}

/** Bytes of a key file as they are; with a hash, those of a passphrase in it. */
function keyOf(cipher: SectorCipherName, { keyFile, keySize, hash }: DiskOptions): Uint8Array {
  const size = number("--key-size", keySize ?? (cipher === "aes-xts-plain64" ? "512" : "256")) / 8;
  const bytes = Deno.readFileSync(keyFile);
  if (hash !== "plain") {
    if (!(PASSPHRASE_HASHES as readonly string[]).includes(hash)) {
      throw new Complaint(`no hash is called ${hash}: there are plain, ${PASSPHRASE_HASHES.join(", ")}`);
    }
    const end = bytes.indexOf(10);
    return passphraseKey(end < 0 ? bytes : bytes.subarray(0, end), hash, size);
  }
  if (bytes.length < size) {
    throw new Complaint(`${keyFile} has ${bytes.length} bytes, and a key of ${size * 8} bits needs ${size}`);
  }
  return bytes.subarray(0, size);
}

function number(name: string, text: string): number {
  const value = Number(text);
  if (!Number.isSafeInteger(value) || value < 0) throw new Complaint(`${name} is a number, not ${text}`);
  return value;
}

function writeAll(bytes: Uint8Array): void {
  for (let done = 0; done < bytes.length;) done += Deno.stdout.writeSync(bytes.subarray(done));
}

/** Fills the chunk as far as the input goes. */
function readAll(chunk: Uint8Array): number {
  let done = 0;
  while (done < chunk.length) {
    const count = Deno.stdin.readSync(chunk.subarray(done));
    if (count === null) break;
    done += count;
  }
  return done;
}

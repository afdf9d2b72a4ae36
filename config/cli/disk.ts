import { isSectorCipher, SECTOR, SECTOR_CIPHERS, type SectorCipherName } from "../../core/crypto/sectors.ts";
import { DiskFile } from "../../drivers/disk/block_file.ts";
import { DiskDirectory } from "../../drivers/disk/key_directory.ts";
import { PASSPHRASE_HASHES, passphraseKey } from "../../drivers/disk/key.ts";
import { rekey } from "../../drivers/disk/rekey.ts";
import { CHUNK, Volume, type VolumeOptions } from "../../drivers/disk/volume.ts";
import { directoryOf } from "../paths.ts";
import { Complaint, disk, progressOf } from "./disk_command.ts";
import { openNamed, rekeyNamed } from "./disk_volume.ts";
import { complain, print } from "./output.ts";
import { userOf } from "./volume_status.ts";

/** Options in cryptsetup's words for its plain mode. */
export interface DiskOptions {
  readonly cipher?: string;
  readonly keySize?: string;
  /** Without one the volume is one of weir.yaml's. */
  readonly keyFile?: string;
  readonly hash?: string;
  readonly offset?: string;
  readonly skip?: string;
  readonly config?: string;
}

export interface RekeyOptions extends DiskOptions {
  readonly newCipher?: string;
  readonly newKeySize?: string;
  readonly newKeyFile?: string;
  readonly journal?: string;
}

/** `weir disk read VOLUME`: plain sectors to standard output. */
export const diskRead = (
  name: string,
  options: DiskOptions & { from: string; count?: string },
): Promise<number> =>
  disk((engine) => {
    const { path, opened } = open(name, options);
    const file = new DiskFile(path, { read: true }), volume = new Volume(file, engine, opened, userOf(name));
    const from = number("--from", options.from);
    const end = options.count === undefined ? volume.size : from + number("--count", options.count);
    if (from > volume.size || end > volume.size) throw new Complaint(`${path} has ${volume.size} sectors`);
    for (let at = from; at < end; at += CHUNK) writeAll(volume.read(at, Math.min(CHUNK, end - at)).slice());
    volume.close();
    file.close();
  });

/** `weir disk write VOLUME`: standard input, whole sectors, encrypted to where it belongs. */
export const diskWrite = (name: string, options: DiskOptions & { from: string }): Promise<number> =>
  disk((engine) => {
    const { path } = open(name, options), file = new DiskFile(path);
    file.lock();
    // Under the lock: a re-keying may have ended in between.
    const volume = new Volume(file, engine, open(name, options).opened, userOf(name));
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
    if (options.keyFile === undefined) {
      const given = NEW_OPTIONS.find(([name]) => options[name] !== undefined);
      if (given !== undefined) throw new Complaint(`${given[1]} needs --key-file: ${NAMED_HINT}`);
      refuseLayout(options);
      return rekeyNamed(engine, path, options);
    }
    if (options.newKeyFile === undefined) throw new Complaint("--new-key-file is missing");
    const journalPath = options.journal ?? `${path}.rekey`,
      directory = new DiskDirectory(directoryOf(journalPath));
    const file = new DiskFile(path);
    file.lock();
    const from = volumeOptions(options);
    const to = volumeOptions({
      ...options,
      keyFile: options.newKeyFile,
      ...(options.newCipher === undefined ? {} : { cipher: options.newCipher }),
      ...(options.newKeySize === undefined ? {} : { keySize: options.newKeySize }),
    });
    const journal = new DiskFile(journalPath, { read: true, write: true, create: true, mode: 0o600 });
    directory.sync();
    if (journal.size > 0) print(`going on with the re-keying in ${journalPath}\n`);
    rekey(file, journal, engine, from, to, progressOf(path));
    complain("\n");
    file.close();
    journal.close();
    Deno.removeSync(journalPath);
    directory.sync();
  });

/** A file with the options given, or a volume of weir.yaml. */
function open(name: string, options: DiskOptions): { path: string; opened: VolumeOptions } {
  if (options.keyFile !== undefined) return { path: name, opened: volumeOptions(options) };
  refuseLayout(options);
  const { path, options: opened } = openNamed(name, options);
  return { path, opened };
}

/** Of a volume of weir.yaml the file says how it is encrypted. */
function refuseLayout(options: DiskOptions): void {
  const given = LAYOUT_OPTIONS.find(([name]) => options[name] !== undefined);
  if (given !== undefined) throw new Complaint(`${given[1]} needs --key-file: ${NAMED_HINT}`);
}

const NAMED_HINT = "of a volume by its name weir.yaml says it";
const LAYOUT_OPTIONS = [
  ["cipher", "--cipher"],
  ["keySize", "--key-size"],
  ["hash", "--hash"],
  ["offset", "--offset"],
  ["skip", "--skip"],
] as const;
const NEW_OPTIONS = [
  ["newKeyFile", "--new-key-file"],
  ["newCipher", "--new-cipher"],
  ["newKeySize", "--new-key-size"],
  ["journal", "--journal"],
] as const;

function volumeOptions(options: DiskOptions): VolumeOptions {
  const { cipher = "aes-xts-plain64" } = options;
  if (!isSectorCipher(cipher)) {
    throw new Complaint(
      `no cipher is called ${cipher}: there are ${Object.keys(SECTOR_CIPHERS).join(" and ")}`,
    );
  }
  const offset = number("--offset", options.offset ?? "0"), skip = number("--skip", options.skip ?? "0");
  return { cipher, key: keyOf(cipher, options), offset, skip };
}

/** Bytes of a key file as they are; with a hash, those of a passphrase in it. */
function keyOf(cipher: SectorCipherName, { keyFile = "", keySize, hash = "plain" }: DiskOptions): Uint8Array {
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

import type { CryptoEngine } from "../../core/crypto/engine.ts";
import { DiskFile } from "../../drivers/disk/block_file.ts";
import { DiskDirectory } from "../../drivers/disk/key_directory.ts";
import { rekeyByFiles } from "../../drivers/disk/key_files.ts";
import type { VolumeOptions } from "../../drivers/disk/volume.ts";
import { beside } from "../paths.ts";
import type { VolumeEntry } from "../volumes.ts";
import { Complaint, disk, progressOf } from "./disk_command.ts";
import { complain, print } from "./output.ts";
import { configPath } from "./place.ts";
import { keyFilesOf, readVolumes, stateText, volumeStatus, volumesText } from "./volume_status.ts";

interface ConfigOption {
  readonly config?: string;
}

/** Volumes by the names they have in weir.yaml. */
interface NamedVolume {
  readonly volume: VolumeEntry;
  readonly directory: string;
  readonly path: string;
}

function volumesIn({ config }: ConfigOption): { volumes: readonly VolumeEntry[]; directory: string } {
  const result = readVolumes(configPath(config));
  if (!result.ok) throw new Complaint(result.error.trimEnd());
  return result;
}

function find(name: string, options: ConfigOption): NamedVolume {
  const { volumes, directory } = volumesIn(options);
  const volume = volumes.find((each) => each.name.value === name);
  if (volume !== undefined) return { volume, directory, path: beside(directory, volume.device.value) };
  const names = volumes.map((each) => each.name.value).join(", ");
  throw new Complaint(
    `${configPath(options.config)} has no volume ${name}${
      names === "" ? "" : `: there are ${names}`
    }\nhint: a file or block device needs --key-file`,
  );
}

const layoutOf = ({ cipher, offset, skip, size }: VolumeEntry): Omit<VolumeOptions, "key"> => ({
  cipher,
  offset,
  skip,
  ...(size === undefined ? {} : { size }),
});

/** Where a volume is and how it is opened. The caller wipes the key. */
export function openNamed(name: string, options: ConfigOption): { path: string; options: VolumeOptions } {
  const { volume, directory, path } = find(name, options), keys = keyFilesOf(volume, directory);
  const state = keys.state();
  if (state === "none") throw new Complaint(`${name} has no key\nhint: weir disk key ${name} makes one`);
  if (state === "rekeying") {
    throw new Complaint(
      `${name}: re-keying unfinished, its sectors are of two keys\nhint: weir disk rekey ${name} goes on with it`,
    );
  }
  const key = keys.key();
  checkSize(volume, key);
  return { path, options: { ...layoutOf(volume), key } };
}

function checkSize({ name, keyFile, keySize }: VolumeEntry, key: Uint8Array): void {
  if (key.length * 8 === keySize) return;
  throw new Complaint(
    `${name.value}: ${keyFile.value} has ${key.length} bytes, and a key of ${keySize} bits has ${
      keySize / 8
    }`,
  );
}

/** Bytes of the kernel's generator; as getrandom(2) it waits until that has enough to begin with. */
function kernelRandom(bytes: number): Uint8Array {
  const file = Deno.openSync("/dev/random"), key = new Uint8Array(bytes);
  try {
    for (let done = 0; done < bytes;) done += file.readSync(key.subarray(done)) ?? 0;
    return key;
  } finally {
    file.close();
  }
}

/** Makes what is missing of the way to a file below `directory`, open to nobody else. */
function makeDirectories(directory: string, keyFile: string): void {
  let parent = directory;
  for (const part of keyFile.split("/").slice(0, -1)) {
    try {
      Deno.mkdirSync(`${parent}/${part}`, { mode: 0o700 });
      new DiskDirectory(parent).sync();
    } catch (error) {
      if (!(error instanceof Deno.errors.AlreadyExists)) throw error;
    }
    parent = `${parent}/${part}`;
  }
}

/** `weir disk key NAME`: makes its key. It is shown nowhere. */
export const diskKey = (name: string, options: ConfigOption & { force?: boolean }): Promise<number> =>
  disk(() => {
    const { volume, directory } = find(name, options), file = beside(directory, volume.keyFile.value);
    const keys = keyFilesOf(volume, directory);
    makeDirectories(directory, volume.keyFile.value);
    if (keys.state() !== "none" && options.force !== true) {
      throw new Complaint(
        `${file} is there already\nhint: weir disk rekey ${name} gives it another; --force gives up what it holds`,
      );
    }
    const key = kernelRandom(volume.keySize / 8);
    keys.put(key);
    key.fill(0);
    print(`${file}: a key of ${volume.keySize} bits\n`);
  });

/** `weir disk rekey NAME`: another key of its own; called again it goes on where it was. */
export const rekeyNamed = (engine: CryptoEngine, name: string, options: ConfigOption): void => {
  const { volume, directory, path } = find(name, options), file = new DiskFile(path);
  try {
    file.lock();
    const keys = keyFilesOf(volume, directory);
    const state = keys.state();
    if (state === "none") throw new Complaint(`${name} has no key\nhint: weir disk key ${name} makes one`);
    if (state === "rekeying") print(`going on with the re-keying of ${name}\n`);
    const key = keys.key();
    checkSize(volume, key);
    key.fill(0);
    const make = () => kernelRandom(volume.keySize / 8);
    const through = rekeyByFiles(file, keys, engine, layoutOf(volume), make, progressOf(name));
    complain("\n");
    print(
      through
        ? `${name}: re-keyed, the old key is wiped\n`
        : `${name}: the re-keying before was through, its old key is wiped now\n`,
    );
  } finally {
    file.close();
  }
};

/** `weir disk list`. */
export const diskList = (options: ConfigOption & { json?: boolean }): Promise<number> =>
  disk((engine) => {
    const { volumes, directory } = volumesIn(options);
    const all = volumes.map((volume) => volumeStatus(volume, directory, engine));
    if (options.json) print(JSON.stringify(all, null, 2) + "\n");
    else print(volumesText(all) || "no volumes\n");
  });

/** `weir disk status NAME`. */
export const diskStatus = (name: string, options: ConfigOption & { json?: boolean }): Promise<number> =>
  disk((engine) => {
    const { volume, directory } = find(name, options), status = volumeStatus(volume, directory, engine);
    if (options.json) print(JSON.stringify(status, null, 2) + "\n");
    else print(`${name}: ${stateText(status)}\n`);
  });

import { SECTOR, SECTOR_CIPHERS } from "../../core/crypto/sectors.ts";
import type { Engine } from "../../drivers/crypto/engine.ts";
import { journalReached } from "../../drivers/disk/journal.ts";
import { DiskDirectory } from "../../drivers/disk/key_directory.ts";
import { KeyFiles, type KeyState } from "../../drivers/disk/key_files.ts";
import { readFiles } from "../files.ts";
import { beside, directoryOf } from "../paths.ts";
import { keyPlaceProblem, type VolumeEntry, volumesOf } from "../volumes.ts";
import { table } from "./output.ts";

/** A volume of weir.yaml as `weir disk` and `weir crypto` tell of it. */
export interface VolumeStatus {
  readonly name: string;
  /** The name its sessions with crypto devices have. */
  readonly user: string;
  readonly device: string;
  readonly cipher: string;
  /** Bits. */
  readonly keySize: number;
  readonly keyFile: string;
  readonly offset: number;
  readonly skip: number;
  readonly algorithm: string;
  /** Who does its sectors; absent where nobody can. */
  readonly driver?: string;
  /** `trouble` says what. */
  readonly state: KeyState | "trouble";
  readonly trouble?: string;
  /** Sectors of the volume that an unfinished re-keying has reached. */
  readonly reached?: number;
}

/** Volumes of a configuration and the directory their paths are relative to; or what is wrong with the file. */
export type VolumesResult =
  | { readonly ok: true; readonly volumes: readonly VolumeEntry[]; readonly directory: string }
  | { readonly ok: false; readonly error: string };

export function readVolumes(path: string): VolumesResult {
  const files = readFiles(path);
  if (!files.ok) return files;
  return { ok: true, volumes: volumesOf(files.config), directory: directoryOf(path) };
}

/** Of a configuration that may not be there or not be right: then none. */
export function configuredVolumes(path: string, engine: Engine): readonly VolumeStatus[] {
  const result = readVolumes(path);
  return result.ok ? result.volumes.map((volume) => volumeStatus(volume, result.directory, engine)) : [];
}

export const userOf = (name: string): string => `disk ${name}`;

/** @throws Error where the key's place leads out of the configuration's directory. */
export function keyFilesOf({ keyFile, name }: VolumeEntry, directory: string): KeyFiles {
  const problem = keyPlaceProblem(directory, keyFile.value);
  if (problem !== undefined) throw new KeyPlaceError(`the key file of ${name.value}: ${problem}`);
  const path = beside(directory, keyFile.value);
  return new KeyFiles(new DiskDirectory(directoryOf(path)), path.slice(path.lastIndexOf("/") + 1));
}

export class KeyPlaceError extends Error {}

export function volumeStatus(volume: VolumeEntry, directory: string, engine: Engine): VolumeStatus {
  const driver = driverOf(volume, engine);
  return {
    name: volume.name.value,
    user: userOf(volume.name.value),
    device: beside(directory, volume.device.value),
    cipher: volume.cipher,
    keySize: volume.keySize,
    keyFile: beside(directory, volume.keyFile.value),
    offset: volume.offset,
    skip: volume.skip,
    algorithm: SECTOR_CIPHERS[volume.cipher],
    ...(driver === undefined ? {} : { driver }),
    ...keyStatus(volume, directory),
  };
}

/** As the engine chooses for requests of one sector. */
function driverOf({ cipher, keySize }: VolumeEntry, engine: Engine): string | undefined {
  const able = engine.registry.providers(SECTOR_CIPHERS[cipher])
    .filter(({ algorithm }) => algorithm.keySizes.includes(keySize / 8));
  const worthIt = able.find(({ device }) =>
    engine.queues.some((queue) => queue.device === device && queue.threshold <= SECTOR)
  );
  return (worthIt ?? able[0])?.algorithm.driverName;
}

function keyStatus(
  volume: VolumeEntry,
  directory: string,
): Pick<VolumeStatus, "state" | "trouble" | "reached"> {
  try {
    const keys = keyFilesOf(volume, directory), state = keys.state();
    if (state !== "rekeying") return { state };
    const journal = keys.journalOf(), reached = journal === undefined ? 0 : journalReached(journal);
    journal?.close();
    return { state, reached };
  } catch (error) {
    return { state: "trouble", trouble: error instanceof Error ? error.message : String(error) };
  }
}

export function stateText({ name, state, trouble, reached }: VolumeStatus): string {
  switch (state) {
    case "none":
      return `no key: weir disk key ${name} makes one`;
    case "key":
      return "ready";
    case "rekeying":
      return `re-keying unfinished, ${reached ?? 0} sectors done: weir disk rekey ${name} goes on`;
    case "ending":
      return `re-keyed, the old key not wiped yet: weir disk rekey ${name} does it`;
    case "trouble":
      return trouble ?? "";
  }
}

/** A line for each; the empty string for none. */
export const volumesText = (volumes: readonly VolumeStatus[]): string =>
  volumes.length === 0 ? "" : table([
    ["volume", "device", "cipher", "key", "driver", "state"],
    ...volumes.map((volume) => [
      volume.name,
      volume.device,
      volume.cipher,
      `${volume.keySize}`,
      volume.driver ?? "nobody",
      stateText(volume),
    ]),
  ]);

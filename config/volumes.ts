import { SECTOR_CIPHERS, type SectorCipherName } from "../core/crypto/sectors.ts";
import type { Config } from "./config.ts";
import type { Located, Report, Span } from "./diagnostic.ts";
import { beside, directoryOf, whyUnreadable } from "./paths.ts";
import type { VolumeConfig } from "./schema.ts";

/** A volume of the file, with what it leaves out. */
export interface VolumeEntry {
  readonly name: Located<string>;
  readonly device: Located<string>;
  readonly cipher: SectorCipherName;
  /** Relative to the configuration's directory. */
  readonly keyFile: Located<string>;
  /** Bits. */
  readonly keySize: number;
  /** Sectors; without `size` to the end of the device. */
  readonly offset: number;
  readonly skip: number;
  readonly size?: number;
  readonly place: Span;
}

export const VOLUME_CIPHERS = Object.keys(SECTOR_CIPHERS) as readonly SectorCipherName[];
/** Bits of keys a cipher takes; the first is the one without `key-size`. */
export const VOLUME_KEY_SIZES: Readonly<Record<SectorCipherName, readonly number[]>> = {
  "aes-xts-plain64": [512, 256],
  "aes-cbc-essiv:sha256": [256, 192, 128],
};

/** Volumes that say where they are and where their key is; what the others lack is told by `validate/volumes.ts`. */
export function volumesOf({ document }: Pick<Config, "document">): readonly VolumeEntry[] {
  return (document.volumes ?? []).flatMap(({ name, value }) => {
    const { device, keyFile, cipher, keySize, offset, skip, size }: VolumeConfig = value.value;
    if (device === undefined || keyFile === undefined) return [];
    const which = cipher?.value ?? "aes-xts-plain64";
    return [{
      name,
      device,
      cipher: which,
      keyFile,
      keySize: keySize?.value ?? VOLUME_KEY_SIZES[which][0]!,
      offset: offset?.value ?? 0,
      skip: skip?.value ?? 0,
      ...(size === undefined ? {} : { size: size.value }),
      place: value.place,
    }];
  });
}

/** Whether a path leads below the directory it is relative to, whatever is there. */
export const staysInside = (path: string): boolean =>
  !path.startsWith("/") && path.split("/").every((part) => part !== "" && part !== "." && part !== "..");

/**
 * What is wrong with a key file's place, in words that follow its path: it or its directory leads out of `directory`
 * by a symbolic link. Undefined where it may be used or made.
 */
export function keyPlaceProblem(directory: string, keyFile: string): string | undefined {
  if (!staysInside(keyFile)) return "it is not below the configuration's directory";
  const file = beside(directory, keyFile);
  try {
    if (Deno.lstatSync(file).isSymlink) return "a symbolic link, and keys are kept in files";
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) return whyUnreadable(error);
  }
  try {
    const root = Deno.realPathSync(directory), there = Deno.realPathSync(directoryOf(file));
    return there === root || there.startsWith(root === "/" ? root : `${root}/`)
      ? undefined
      : `it leads to ${there}, out of the configuration's directory`;
  } catch (error) {
    return error instanceof Deno.errors.NotFound ? undefined : whyUnreadable(error);
  }
}

/** Looks at the files that volumes name: keys that are missing, open to others or of another length; devices. */
export function checkVolumeFiles(config: Config, directory: string, report: Report): void {
  const devices = new Map<string, VolumeEntry>();
  for (const volume of volumesOf(config)) {
    checkKeyFile(volume, directory, report);
    checkDevice(volume, directory, devices, report);
  }
}

function checkKeyFile({ name, keyFile, keySize, cipher }: VolumeEntry, directory: string, report: Report) {
  const { place } = keyFile, path = beside(directory, keyFile.value);
  if (!staysInside(keyFile.value)) return;
  const problem = keyPlaceProblem(directory, keyFile.value);
  if (problem !== undefined) return report(place, `the key file ${path}: ${problem}`);
  try {
    const { mode, isFile, size } = Deno.statSync(path);
    if (!isFile) return report(place, `the key file ${path} is no file`);
    if (((mode ?? 0) & 0o077) !== 0) {
      report(place, `the key file ${path} is open to others`, { hints: [`chmod 600 ${path}`] });
    }
    if (size !== keySize / 8) {
      report(
        place,
        `${path} has ${size} bytes, and a key of ${keySize} bits for ${cipher} has ${keySize / 8}`,
      );
    }
  } catch (error) {
    const hints = error instanceof Deno.errors.NotFound ? [`weir disk key ${name.value} makes one`] : [];
    report(place, `the key file ${path}: ${whyUnreadable(error)}`, { hints });
  }
}

function checkDevice(
  volume: VolumeEntry,
  directory: string,
  devices: Map<string, VolumeEntry>,
  report: Report,
): void {
  const { place, value } = volume.device, path = beside(directory, value);
  try {
    const stat = Deno.statSync(path);
    if (!stat.isFile && !stat.isBlockDevice) {
      return report(place, `${path} is neither a file nor a block device`);
    }
    const identity = stat.isBlockDevice ? `block ${stat.rdev}` : `file ${stat.dev} ${stat.ino}`;
    const before = devices.get(identity);
    // Of one path the other check tells.
    if (before !== undefined && before.device.value !== value && overlap(before, volume)) {
      report(place, `${value} is the same as ${before.device.value}: two volumes in one place`, {
        also: before.device.place,
      });
    }
    devices.set(identity, volume);
    const sectors = Math.floor(stat.size / 512);
    if (stat.isFile && volume.offset + (volume.size ?? 1) > sectors) {
      report(place, `the volume does not fit: ${path} has ${sectors} sectors`, { severity: "warning" });
    }
  } catch (error) {
    report(place, `the device ${path}: ${whyUnreadable(error)}`, { severity: "warning" });
  }
}

/** Whether two volumes of one device share sectors. */
export const overlap = (one: VolumeEntry, other: VolumeEntry): boolean =>
  one.offset < endOf(other) && other.offset < endOf(one);

const endOf = ({ offset, size }: VolumeEntry): number => size === undefined ? Infinity : offset + size;

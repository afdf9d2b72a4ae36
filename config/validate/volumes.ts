import { overlap, staysInside, VOLUME_KEY_SIZES, volumesOf } from "../volumes.ts";
import type { Check } from "./check.ts";

/** Volumes say where they are, have a key each that fits their cipher, and share no sectors. */
export const checkVolumes: Check = (config, report) => {
  for (const { name, value } of config.document.volumes ?? []) {
    if (!/^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/.test(name.value)) {
      report(
        name.place,
        "a volume's name is made of letters, digits, dots, dashes and underlines, 64 at most",
      );
    }
    for (const [key, example] of [["device", "/dev/sda4"], ["key-file", `keys/${name.value}.key`]] as const) {
      if (value.written.has(key)) continue;
      report(name.place, `the volume ${name.value} needs its ${key}`, { hints: [`${key}: ${example}`] });
    }
    const { keySize, cipher, device } = value.value;
    const which = cipher?.value ?? "aes-xts-plain64", sizes = VOLUME_KEY_SIZES[which];
    if (keySize !== undefined && !sizes.includes(keySize.value)) {
      report(keySize.place, `${which} has no keys of ${keySize.value} bits`, {
        hints: [`it takes ${sizes.join(", ")}`],
      });
    }
    if (device?.value === "") report(device.place, "the path of the device is empty");
  }
  const volumes = volumesOf(config);
  for (const [i, volume] of volumes.entries()) {
    const { device, keyFile } = volume;
    if (!staysInside(keyFile.value)) {
      report(keyFile.place, "a key file is below the configuration's directory, and named from there", {
        hints: [`key-file: keys/${volume.name.value}.key`],
      });
    }
    const before = volumes.slice(0, i);
    const key = before.find((other) => sharesKeyFiles(other.keyFile.value, keyFile.value));
    if (key !== undefined) {
      report(
        keyFile.place,
        `this is a key file of ${key.name.value} already: re-keying one would lose the other`,
        {
          also: key.keyFile.place,
        },
      );
    }
    const place = before.find((other) => other.device.value === device.value && overlap(other, volume));
    if (place !== undefined) {
      report(device.place, `${volume.name.value} and ${place.name.value} share sectors of ${device.value}`, {
        also: place.device.place,
        hints: ["give each its offset and size, in sectors of 512 bytes"],
      });
    }
  }
};

/** Also where one has the name of a file that re-keying the other makes. */
const sharesKeyFiles = (one: string, other: string): boolean =>
  ["", ".new", ".old", ".rekey", ".tmp"].some((suffix) => one + suffix === other || other + suffix === one);

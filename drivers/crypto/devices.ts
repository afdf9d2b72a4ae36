import { CryptoError } from "../../core/crypto/engine.ts";
import { AfAlgDevice } from "./af_alg/device.ts";
import { afAlgLacks } from "./af_alg/socket.ts";
import { CryptodevDevice } from "./cryptodev/device.ts";
import type { CryptoDevice } from "./device.ts";
import { HifnDevice } from "./hifn/device.ts";
import { SoftwareDevice } from "./libcrypto/device.ts";
import { libcrypto } from "./libcrypto/library.ts";
import { NodeDevice } from "./software/node_device.ts";

/** How each device is opened; a new card is a line here. Throws CryptoError where the machine has none. */
const OPENERS: ReadonlyMap<string, () => CryptoDevice> = new Map<string, () => CryptoDevice>([
  ["software", () => libcrypto() === undefined ? new NodeDevice() : new SoftwareDevice()],
  ["af_alg", () => {
    const lacking = afAlgLacks();
    if (lacking !== undefined) throw new CryptoError(lacking);
    return new AfAlgDevice();
  }],
  ["cryptodev", () => new CryptodevDevice()],
  ["hifn", () => new HifnDevice()],
]);

/** The virtual card is made of software: it is opened when somebody asks for it. */
const BY_REQUEST: readonly string[] = ["hifn"];

/** Names for `openDevices`: every device there may be. */
export const DEVICE_NAMES: readonly string[] = [...OPENERS.keys()];

export interface FoundDevices {
  readonly devices: readonly CryptoDevice[];
  /** Devices this machine has not, and why. */
  readonly missing: readonly { readonly name: string; readonly reason: string }[];
}

/** Opens the devices of these names, all that are made for use unless told otherwise. Whoever calls shuts them down. */
export function openDevices(
  names: readonly string[] = DEVICE_NAMES.filter((name) => !BY_REQUEST.includes(name)),
): FoundDevices {
  const devices: CryptoDevice[] = [], missing: { name: string; reason: string }[] = [];
  for (const [name, open] of OPENERS) {
    if (!names.includes(name)) continue;
    try {
      devices.push(open());
    } catch (error) {
      if (!(error instanceof CryptoError)) throw error;
      missing.push({ name, reason: error.message });
    }
  }
  return { devices, missing };
}

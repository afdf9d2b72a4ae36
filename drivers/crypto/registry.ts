import type { CryptoRequests } from "../../core/crypto/requests.ts";
import type { CryptoDevice, OfferedAlgorithm } from "./device.ts";
import { PUBLISHED } from "./vectors/published.ts";
import { runVectors } from "./vectors/run.ts";

/** An algorithm of one device, and whether it may be used. */
export interface Registered {
  readonly device: CryptoDevice;
  readonly algorithm: OfferedAlgorithm;
  /** `passed`; `untested` where nobody published an answer; else what went wrong. */
  readonly selftest: string;
}

/**
 * Algorithms by name.
 *
 * Overview    what devices offer, each tested with published answers before it is used, as the kernel does
 *             (crypto/testmgr.c). A name means one algorithm: `cbc(aes)` is what every device calls so, `cbc-aes-hifn`
 *             what one of them does, and both are looked up whole, so that no mode is ever taken for another.
 * Life-cycle  `add` for each device; `providers` for each session that is opened.
 * Limits      a device that fails a test keeps its other algorithms.
 */
export class Registry {
  readonly #entries: Registered[] = [];

  /**
   * Tests what a device offers and takes it in. The test attaches requests of its own, and `requests` once it is through:
   * a queue that serves the device already goes on with the same.
   */
  add(device: CryptoDevice, requests: CryptoRequests): void {
    for (const algorithm of device.algorithms) {
      const taken = this.#entries.find((entry) => entry.algorithm.driverName === algorithm.driverName);
      if (taken !== undefined) {
        throw new Error(`${device.name}: ${algorithm.driverName} is a name of ${taken.device.name} already`);
      }
      const vectors = PUBLISHED.filter((vector) => vector.algorithm === algorithm.name);
      const { failures } = runVectors(device, vectors);
      const selftest = vectors.length === 0
        ? "untested"
        : failures.length === 0
        ? "passed"
        : failures.join("; ");
      this.#entries.push({ device, algorithm, selftest });
    }
    device.attach(requests);
  }

  get entries(): readonly Registered[] {
    return this.#entries;
  }

  /** Who offers an algorithm, by its name or a driver's, the highest priority first. Failed ones are left out. */
  providers(name: string): readonly Registered[] {
    return this.#entries
      .filter(({ algorithm, selftest }) =>
        (algorithm.name === name || algorithm.driverName === name) &&
        (selftest === "passed" || selftest === "untested")
      )
      .sort((one, other) => other.algorithm.priority - one.algorithm.priority);
  }
}

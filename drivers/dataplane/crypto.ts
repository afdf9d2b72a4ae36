import type { CryptoParts } from "../../core/xfrm/ipsec.ts";
import { openDevices } from "../crypto/devices.ts";
import { Engine } from "../crypto/engine.ts";
import { KernelRandom } from "../crypto/kernel_random.ts";
import { clock } from "../sys/clock.ts";
import type { Waiter } from "../sys/waiter.ts";

/**
 * The data plane's crypto: every device this machine has, opened with the first IPsec state. Devices that answer later
 * wake the loop by their descriptors.
 */
export class DataPlaneCrypto {
  readonly #waiter: Waiter;
  engine: Engine | undefined;

  constructor(waiter: Waiter) {
    this.#waiter = waiter;
  }

  open(): CryptoParts {
    const { devices } = openDevices();
    this.engine = new Engine(devices, { clock });
    for (const { descriptor } of devices) if (descriptor >= 0) this.#waiter.add(descriptor);
    return { engine: this.engine, random: new KernelRandom() };
  }

  /** Lines of JSON: devices with their queues, then keys in use and who carries their requests out. */
  status(): string[] {
    if (this.engine === undefined) return [];
    return [
      ...this.engine.queues.map(({ device, depth, counters, gone }) =>
        JSON.stringify({ device: device.name, gone, inWork: device.outstanding, depth, ...counters })
      ),
      ...[...this.engine.sessions()].map((session) => JSON.stringify(session)),
    ];
  }

  close(): void {
    this.engine?.shutdown();
    this.engine = undefined;
  }
}

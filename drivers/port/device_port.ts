import type { Port } from "../../core/port.ts";

/**
 * A port over a device of the kernel. What the data plane's loop needs beside packets.
 *
 * Descriptions  `open…` makes descriptors and memory (main thread, in the right network namespace) and returns a
 *               description: plain data that can be posted to a Worker, whose port adopts it. When that Worker
 *               died, another one adopts the same description and goes on; nothing is closed in between.
 */
export interface DevicePort extends Port {
  /** For the poll set; -1 when there is nothing to wait for. */
  readonly fd: number;
  /** Six bytes; undefined for a port without link layer. */
  readonly mac: Uint8Array | undefined;
  /** The device is no longer there: `reopen` when the control plane has prepared its successor. */
  readonly missing: boolean;
  /** About every 100 ms and after a poll error: reads link state and the kernel's drop counter. Some microseconds. */
  refresh(): void;
  /** Binds to the device of the same name again. False when it is not there yet. */
  reopen(): boolean;
}

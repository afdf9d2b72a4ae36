import type { CryptoDevice } from "./device.ts";
import { measureDirect, SIZES } from "./speed.ts";

/**
 * Bytes from which on handing a request to `device` costs this thread less CPU time than `software` does, measured with
 * requests of SIZES: 0 where it always does, Infinity where it never does. Compared with the first cipher or AEAD both
 * offer; `cpu` is CPU time of the thread in nanoseconds, `milliseconds` what each size may take. Before the devices are
 * given to an engine: they are attached to other requests here.
 */
export function measureThreshold(
  device: CryptoDevice,
  software: CryptoDevice,
  cpu: () => number,
  milliseconds = 2,
): number {
  const mine = device.algorithms.find(({ kind, name }) =>
    kind !== "hash" && software.algorithms.some((other) => other.name === name)
  );
  if (mine === undefined) return 0;
  const its = software.algorithms.find(({ name }) => name === mine.name)!;
  let threshold = Infinity;
  for (const bytes of [...SIZES].reverse()) {
    if (bytes > mine.mostBytes) continue;
    const handed = measureDirect(device, mine, bytes, cpu, milliseconds).microseconds;
    if (handed >= measureDirect(software, its, bytes, cpu, milliseconds).microseconds) break;
    threshold = bytes;
  }
  return threshold === SIZES[0] ? 0 : threshold;
}

import { readKernelFile, writeKernelFile } from "./kernel_file.ts";

/**
 * Kernel parameters under /proc/sys, of the network namespace the thread is in. Keys are paths below /proc/sys
 * ("net/ipv4/conf/eth0/arp_ignore"): with dots an interface named `eth0.5` would be ambiguous.
 */
export const readSysctl = (key: string): string => readKernelFile(`/proc/sys/${key}`);

/** What a change replaced, for putting it back. Plain data. */
export interface SysctlChange {
  readonly key: string;
  readonly previous: string;
  readonly value: string;
}

/** Sets a parameter; undefined when it had the value already. Throws `SystemError`. */
export function writeSysctl(key: string, value: string): SysctlChange | undefined {
  const previous = readSysctl(key);
  if (previous === value) return undefined;
  writeKernelFile(`/proc/sys/${key}`, value);
  return { key, previous, value };
}

/**
 * Puts the previous value back. Left alone when somebody else changed it since, or when the parameter went with
 * its interface. Returns whether it was put back.
 */
export function restoreSysctl(change: SysctlChange): boolean {
  try {
    if (readSysctl(change.key) !== change.value) return false;
    writeKernelFile(`/proc/sys/${change.key}`, change.previous);
    return true;
  } catch {
    return false;
  }
}

import type { IngressDrop } from "./nfnetlink.ts";
import { readState, removeState, writeState } from "./state_file.ts";
import { readSysctl, restoreSysctl, type SysctlChange, writeSysctl } from "./sysctl.ts";
import { SystemError } from "./libc.ts";

/**
 * The kernel's own stack off a wire.
 *
 * Overview    on a wire port the kernel must neither speak nor answer. In this order: no IPv6 (its router
 *             solicitations and MLD reports are not held back by a chain at ingress), ARP answers only for addresses
 *             of the interface itself (else it defends the local device's address on the wire), then an ingress chain
 *             that drops all that comes in, behind our taps.
 * Life-cycle  `recoverQuiet` at start (puts back what a killed run left) -> `quieten` every wire port -> the inverse it
 *             returns, at stop. What is to be changed is on file before it is changed.
 * Ownership   control plane; the thread must be in the wire's network namespace for all calls.
 * Limits      an address that the administrator left on the wire's interface keeps its kernel routes: the kernel may
 *             send there, though it hears nothing.
 */
export function quieten(device: string, drop: IngressDrop, stateFile: string): () => void {
  refuseForwarding(device);
  const changes: SysctlChange[] = [];
  const undo = () => {
    drop.allow(device);
    for (const change of changes.toReversed()) restoreSysctl(change);
    remember(stateFile, device, []);
  };
  try {
    for (const [key, value] of wanted(device)) {
      const previous = currentValue(key);
      if (previous === undefined || previous === value) continue;
      changes.push({ key, previous, value });
      remember(stateFile, device, changes);
      writeSysctl(key, value);
    }
    drop.drop(device);
  } catch (error) {
    undo();
    throw error;
  }
  return undo;
}

/**
 * Whether the kernel is kept off a device. A device that went and came back has parameters of its own, while the chain
 * may have waited for its name (since Linux 6.16).
 */
export const isQuiet = (device: string, drop: IngressDrop): boolean =>
  drop.present(device) && wanted(device).every(([key, value]) => (currentValue(key) ?? value) === value);

const wanted = (device: string): readonly (readonly [key: string, value: string])[] => [
  [`net/ipv6/conf/${device}/disable_ipv6`, "1"],
  [`net/ipv4/conf/${device}/arp_ignore`, "1"],
];

/**
 * Puts back what a run that could not clean up has changed, if nobody changed it since. Returns the parameters put
 * back. Only with the instance lock held: what the file says may otherwise be in use.
 */
export function recoverQuiet(stateFile: string): string[] {
  const restored: string[] = [];
  for (const entry of entries(readState(stateFile))) {
    for (const change of entry.changes.toReversed()) {
      if (restoreSysctl(change)) restored.push(change.key);
    }
  }
  removeState(stateFile);
  return restored;
}

/** With kernel forwarding on, each packet would leave twice until the chain stands, and again when it falls. */
function refuseForwarding(device: string): void {
  let forwarding: string;
  try {
    forwarding = readSysctl(`net/ipv4/conf/${device}/forwarding`);
  } catch (error) {
    if (error instanceof SystemError && error.code === "ENOENT") {
      throw new Error(`interface ${device} is not there, or has no IPv4 stack (its MTU may be below 68)`);
    }
    throw error;
  }
  if (forwarding === "0") return;
  throw new Error(
    `the kernel forwards IPv4 on ${device}: weir must be the only router there. ` +
      `Set net.ipv4.conf.${device}.forwarding (or net.ipv4.ip_forward) to 0.`,
  );
}

/** Undefined where the kernel has no such parameter (built without IPv6). */
function currentValue(key: string): string | undefined {
  try {
    return readSysctl(key);
  } catch (error) {
    if (error instanceof SystemError && error.code === "ENOENT") return undefined;
    throw error;
  }
}

interface Entry {
  readonly device: string;
  readonly changes: readonly SysctlChange[];
}

/** Replaces what the file says of a device; no changes: nothing. */
function remember(stateFile: string, device: string, changes: readonly SysctlChange[]): void {
  const others = entries(readState(stateFile)).filter((entry) => entry.device !== device);
  const all = changes.length === 0 ? others : [...others, { device, changes }];
  if (all.length === 0) removeState(stateFile);
  else writeState(stateFile, { quiet: all });
}

/** Entries of a state file, judged: it may be of another version or damaged. */
function entries(state: unknown): Entry[] {
  if (typeof state !== "object" || state === null || !("quiet" in state) || !Array.isArray(state.quiet)) {
    return [];
  }
  return state.quiet.filter((entry): entry is Entry =>
    typeof entry?.device === "string" && Array.isArray(entry.changes) && entry.changes.every(isChange)
  );
}

function isChange(change: unknown): change is SysctlChange {
  if (typeof change !== "object" || change === null) return false;
  const { key, previous, value } = change as Record<string, unknown>;
  return typeof key === "string" && /^net\/ipv[46]\/conf\/[^/]+\/[a-z_0-9]+$/.test(key) &&
    !key.includes("..") &&
    typeof previous === "string" && typeof value === "string";
}

import { createHash, randomBytes } from "node:crypto";
import { tableLayout } from "../core/conntrack/layout.ts";

/** What a router takes from the machine that no configuration says. */

const MOST_FLOWS = 1 << 20;

/** Rows of the flow table: a million, or what a quarter of the memory holds. */
export function defaultFlows(memoryBytes = Deno.systemMemoryInfo().total): number {
  const bytesPerFlow = tableLayout(65536).bytes / 65536;
  const fitting = Math.floor(memoryBytes / 4 / bytesPerFlow);
  return Math.max(1024, Math.min(MOST_FLOWS, fitting));
}

/** 16 bytes, the same at every start on this machine: generated addresses stay (RFC 7217). Random without an identity. */
export function machineSecret(path = "/etc/machine-id"): Uint8Array {
  try {
    const identity = Deno.readTextFileSync(path).trim();
    if (identity !== "") return createHash("sha256").update(`weir ${identity}`).digest().subarray(0, 16);
  } catch {
    // no identity: addresses change with every start
  }
  return randomBytes(16);
}

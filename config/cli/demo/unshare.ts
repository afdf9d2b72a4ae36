import { bytes, checked, cstring, libc } from "../../../drivers/sys/libc.ts";
import { dieWithParent, selfCommand } from "./process.ts";

/**
 * Without root: the demo again, inside a user, network and mount namespace of its own, by util-linux unshare(1).
 * A process with threads cannot unshare its user namespace itself. /run is a fresh tmpfs there, so that names of
 * namespaces and files are this demo's alone.
 */

/** Option that tells the inner demo what it is. */
export const INSIDE = "--inside";
const UNSHARE = ["--user", "--map-root-user", "--net", "--mount"];

/** Whether this machine lets us: unshare(1) is there and the kernel allows it. */
export function canUnshare(): boolean {
  try {
    const args = [...UNSHARE, "true"];
    return new Deno.Command("unshare", { args, stdout: "null", stderr: "null" }).outputSync().success;
  } catch {
    return false;
  }
}

/** Runs the demo inside, with our terminal; its exit status. */
export async function runInside(args: readonly string[], stop: AbortSignal): Promise<number> {
  const self = selfCommand(["demo", ...args, INSIDE]);
  const child = new Deno.Command("unshare", { args: [...UNSHARE, "--", self.command, ...self.args] }).spawn();
  stop.addEventListener("abort", () => {
    try {
      child.kill("SIGTERM");
    } catch {
      // it went by itself: Ctrl-C reached it too
    }
  });
  return (await child.status).code;
}

/** What the inner demo does first. */
export function prepareInside(): void {
  dieWithParent("SIGTERM");
  const tmpfs = cstring("tmpfs"), options = bytes(1);
  checked(
    libc.mount(tmpfs, cstring("/run"), tmpfs, 0, Deno.UnsafePointer.of(options)),
    "mount a tmpfs on /run",
  );
}

import { namespaceDemo } from "./demo/namespaces.ts";
import { mayMakeNamespaces } from "./demo/privilege.ts";
import { Report } from "./demo/report.ts";
import { canUnshare, prepareInside, runInside } from "./demo/unshare.ts";

/**
 * `weir demo`: a real router between real network stacks, shown and proved.
 *
 * Overview    as root in namespaces it makes; else the same inside a user namespace; where that is forbidden,
 *             between memory ports in this process. The first line says which.
 * Life-cycle  SIGINT, SIGTERM and SIGHUP end it in order; everything it made goes.
 */
export interface DemoOptions {
  /** Ends after the checks; otherwise it stays up with live counters. */
  readonly once?: boolean;
  /** Results as one JSON document instead of text. */
  readonly json?: boolean;
  /** The kernel routes in weir's place: the oracle. */
  readonly kernel?: boolean;
  /** Started by ourselves in a user namespace. */
  readonly inside?: boolean;
  /** Between memory ports, whatever else were possible. */
  readonly memory?: boolean;
}

/** Runs the demo; the exit status: 0 when everything passed, 1 when not, 130 when it was interrupted before. */
export async function demo(options: DemoOptions): Promise<number> {
  const stop = new AbortController(), signals = ["SIGINT", "SIGTERM", "SIGHUP"] as const;
  const abort = () => stop.abort();
  for (const signal of signals) Deno.addSignalListener(signal, abort);
  try {
    return await inMode(options, stop.signal);
  } catch (e) {
    if (stop.signal.aborted) return INTERRUPTED;
    console.error(`weir demo: ${e instanceof Error ? e.message : String(e)}`);
    return 1;
  } finally {
    for (const signal of signals) Deno.removeSignalListener(signal, abort);
  }
}

const INTERRUPTED = 130;

async function inMode(options: DemoOptions, stop: AbortSignal): Promise<number> {
  const { once = false, json = false, kernel = false, inside = false } = options;
  const report = new Report(json);
  if (inside) prepareInside();
  if (!options.memory && mayMakeNamespaces()) {
    report.say(
      inside
        ? "weir demo, without root: in a user namespace of its own, as root would see it."
        : "weir demo: as root, in network namespaces of its own; this machine's network is not touched.",
    );
    await namespaceDemo({ once, kernel }, report, stop);
  } else if (!options.memory && !inside && canUnshare()) {
    const flags = Object.entries({ once, json, kernel }).filter(([, set]) => set).map(([name]) =>
      `--${name}`
    );
    return await runInside(flags, stop);
  } else {
    report.say(
      "weir demo: this machine allows no network namespaces, so packets go through memory ports only.",
    );
    const { memoryDemo } = await import("./demo/memory.ts");
    await memoryDemo({ once }, report, stop);
  }
  if (!report.complete) return INTERRUPTED;
  report.end();
  return report.ok ? 0 : 1;
}

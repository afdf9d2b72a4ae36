import { libc } from "../../../drivers/sys/libc.ts";

/**
 * This program once more: the command line that runs it again with other arguments, as a child. A compiled
 * program is its own executable; otherwise Deno runs the same entry module (tests, being no weir, name another).
 */
export function selfCommand(
  args: readonly string[],
  entry = Deno.mainModule,
): { command: string; args: string[] } {
  const command = Deno.execPath();
  if (Deno.build.standalone) return { command, args: [...args] };
  return { command, args: ["run", "--quiet", "--allow-all", V8_FLAGS, entry, ...args] };
}

/**
 * Larger inlining budgets for V8, also in deno.json's tasks: a batch's way crosses many small functions, and with
 * the defaults a seventh of its time goes into calls (`deno task bench`, row "process").
 */
const V8_FLAGS = "--v8-flags=--max-inlined-bytecode-size=800,--max-inlined-bytecode-size-cumulative=2000";

/** This process gets `signal` when the thread that started it is gone (prctl(2), PR_SET_PDEATHSIG). */
export function dieWithParent(signal: "SIGKILL" | "SIGTERM"): void {
  libc.prctl(PR_SET_PDEATHSIG, signal === "SIGKILL" ? 9 : 15, 0, 0, 0);
}
const PR_SET_PDEATHSIG = 1;

/**
 * Environment for children: ours without proxies, which would take requests out of the namespace, and without the
 * runtime's look for a newer version, whose DNS queries would be packets nobody asked for.
 */
export function childEnvironment(): Record<string, string> {
  const own = Object.entries(Deno.env.toObject()).filter(([name]) => !/_proxy$/i.test(name));
  return { ...Object.fromEntries(own), DENO_NO_UPDATE_CHECK: "1" };
}

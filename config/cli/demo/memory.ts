import { filesWithoutLocal } from "./files.ts";
import { pause } from "./live.ts";
import { memoryChecks, tryMemoryCheck } from "./memory/checks.ts";
import { Laboratory } from "./memory/laboratory.ts";
import type { Report } from "./report.ts";

/**
 * The demo between memory ports: the same router, rules and files, hosts of our own making, virtual time. It stays up
 * by trying everything again once a second.
 */
export async function memoryDemo(
  options: { readonly once: boolean },
  report: Report,
  stop: AbortSignal,
): Promise<void> {
  const laboratory = new Laboratory();
  report.show(filesWithoutLocal());
  report.begin();
  for (const check of memoryChecks) report.add(tryMemoryCheck(check, laboratory));
  report.complete = true;
  if (options.once) return;
  report.invite("Running until Ctrl-C, trying everything again once a second.\n");
  while (!stop.aborted) {
    await pause(1000, stop);
    if (stop.aborted) break;
    const results = memoryChecks.map((check) => tryMemoryCheck(check, laboratory));
    const passed = results.filter(({ ok }) => ok).length;
    report.progress(`${passed} of ${results.length} passed; ${results.at(-1)!.through}`);
  }
}

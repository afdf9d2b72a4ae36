import { memoryChecks, tryMemoryCheck } from "./memory/checks.ts";
import { Laboratory } from "./memory/laboratory.ts";
import type { Report } from "./report.ts";

/** The demo between memory ports: the same router, rules and files, hosts of our own making, virtual time. */
export function memoryDemo(report: Report): void {
  const laboratory = new Laboratory();
  report.begin();
  for (const check of memoryChecks) report.add(tryMemoryCheck(check, laboratory));
  report.complete = true;
}

import { root } from "./topology.ts";

/**
 * Whether a file's tests must be skipped, for `ignore`: they need root and these programs. Says so in one line, which
 * `.ci/run` turns into nothing by installing them.
 */
export function skip(file: string, ...programs: readonly string[]): boolean {
  const lacking = [...(root ? [] : ["root"]), ...programs.filter((program) => !isInstalled(program))];
  if (lacking.length > 0) console.log(`skipped: ${file} needs ${lacking.join(", ")}`);
  return lacking.length > 0;
}

/** Whether a program is in one of the directories of PATH. */
export function isInstalled(program: string): boolean {
  return (Deno.env.get("PATH") ?? "").split(":").some((directory) => {
    try {
      return Deno.statSync(`${directory}/${program}`).isFile;
    } catch {
      return false;
    }
  });
}

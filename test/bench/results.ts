import type { Row } from "./row.ts";

/** A run as data: where, when and of what it is. */
export interface Results {
  readonly date: string;
  readonly commit: string;
  readonly machine: {
    readonly cpu: string;
    readonly cores: number;
    readonly kernel: string;
    readonly deno: string;
  };
  readonly options: { readonly rounds: number; readonly seconds: number };
  readonly rows: readonly Row[];
}

/** Writes a run to `path`, or to results/DATE-COMMIT.json beside this file. */
export async function save(rows: readonly Row[], options: Results["options"], path?: string): Promise<void> {
  const results: Results = {
    date: new Date().toISOString(),
    commit: await commit(),
    machine: {
      cpu: /^model name\s*:\s*(.+)$/m.exec(Deno.readTextFileSync("/proc/cpuinfo"))?.[1] ?? "unknown",
      cores: navigator.hardwareConcurrency,
      kernel: Deno.osRelease(),
      deno: Deno.version.deno,
    },
    options,
    rows,
  };
  const folder = new URL("results/", import.meta.url);
  if (path === undefined) Deno.mkdirSync(folder, { recursive: true });
  const name = `${results.date.slice(0, 10)}-${results.commit}.json`;
  Deno.writeTextFileSync(path ?? new URL(name, folder), `${JSON.stringify(results, undefined, 2)}\n`);
}

/** Short commit, with a + when the tree has other changes. */
async function commit(): Promise<string> {
  const git = async (...args: string[]): Promise<string> => {
    const command = new Deno.Command("git", { args, cwd: new URL(".", import.meta.url), stderr: "null" });
    const { success, stdout } = await command.output().catch(() => ({
      success: false,
      stdout: new Uint8Array(0),
    }));
    return success ? new TextDecoder().decode(stdout).trim() : "";
  };
  const head = await git("rev-parse", "--short", "HEAD");
  if (head === "") return "unknown";
  return await git("status", "--porcelain", "--untracked-files=no") === "" ? head : `${head}+`;
}

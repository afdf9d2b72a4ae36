import type { Config } from "./config.ts";
import { collector, renderDiagnostics, type Source } from "./diagnostic.ts";
import { parseConfig } from "./load.ts";
import { keyFilesIn } from "./key_file.ts";
import { beside, directoryOf, whyUnreadable } from "./paths.ts";

/** Both files of a router, read and the first of them checked; or the text of what is wrong. */
export type FilesResult =
  | {
    readonly ok: true;
    readonly config: Config;
    readonly ruleset: Source;
    readonly directory: string;
    /** What is right and may not be meant; empty for nothing. */
    readonly warnings: string;
  }
  | { readonly ok: false; readonly error: string };

/** Reads a configuration and the ruleset it names, which is beside it unless its path begins with a slash. */
export function readFiles(path: string): FilesResult {
  let text: string;
  try {
    text = Deno.readTextFileSync(path);
  } catch (error) {
    return { ok: false, error: `${path}: ${whyUnreadable(error)}\n` };
  }
  const directory = directoryOf(path), result = parseConfig({ name: path, text }, keyFilesIn(directory));
  if (!result.ok) return { ok: false, error: renderDiagnostics(result.diagnostics) };
  const named = result.config.document.ruleset!;
  const rulesetPath = beside(directory, named.value), warnings = renderDiagnostics(result.warnings);
  try {
    const ruleset = { name: rulesetPath, text: Deno.readTextFileSync(rulesetPath) };
    return { ok: true, config: result.config, ruleset, directory: directoryOf(rulesetPath), warnings };
  } catch (error) {
    const { diagnostics, report } = collector();
    report(named.place, `${rulesetPath}: ${whyUnreadable(error)}`);
    return { ok: false, error: renderDiagnostics(diagnostics) };
  }
}

import type { SourceReader } from "../core/nft/text/source.ts";
import type { Config } from "./config.ts";
import { collector, renderDiagnostics, type Source } from "./diagnostic.ts";
import { parseConfig } from "./load.ts";

/** Both files of a router, read and the first of them checked; or the text of what is wrong. */
export type FilesResult =
  | { readonly ok: true; readonly config: Config; readonly ruleset: Source; readonly directory: string }
  | { readonly ok: false; readonly error: string };

/** Reads a configuration and the ruleset it names, which is beside it unless its path begins with a slash. */
export function readFiles(path: string): FilesResult {
  let text: string;
  try {
    text = Deno.readTextFileSync(path);
  } catch (error) {
    return { ok: false, error: `${path}: ${whyUnreadable(error)}\n` };
  }
  const result = parseConfig({ name: path, text });
  if (!result.ok) return { ok: false, error: renderDiagnostics(result.diagnostics) };
  const named = result.config.document.ruleset!;
  const directory = directoryOf(path), rulesetPath = beside(directory, named.value);
  try {
    const ruleset = { name: rulesetPath, text: Deno.readTextFileSync(rulesetPath) };
    return { ok: true, config: result.config, ruleset, directory: directoryOf(rulesetPath) };
  } catch (error) {
    const { diagnostics, report } = collector();
    report(named.place, `${rulesetPath}: ${whyUnreadable(error)}`);
    return { ok: false, error: renderDiagnostics(diagnostics) };
  }
}

export const directoryOf = (path: string): string => {
  const slash = path.lastIndexOf("/");
  return slash < 0 ? "." : slash === 0 ? "/" : path.slice(0, slash);
};

/** A path as the file in `directory` means it. */
export const beside = (directory: string, path: string): string =>
  path.startsWith("/") || directory === "." ? path : `${directory}/${path}`;

/** What is wrong with a file that could not be read, in words that follow its path. */
export function whyUnreadable(error: unknown): string {
  if (error instanceof Deno.errors.NotFound) return "there is no such file";
  if (error instanceof Deno.errors.PermissionDenied) return "no permission to read it";
  if (error instanceof Deno.errors.IsADirectory) return "it is a directory";
  return error instanceof Error ? error.message : String(error);
}

/** Where `include` looks for what begins with neither `/` nor `./`: as nft, and then beside the including file. */
export const includePlaces = (directory: string, given: readonly string[] = []): string[] => [
  "/etc",
  ...given,
  directory,
];

/** Files for the rule language's `include`; `./x` is in `directory`. */
export const readerIn = (directory: string): SourceReader => ({
  read: (path) => fileReader.read(beside(directory, path)),
  glob: (pattern) => fileReader.glob(beside(directory, pattern)),
});

/** Files for the rule language's `include`. */
export const fileReader: SourceReader = {
  read(path) {
    try {
      return Deno.readTextFileSync(path);
    } catch (error) {
      // as nft: a directory has nothing to say, and is no error
      return error instanceof Deno.errors.IsADirectory ? "" : undefined;
    }
  },
  glob(pattern) {
    let found = [pattern.startsWith("/") ? "" : "."];
    for (const part of pattern.split("/").filter((part) => part !== "")) {
      found = /[*?[]/.test(part)
        ? found.flatMap((directory) => matching(directory, part))
        : found.map((directory) => `${directory}/${part}`);
    }
    return found.filter(exists).sort();
  },
};

function matching(directory: string, pattern: string): string[] {
  try {
    const names = [...Deno.readDirSync(directory === "" ? "/" : directory)].map((entry) => entry.name);
    const wanted = new RegExp(`^${globSource(pattern)}$`, "s");
    // as glob(3): a leading dot must be written
    return names.filter((name) => wanted.test(name) && (!name.startsWith(".") || pattern.startsWith(".")))
      .map((name) => `${directory}/${name}`);
  } catch {
    return [];
  }
}

/** `*`, `?` and `[...]` as a regular expression; a bracket that is not closed stands for itself. */
const globSource = (pattern: string): string =>
  pattern.replace(/\[(!?)(\]?[^\]]*)\]|[*?]|[.+^${}()|[\]\\]/g, (found, not: string, set?: string) => {
    if (set !== undefined) return `[${not === "!" ? "^" : ""}${set.replace(/[\\\]^]/g, "\\$&")}]`;
    return found === "*" ? ".*" : found === "?" ? "." : `\\${found}`;
  });

function exists(path: string): boolean {
  try {
    Deno.statSync(path);
    return true;
  } catch {
    return false;
  }
}

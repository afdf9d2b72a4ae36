import type { SourceReader } from "../core/nft/text/source.ts";
import { beside } from "./paths.ts";

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

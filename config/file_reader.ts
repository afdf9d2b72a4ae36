import type { SourceReader } from "../core/nft/text/source.ts";

/** Files for the rule language's `include`. */
export const fileReader: SourceReader = {
  read(path) {
    try {
      return Deno.readTextFileSync(path);
    } catch {
      return undefined;
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

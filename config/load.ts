import { LineCounter, parseDocument, type YAMLError } from "yaml";
import { type Config, makeConfig } from "./config.ts";
import { hideKeys } from "../core/xfrm/words.ts";
import { collector, type Diagnostic, type Source } from "./diagnostic.ts";
import { type KeyReader, noKeyFiles } from "./key_file.ts";
import { document as documentReader } from "./schema.ts";
import { validate } from "./validate/validate.ts";
import { readXfrm } from "./xfrm.ts";

/** A configuration, or what is wrong with it; never both. */
export type LoadResult =
  | { readonly ok: true; readonly config: Config; readonly warnings: readonly Diagnostic[] }
  | { readonly ok: false; readonly diagnostics: readonly Diagnostic[] };

const MOST_CHARACTERS = 1 << 20;

/**
 * Parses and checks the text of a `weir.yaml`. Opens no file but what `keys` does, and never throws. Diagnostics show
 * the file's lines without its keys.
 */
export function parseConfig({ name, text }: Source, keys: KeyReader = noKeyFiles): LoadResult {
  const { diagnostics, report } = collector(), source: Source = { name, text: hideKeys(text) };
  const whole = { source, start: 0, end: source.text.length };
  if (source.text.length > MOST_CHARACTERS) {
    report({ ...whole, end: 0 }, "a configuration of more than one million characters");
    return { ok: false, diagnostics };
  }
  const tree = parseDocument(text, {
    version: "1.2",
    lineCounter: new LineCounter(),
    prettyErrors: false,
  });
  for (const error of tree.errors) {
    report({ source, start: error.pos[0], end: Math.max(error.pos[1], error.pos[0] + 1) }, ...explain(error));
  }
  if (tree.errors.length > 0) return { ok: false, diagnostics };
  const read = documentReader(tree.contents, whole, report);
  if (read === undefined) return { ok: false, diagnostics };
  const xfrm = readXfrm(read.value, keys, report), made = makeConfig(source, read.value, read.written);
  const config = xfrm === undefined ? made : { ...made, xfrm };
  validate(config, report);
  const wrong = diagnostics.some(({ severity }) => severity === "error");
  return wrong ? { ok: false, diagnostics } : { ok: true, config, warnings: diagnostics };
}

/** The parser's words where they are plain, ours where a hint helps. */
function explain(error: YAMLError): [string, { hints: string[] }?] {
  switch (error.code) {
    case "DUPLICATE_KEY":
      return ["this name stands twice at the same level", {
        hints: ["names are unique: give one of them another name"],
      }];
    case "TAB_AS_INDENT":
      return ["a tab in the indentation", { hints: ["YAML is indented with spaces"] }];
    case "BAD_INDENT":
      return ["the indentation does not fit the lines above"];
    case "MULTIPLE_DOCS":
      return ["a second document: a configuration is one"];
    default:
      return [firstLine(error.message)];
  }
}

const firstLine = (text: string): string => text.split("\n", 1)[0]!;

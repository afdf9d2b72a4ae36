import { LineCounter, parseDocument, type YAMLError } from "yaml";
import { type Config, makeConfig } from "./config.ts";
import { collector, type Diagnostic, type Source } from "./diagnostic.ts";
import { document as documentReader } from "./schema.ts";
import { validate } from "./validate/validate.ts";

/** A configuration, or what is wrong with it; never both. */
export type LoadResult =
  | { readonly ok: true; readonly config: Config }
  | { readonly ok: false; readonly diagnostics: readonly Diagnostic[] };

const MOST_CHARACTERS = 1 << 20;

/** Parses and checks the text of a `weir.yaml`. Opens no file and never throws. */
export function parseConfig(source: Source): LoadResult {
  const { diagnostics, report } = collector();
  const whole = { source, start: 0, end: source.text.length };
  if (source.text.length > MOST_CHARACTERS) {
    report({ ...whole, end: 0 }, "a configuration of more than one million characters");
    return { ok: false, diagnostics };
  }
  const tree = parseDocument(source.text, {
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
  const config = makeConfig(source, read.value, read.written);
  validate(config, report);
  return diagnostics.length === 0 ? { ok: true, config } : { ok: false, diagnostics };
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

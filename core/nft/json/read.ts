import type { Command } from "../tree/command.ts";
import { type Diagnostic, errorAt, Refusal } from "../text/diagnostic.ts";
import { placeOf, type Source } from "../text/source.ts";
import { isObject, JsonPlaces, member, Reading } from "./document.ts";
import type { Json } from "./json.ts";
import { readCommand } from "./read_command.ts";

/** Most errors told of one text. */
const MAXIMUM_ERRORS = 10;

/** A text is JSON when it begins as an object does. */
export const looksLikeJson = (text: string): boolean => /^\s*\{/.test(text);

/** `{ "nftables": [ command, ... ] }` to the commands that text gives. */
export function readJson(source: Source): { commands: Command[]; diagnostics: Diagnostic[] } {
  const root = parse(source);
  if ("severity" in root) return { commands: [], diagnostics: [root] };
  const list = isObject(root.value) ? member(root.value, "nftables") : undefined;
  if (!Array.isArray(list)) {
    const message = 'Root object does not contain "nftables" array.';
    return { commands: [], diagnostics: [errorAt(wholeOf(source), message)] };
  }
  const commands: Command[] = [], diagnostics: Diagnostic[] = [];
  for (const each of list as Json[]) {
    try {
      const command = readCommand(new Reading(new JsonPlaces(each)), each);
      if (command !== undefined) commands.push(command);
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      diagnostics.push(error.diagnostic);
      if (diagnostics.length >= MAXIMUM_ERRORS) break;
    }
  }
  return { commands: inOrder(commands, list as Json[]), diagnostics };
}

/** Of a listing the chains come before the maps that lead to them; commands stay as they are. */
function inOrder(commands: Command[], list: readonly Json[]): Command[] {
  const listing = list.every((each) =>
    isObject(each) && LISTED.some((kind) => member(each, kind) !== undefined)
  );
  if (!listing) return commands;
  const rank = ({ kind }: Command): number => (kind === "table" ? 0 : kind === "chain" ? 1 : 2);
  return commands.toSorted((a, b) => rank(a) - rank(b));
}

const LISTED = [
  "metainfo",
  "table",
  "chain",
  "rule",
  "set",
  "map",
  "counter",
  "quota",
  "limit",
  "ct helper",
  "ct timeout",
  "ct expectation",
  "synproxy",
  "secmark",
  "flowtable",
];

const wholeOf = (source: Source) => ({ source, start: 0, end: Math.min(source.text.length, 1) });

function parse(source: Source): { value: Json } | Diagnostic {
  try {
    return { value: JSON.parse(source.text) as Json };
  } catch (error) {
    const at = /position (\d+)/.exec(error instanceof Error ? error.message : "")?.[1];
    const start = Math.min(Number(at ?? source.text.length), Math.max(0, source.text.length - 1));
    const { line, column } = placeOf(source, start);
    const span = { source, start, end: start + 1 };
    return errorAt(span, `this is no JSON from line ${line}, column ${column} on`);
  }
}

import type { Command } from "../tree/command.ts";
import { type Diagnostic, errorAt, Refusal } from "../text/diagnostic.ts";
import type { Source } from "../text/source.ts";
import { isObject, JsonPlaces, member, Reading } from "./document.ts";
import type { Json } from "./json.ts";
import { parseJson } from "./parse.ts";
import { readCommand } from "./read_command.ts";
import { readElement } from "./read_element.ts";

/** Most errors told of one text. */
const MAXIMUM_ERRORS = 10;

/** A text is JSON when it begins as an object does. */
export const looksLikeJson = (text: string): boolean => /^\s*\{/.test(text);

/** `{ "nftables": [ command, ... ] }` to the commands that text gives. Errors always tell their place. */
export function readJson(given: Source): { commands: Command[]; diagnostics: Diagnostic[] } {
  const source = given.name === "" ? { ...given, name: "<json>" } : given;
  const commands: Command[] = [], diagnostics: Diagnostic[] = [];
  const noted = <T>(read: () => T): T | undefined => {
    try {
      return read();
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      diagnostics.push(error.diagnostic);
      return undefined;
    }
  };
  const parsed = noted(() => parseJson(source));
  if (parsed === undefined) return { commands, diagnostics };
  const places = new JsonPlaces(source, parsed.places), root = parsed.value;
  const list = isObject(root) ? member(root, "nftables") : undefined;
  if (!Array.isArray(list)) {
    const message = `Invalid JSON schema: no array "nftables" in the root object.`;
    return { commands, diagnostics: [errorAt(places.span(undefined), message)] };
  }
  for (const each of list as Json[]) {
    const command = noted(() => readCommand(new Reading(places, readElement), each, list));
    if (command !== undefined) commands.push(command);
    if (diagnostics.length >= MAXIMUM_ERRORS) break;
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

import { DATA_TYPES } from "../datatype/registry.ts";
import { EXPECTED_LEFT } from "../parse/expression.ts";
import { LOG_LEVELS } from "../check/log.ts";
import { priorityNames } from "../priority.ts";
import type { Family } from "../../ruleset/ruleset.ts";
import type { TypeContext } from "../types.ts";
import { expectedType, type SetTypes } from "./expected_type.ts";
import { type NamedObject, typesNamed } from "./names.ts";
import { HOLE, openBrackets, type Probe, probe } from "./probe.ts";
import { valueNames, vocabulary } from "./vocabulary.ts";

/** What exists where the text will run. */
export interface Surroundings {
  readonly names: readonly NamedObject[];
  readonly interfaces: readonly string[];
}

export interface Completion {
  /** Where the word being completed begins. */
  readonly from: number;
  /** Whole words that may stand there, sorted, none twice. */
  readonly candidates: readonly string[];
}

/** A word as completion cuts it; `syn,a` completes `a`, `@bl` completes `bl`. */
const PARTIAL = /[A-Za-z0-9_.\-/]*$/;
/** No word of the language and no name anybody gives. */
const NONSENSE = "zz-none-zz";
/** Characters. */
const LONGEST_TEXT = 16384;

/**
 * The words that may stand at the end of `text`.
 *
 * Overview    the parser reads the text with a hole at its end and tells what it looked for there; a word of the
 *             vocabulary is offered where the parser takes it and would not take just any word. Where it takes any,
 *             names of the ruleset and names of values of the type that is expected are offered.
 * Limits      the text is parsed once a word that might fit, so one that is longer than 16384 is not completed.
 */
export function complete(text: string, surroundings: Surroundings): Completion {
  const from = text.length - PARTIAL.exec(text)![0].replace(/^[0-9]+\//, "").length;
  const partial = text.slice(from);
  if (/^[0-9]/.test(partial) || text.length > LONGEST_TEXT) return { from, candidates: [] };
  const before = text.slice(0, from);
  const hole = probe(before, HOLE), any = probe(before, NONSENSE);
  const hints = [...hole.hints, ...any.hints];
  const fits = (word: string) => word.startsWith(partial);
  const found = new Set(
    [...named(before, hole, any, surroundings), ...values(before, any, surroundings)].filter(fits),
  );
  const { all, phrases, statements, heads } = vocabulary();
  const left = hole.hints.includes(EXPECTED_LEFT);
  const stands = (word: string): boolean => !probe(before, word).refused;
  const offer = (word: string, test: (word: string) => boolean): void => {
    if (/^[a-z]/.test(word) && fits(word) && !found.has(word) && test(word)) found.add(word);
  };
  // `handle` is one only with a number behind it.
  const counts = (word: string): boolean => stands(word) || !probe(before, word, " 1").refused;
  for (const word of [...hole.asked, ...any.asked]) offer(word, counts);
  if (any.refused) {
    for (const word of hints.flatMap(wordsOf)) offer(word, counts);
    for (const word of all) offer(word, stands);
    for (const phrase of phrases) offer(phrase.split(" ")[0]!, () => stands(phrase));
  } else if (left) { for (const word of [...statements, ...heads]) offer(word, stands); }
  if (!any.refused && !left) {
    // Any name or value may stand here: a keyword is what makes the parser want something else behind it.
    const usual = wants(before, NONSENSE);
    for (const word of all) offer(word, (word) => stands(word) && wants(before, word) !== usual);
  }
  return { from, candidates: [...found].sort() };
}

/** What the parser looks for behind a word, as one text. */
function wants(before: string, word: string): string {
  const next = `${before}${word} `;
  return [probe(next, HOLE), probe(next, NONSENSE)]
    .flatMap(({ asked, names, hints }) => [...asked, ...names, ...hints]).join("\n");
}

const wordsOf = (hint: string): string[] => hint.match(/[a-z][a-z0-9-]*/g) ?? [];

/** Names of the ruleset, of datatypes, of variables: whatever the parser would take a name of. */
function named(before: string, hole: Probe, any: Probe, { names }: Surroundings): string[] {
  const wanted = [...hole.names, ...any.names, ...hole.hints, ...any.hints];
  const words = before.match(/[^\s{};,]+/g) ?? [];
  const table = hole.tables.at(-1) ?? any.tables.at(-1);
  const inTable = (...kinds: string[]): string[] =>
    names.filter((each) =>
      kinds.includes(each.kind) &&
      (table === undefined || (each.table === table.name && each.family === table.family))
    ).map((each) => each.name);
  const found: string[] = [];
  for (const what of wanted) {
    const kind = /(?:^|\bexpected )the name of an? (\w+)/.exec(what)?.[1];
    if (kind === "table") {
      const family = FAMILIES.find((each) => each === words.at(-1)) ?? "ip";
      found.push(
        ...names.filter((each) => each.kind === "table" && each.family === family).map((each) => each.name),
      );
    } else if (kind === "set") {
      const flow = words.at(-3) === "flow" && words.at(-1) === "@";
      found.push(...(flow ? inTable("flowtable") : inTable("set", "map", "meter")));
    } else if (what === "a level") found.push(...LOG_LEVELS);
    else if (kind === "datatype") found.push(...DATA_TYPES.keys());
    else if (kind === "variable") found.push(...hole.variables, ...any.variables);
    else if (kind !== undefined) found.push(...inTable(kind));
    else if (/^(?:expected )?a name$/.test(what)) found.push(...inTable(objectWord(words)));
    else if (/^(?:expected )?a priority/.test(what)) {
      found.push(...priorityNames((table?.family ?? "ip") as Family));
    }
  }
  if (words.at(-1) === "priority") found.push(...priorityNames((table?.family ?? "ip") as Family));
  if (words.at(-1) === "describe") found.push(...DATA_TYPES.keys());
  return found;
}

const FAMILIES: readonly string[] = ["ip", "ip6", "inet", "arp", "bridge", "netdev"];

/** The kind of object the last words are about, as JSON calls it. */
function objectWord(words: readonly string[]): string {
  for (let at = words.length - 1; at >= 0; at--) {
    if (words[at - 1] === "ct" && ["helper", "timeout", "expectation"].includes(words[at]!)) {
      return `ct ${words[at]}`;
    }
    if (["counter", "quota", "limit", "secmark", "synproxy"].includes(words[at]!)) return words[at]!;
  }
  return "";
}

/** Names of values of the type that is expected. */
function values(before: string, any: Probe, { names, interfaces }: Surroundings): string[] {
  if (any.refused) return [];
  const sets: SetTypes = (family, table, set) => {
    const found = names.find((each) =>
      (each.kind === "set" || each.kind === "map") && each.family === family && each.table === table &&
      each.name === set
    );
    return found === undefined ? undefined : { key: typesNamed(found.key), data: typesNamed(found.data) };
  };
  const open = openBrackets(before);
  const parentheses = open.slice(open.lastIndexOf("{") + 1).map(() => ")").join("");
  // What a relation still lacks behind the word: nothing, its right side, a second flag of its mask.
  for (const after of ["", `${parentheses} == 0`, ",0"]) {
    const type = expectedType(probe(before, NONSENSE, after).commands, NONSENSE, CONTEXT, sets);
    if (type !== undefined) return valueNames(type, interfaces);
  }
  return [];
}

const CONTEXT: TypeContext = {
  interfaceIndex: () => undefined,
  interfaceName: () => undefined,
  numericProtocol: false,
  numericSymbols: false,
  serviceNames: false,
  timezoneOffset: 0,
};

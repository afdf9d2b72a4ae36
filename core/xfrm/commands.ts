import { CryptoError } from "../crypto/engine.ts";
import { XfrmError } from "./error.ts";
import type { Policies } from "./policies.ts";
import { policyCommand } from "./policy_commands.ts";
import { stateCommand } from "./state_commands.ts";
import type { ListingStyle } from "./state_listing.ts";
import type { States } from "./states.ts";
import type { XfrmStatistics } from "./statistics.ts";
import { Words, WordsError } from "./words.ts";

/** What the commands of `ip xfrm` are about. */
export interface XfrmDatabase {
  readonly states: States;
  readonly policies: Policies;
  readonly statistics: XfrmStatistics;
}

/** A command that is carried out: on what, and how its answer is to look. */
export interface CommandContext extends XfrmDatabase {
  readonly json: boolean;
  /** `-o`: each item on one line, a backslash for each of its own. */
  readonly oneline: boolean;
  /** `-s`. */
  readonly statistical: boolean;
  /** `-4`, `-6`: items of this family only. */
  readonly family: 4 | 6 | undefined;
  /** Monotonic milliseconds. */
  readonly now: number;
  /** Milliseconds since 1970. */
  readonly wall: number;
}

/**
 * Carries out a command of `ip xfrm`: the words behind `xfrm`, options before them. Returns what it prints. `now` in
 * monotonic milliseconds, `wall` in milliseconds since 1970.
 * @throws WordsError, XfrmError, CryptoError: nothing has changed then.
 */
export function runXfrm(
  database: XfrmDatabase,
  words: readonly string[],
  json: boolean,
  now: number,
  wall: number,
): string {
  const reader = new Words(words), { states, policies, statistics } = database;
  const context = { states, policies, statistics, now, wall, ...optionWords(reader, json) };
  const object = objectWord(reader);
  if (object === "state") return stateCommand(context, reader);
  if (object === "policy") return policyCommand(context, reader);
  if (object === "monitor") {
    throw new WordsError("monitor goes on for ever: it has no answer here", reader.at - 1);
  }
  if (!reader.done) reader.fail("nothing behind stat", reader.word("nothing"));
  return context.json ? `${JSON.stringify(counters(statistics))}\n` : statistics.format();
}

const counters = (statistics: XfrmStatistics): Record<string, number> =>
  Object.fromEntries(
    statistics.format().trimEnd().split("\n").map((line) => {
      const [name, count] = line.split(/\s+/);
      return [name!, Number(count)];
    }),
  );

/** Options that stand before the object, as ip's stand before `xfrm`. */
export function optionWords(
  words: Words,
  json: boolean,
): Pick<CommandContext, "json" | "oneline" | "statistical" | "family"> {
  let oneline = false, statistical = false, family: 4 | 6 | undefined;
  for (
    let word = words.peek().replace(/^--/, "-");
    word.startsWith("-");
    word = words.peek().replace(/^--/, "-")
  ) {
    words.word("an option");
    const is = (name: string, least: number) => word.length >= least && name.startsWith(word);
    if (word === "-4" || word === "-6") family = word === "-4" ? 4 : 6;
    else if (is("-stats", 2) || is("-statistics", 2)) statistical = true;
    else if (is("-oneline", 2)) oneline = true;
    else if (is("-json", 2)) json = true;
    else words.fail("an option (-s, -o, -4, -6, --json)", word);
  }
  return { json, oneline, statistical, family };
}

/** What the command is about. `stat` is weir's own word: ip would take it for `state`. */
export function objectWord(words: Words): "state" | "policy" | "monitor" | "stat" {
  if (words.skip("stat") || words.skip("statistics")) return "stat";
  const object = words.abbreviated(
    ["state", "sa", "policy", "monitor"],
    "an object (state, policy, monitor, stat)",
  );
  return object === "sa" ? "state" : object;
}

/** Items as a listing, or as JSON. */
export function answerItems<T>(
  { json, oneline }: CommandContext,
  items: readonly T[],
  format: (item: T) => string,
  toJson: (item: T) => unknown,
): string {
  if (json) return `${JSON.stringify(items.map(toJson), null, 2)}\n`;
  return items.map((item) => oneline ? `${format(item).replaceAll("\n", "\\")}\n` : format(item)).join("");
}

export const styleOf = ({ statistical, now, wall }: CommandContext, keys: boolean): ListingStyle => ({
  keys,
  ...(statistical ? { statistics: { now, wall } } : {}),
});

/** What a command printed, or why nothing was changed: then `word` is the number of the word it is about. */
export interface XfrmAnswer {
  readonly output: string;
  readonly error?: string;
  readonly word?: number;
  /** The words are none, as against: they are, and it cannot be done. */
  readonly misunderstood?: boolean;
}

/** `runXfrm`, with its errors as values. Never throws: a command must not end the data plane. */
export function answerXfrm(...[database, words, json, now, wall]: Parameters<typeof runXfrm>): XfrmAnswer {
  try {
    return { output: runXfrm(database, words, json, now, wall) };
  } catch (error) {
    return { output: "", ...explainXfrm(error, words) };
  }
}

/** What is wrong, and with which of the words. */
export function explainXfrm(
  error: unknown,
  words: readonly string[],
): Omit<XfrmAnswer, "output" | "error"> & {
  readonly error: string;
} {
  if (error instanceof WordsError) return { error: error.message, word: error.word, misunderstood: true };
  if (error instanceof XfrmError) {
    const at = error.about === undefined ? -1 : words.lastIndexOf(error.about);
    return at < 0 ? { error: error.message } : { error: error.message, word: at + error.behind };
  }
  if (error instanceof CryptoError) return { error: error.message };
  return { error: `this command failed: ${error instanceof Error ? error.message : String(error)}` };
}

import { CryptoError } from "../crypto/engine.ts";
import { objectWord, optionWords, type XfrmDatabase } from "./command_context.ts";
import { XfrmError } from "./error.ts";
import { policyCommand } from "./policy_commands.ts";
import { stateCommand } from "./state_commands.ts";
import type { XfrmStatistics } from "./statistics.ts";
import { Words, WordsError } from "./words.ts";

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
    const at = error.about === undefined ? -1 : words.indexOf(error.about);
    return at < 0 ? { error: error.message } : { error: error.message, word: at + error.behind };
  }
  if (error instanceof CryptoError) return { error: error.message };
  return { error: `this command failed: ${error instanceof Error ? error.message : String(error)}` };
}

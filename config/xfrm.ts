import { transformOf } from "../core/xfrm/algorithms.ts";
import { explainXfrm } from "../core/xfrm/commands.ts";
import type { XfrmPlan } from "../core/xfrm/plan.ts";
import { checkPolicy, type PolicyOptions } from "../core/xfrm/policy.ts";
import { POLICY_WORDS, policyWords } from "../core/xfrm/policy_words.ts";
import type { StateOptions } from "../core/xfrm/state.ts";
import { STATE_WORDS, stateWords } from "../core/xfrm/state_words.ts";
import { checkState } from "../core/xfrm/states.ts";
import { Words } from "../core/xfrm/words.ts";
import { closest, type Located, type Report } from "./diagnostic.ts";
import type { KeyReader } from "./key_file.ts";
import type { DocumentConfig } from "./schema.ts";
import { ALGORITHM_WORDS, KEY_FILE, type PlacedWord, type XfrmEntry } from "./xfrm_entry.ts";

/** States and policies of a configuration, each right by itself. */
export interface XfrmConfig {
  readonly states: readonly Located<StateOptions>[];
  readonly policies: readonly Located<PolicyOptions>[];
  /** None was left out. */
  readonly complete: boolean;
}

/** Reads what stands under `xfrm:`; what is wrong is reported, and left out. */
export function readXfrm(document: DocumentConfig, keys: KeyReader, report: Report): XfrmConfig | undefined {
  const xfrm = document.xfrm?.value;
  if (xfrm === undefined) return undefined;
  const entries = [...xfrm.states ?? [], ...xfrm.policies ?? []];
  const states = (xfrm.states ?? []).flatMap((entry) => take(entry, keys, report, STATE_WORDS, readState));
  const policies = (xfrm.policies ?? []).flatMap((entry) =>
    take(entry, keys, report, POLICY_WORDS, readPolicy)
  );
  return { states, policies, complete: entries.length === states.length + policies.length };
}

export const xfrmPlan = ({ states, policies }: XfrmConfig): XfrmPlan => ({
  states: states.map(({ value }) => value),
  policies: policies.map(({ value }) => value),
});

function readState(words: Words): StateOptions {
  const options = stateWords(words);
  checkState(options);
  transformOf(options.algorithms, options.flags?.includes("esn") ?? false);
  return options;
}

function readPolicy(words: Words): PolicyOptions {
  const options = policyWords(words);
  checkPolicy(options);
  return options;
}

function take<T>(
  { words, place }: XfrmEntry,
  keys: KeyReader,
  report: Report,
  known: readonly string[],
  read: (words: Words) => T,
): Located<T>[] {
  const texts = words.map(({ text }, i) =>
    ALGORITHM_WORDS.includes(words[i - 2]?.text ?? "") ? undefined : text
  )
    .map((text, i) => text ?? keyOf(words[i]!, keys, report));
  if (!texts.every((text) => text !== undefined)) return [];
  try {
    return [{ value: read(new Words(texts)), place }];
  } catch (error) {
    const { error: message, word } = explainXfrm(error, texts);
    const wrong = word === undefined ? undefined : words[Math.min(word, words.length - 1)];
    const near = wrong && !known.includes(wrong.text) ? closest(wrong.text, known) : undefined;
    report(
      wrong?.place ?? place,
      message,
      near === undefined ? {} : { hints: [`did you mean ${near}?`] },
    );
    return [];
  }
}

/** The key a word is, or names the file of; undefined when it was complained about. */
function keyOf({ text, place }: PlacedWord, keys: KeyReader, report: Report): string | undefined {
  if (/^0x/i.test(text)) return text;
  if (!text.startsWith(KEY_FILE)) {
    report(place, "expected a key", { hints: ["0x and pairs of hexadecimal digits, or file:PATH"] });
    return undefined;
  }
  const found = keys(text.slice(KEY_FILE.length));
  if (found.ok) return found.key;
  report(place, found.error, found.hint === undefined ? {} : { hints: [found.hint] });
  return undefined;
}

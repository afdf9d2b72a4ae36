import type { Policies } from "./policies.ts";
import type { ListingStyle } from "./state_listing.ts";
import type { States } from "./states.ts";
import type { XfrmStatistics } from "./statistics.ts";
import type { Words } from "./words.ts";

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

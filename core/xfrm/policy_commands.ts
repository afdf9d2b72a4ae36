import { answerItems, type CommandContext, styleOf } from "./command_context.ts";
import { XfrmError } from "./error.ts";
import { markText, selects } from "./id_words.ts";
import { policyJson } from "./json.ts";
import type { Direction, Policy, PolicyFlag } from "./policy.ts";
import { ACTIONS, DIRECTIONS, formatPolicy, policyWords, takeFlags } from "./policy_words.ts";
import { familyOf, type Selector } from "./selector.ts";
import { formatSelector, isSelectorWord, selectorWords } from "./selector_words.ts";
import type { Mark } from "./state.ts";
import { type Words, WordsError } from "./words.ts";

/** In the order ip looks at them: the first that begins with the word is meant. */
const COMMANDS = [
  "add",
  "update",
  "delete",
  "deleteall",
  "delall",
  "list",
  "show",
  "lst",
  "get",
  "flush",
  "count",
  "set",
  "setdefault",
  "getdefault",
] as const;

/** A command of `ip xfrm policy`; none lists. */
export function policyCommand(context: CommandContext, words: Words): string {
  const { policies } = context;
  const command = words.done ? "list" : words.peek() === "ls" && words.skip("ls") ? "lst" : words.abbreviated(
    COMMANDS,
    "a command",
  );
  switch (command) {
    case "add":
      policies.add(policyWords(words));
      return "";
    case "update":
      policies.update(policyWords(words));
      return "";
    case "delete":
      policies.delete(find(context, words));
      return "";
    case "get":
      return list(context, [find(context, words)]);
    case "deleteall":
    case "delall":
      for (const policy of filtered(context, words)) policies.delete(policy);
      return "";
    case "flush":
      if (words.skip("ptype")) words.oneOf(["main"], "a type");
      if (!words.done) words.fail("ptype, or nothing", words.word("nothing"));
      for (const policy of policies.all()) policies.delete(policy);
      return "";
    case "count":
      return count(context, words);
    case "set":
      return words.notBuilt("thresholds of a hash table");
    case "setdefault":
      return setDefault(words);
    case "getdefault":
      if (!words.done) words.fail("nothing behind getdefault", words.word("nothing"));
      return "Default policies:\n in:  accept\n fwd: accept\n out: accept\n";
    default:
      return list(context, filtered(context, words));
  }
}

function list(context: CommandContext, policies: readonly Policy[]): string {
  const style = styleOf(context, true);
  return answerItems(
    context,
    policies,
    ({ options, index }) => formatPolicy(options, style, index),
    policyJson,
  );
}

/** `{ SELECTOR | index INDEX } dir DIR [mark MARK [mask MASK]]`. */
function find({ policies }: CommandContext, words: Words): Policy {
  const begin = words.at;
  let selector: Selector | undefined,
    index: number | undefined,
    direction: Direction | undefined,
    mark: Mark | undefined;
  while (!words.done) {
    if (isSelectorWord(words.peek())) {
      selector = selectorWords(words);
      continue;
    }
    const word = words.word("a word of a policy");
    if (word === "dir") direction = words.oneOf(DIRECTIONS, "a direction");
    else if (word === "index") index = words.number("an index");
    else if (word === "mark") mark = words.mark();
    else if (word === "ptype") words.oneOf(["main"], "a type");
    else words.fail("a selector, index, dir, mark or ptype", word);
  }
  if (direction === undefined) throw new WordsError("expected the policy's dir", begin);
  if ((selector === undefined) === (index === undefined)) {
    throw new WordsError("expected the policy's selector, or its index", begin);
  }
  const found = selector === undefined
    ? policies.all().find((policy) => policy.index === index && policy.options.direction === direction)
    : policies.find({ selector, direction, ...(mark === undefined ? {} : { mark }) });
  if (found !== undefined) return found;
  const name = selector === undefined ? `index ${index}` : formatSelector(selector).trimEnd();
  throw new XfrmError(`there is no policy ${name} dir ${direction}${markText(mark)}`);
}

/** `[SELECTOR] [dir D] [index N] [ptype main] [action A] [priority N] [flag F...]`; the newest first. */
function filtered({ policies, family }: CommandContext, words: Words): Policy[] {
  let selector: Selector = {}, direction: Direction | undefined, index: number | undefined;
  let action: typeof ACTIONS[number] | undefined, priority: number | undefined;
  const flags: PolicyFlag[] = [];
  while (!words.done) {
    if (isSelectorWord(words.peek())) {
      selector = selectorWords(words);
      continue;
    }
    const word = words.word("a word of a filter");
    if (word === "dir") direction = words.oneOf(DIRECTIONS, "a direction");
    else if (word === "index") index = words.number("an index");
    else if (word === "ptype") words.oneOf(["main"], "a type");
    else if (word === "action") action = words.oneOf(ACTIONS, "an action");
    else if (word === "priority") priority = words.number("a priority");
    else if (word === "flag") takeFlags(words, flags);
    else if (word !== "nosock") words.fail("a selector, dir, index, action, priority, flag or nosock", word);
  }
  const matches = ({ options, index: own, priority: first }: Policy): boolean => {
    const version = familyOf(options.selector);
    return (family === undefined || family === version) && selects(selector, options.selector, version) &&
      (direction === undefined || direction === options.direction) &&
      (index === undefined || index === own) &&
      (action === undefined || action === (options.action ?? "allow")) &&
      (priority === undefined || priority === first) &&
      (flags.length === 0 || flags.some((flag) => options.flags?.includes(flag)));
  };
  return policies.all().filter(matches).sort((a, b) => b.age - a.age);
}

function count({ policies, statistical, json }: CommandContext, words: Words): string {
  if (!words.done) words.fail("nothing behind count", words.word("nothing"));
  const of = (direction: Direction): number =>
    policies.all().filter(({ options }) => options.direction === direction).length;
  if (json) return `${JSON.stringify({ in: of("in"), out: of("out"), fwd: of("fwd") })}\n`;
  return `\t SPD IN  ${of("in")} OUT ${of("out")} FWD ${of("fwd")}${
    statistical ? " (Sock: IN 0 OUT 0 FWD 0)" : ""
  }\n`;
}

/** What no policy is about goes its way; that it be dropped cannot be said here. */
function setDefault(words: Words): string {
  while (!words.done) {
    words.oneOf(DIRECTIONS, "a direction");
    if (words.oneOf(["accept", "block"], "accept or block") === "block") {
      words.notBuilt("blocking what no policy is about (add a policy with action block)");
    }
  }
  return "";
}

import { answerItems, type CommandContext, styleOf } from "./command_context.ts";
import { XfrmError } from "./error.ts";
import { type IdWords, ipsecProtocol, isEsp, namedState, takeIdWord, within } from "./id_words.ts";
import { stateJson } from "./json.ts";
import { ADDED, type Mode, type State, STATE_FLAGS, type StateFlag } from "./state.ts";
import { formatState } from "./state_listing.ts";
import { MODES, stateWords, takeFlags } from "./state_words.ts";
import type { Words } from "./words.ts";

/** In the order ip looks at them: the first that begins with the word is meant. */
const COMMANDS = [
  "add",
  "update",
  "allocspi",
  "delete",
  "deleteall",
  "delall",
  "list",
  "show",
  "lst",
  "get",
  "flush",
  "count",
] as const;

/** A command of `ip xfrm state`; none lists. */
export function stateCommand(context: CommandContext, words: Words): string {
  const { states, now } = context;
  const command = words.done ? "list" : words.peek() === "ls" && words.skip("ls") ? "lst" : words.abbreviated(
    COMMANDS,
    "a command",
  );
  switch (command) {
    case "add":
      states.add(stateWords(words), now);
      return "";
    case "update":
      states.update(stateWords(words));
      return "";
    case "delete":
      states.delete(find(context, words));
      return "";
    case "get":
      return list(context, [find(context, words)], true);
    case "deleteall":
    case "delall":
      for (const state of filtered(context, words).states) states.delete(state);
      return "";
    case "flush":
      return flush(context, words);
    case "count":
      if (!words.done) words.fail("nothing behind count", words.word("nothing"));
      return context.json
        ? `${JSON.stringify({ states: states.count })}\n`
        : `\t SAD count ${states.count}\n`;
    case "allocspi":
      return words.notBuilt("choosing an SPI");
    default: {
      const { states, keys } = filtered(context, words);
      return list(context, states, keys ?? !context.json);
    }
  }
}

function list(context: CommandContext, states: readonly State[], keys: boolean): string {
  const style = styleOf(context, keys);
  return answerItems(
    context,
    states,
    (state) => formatState(state, style),
    (state) => stateJson(state, style, context),
  );
}

function find({ states }: CommandContext, words: Words): State {
  const { destination, spi, mark, text } = namedState(words);
  const state = states.lookup(spi, destination.family, Uint32Array.from(destination.words), 0, mark);
  if (state === undefined) throw new XfrmError(`there is no state ${text}`);
  return state;
}

function flush({ states }: CommandContext, words: Words): string {
  const protocol = words.skip("proto") ? ipsecProtocol(words) : undefined;
  if (!words.done) words.fail("proto, or nothing", words.word("nothing"));
  if (isEsp(protocol)) { for (const state of states.all()) states.delete(state); }
  return "";
}

/** `[ID] [mode M] [reqid N] [flag F...] [nokeys]`; the newest first, as the kernel tells them. */
function filtered(
  { states, family }: CommandContext,
  words: Words,
): { states: State[]; keys: boolean | undefined } {
  const id: { -readonly [K in keyof IdWords]: IdWords[K] } = {}, flags: StateFlag[] = [];
  let mode: Mode | undefined, reqid: number | undefined, keys: boolean | undefined;
  while (!words.done) {
    if (takeIdWord(words, id)) continue;
    const word = words.word("a word of a filter");
    if (word === "mode") mode = words.abbreviated(MODES, "a mode");
    else if (word === "reqid") reqid = words.number("a reqid");
    else if (word === "flag") takeFlags(words, STATE_FLAGS, flags);
    else if (word === "nokeys" || word === "keys") keys = word === "keys";
    else words.fail("src, dst, proto, spi, mode, reqid, flag, keys or nokeys", word);
  }
  const matches = ({ options, family: own }: State): boolean =>
    (family === undefined || family === own) && within(options.source, id.source) &&
    within(options.destination, id.destination) && isEsp(id.protocol) &&
    (id.spi === undefined || id.spi === options.spi) && (mode === undefined || mode === options.mode) &&
    (reqid === undefined || reqid === (options.reqid ?? 0)) &&
    (flags.length === 0 || flags.some((flag) => options.flags?.includes(flag)));
  const found = states.all().filter(matches);
  return { states: found.sort((a, b) => b.lives[ADDED]! - a.lives[ADDED]! || b.row - a.row), keys };
}

import { formatAddress } from "../packet/address.ts";
import { lifetimeConfig, limitWords } from "./limit_words.ts";
import {
  type Direction,
  POLICY_FLAGS,
  type PolicyFlag,
  type PolicyOptions,
  type Template,
} from "./policy.ts";
import { familyOf, type Selector } from "./selector.ts";
import { formatSelector, isSelectorWord, selectorWords } from "./selector_words.ts";
import type { ListingStyle } from "./state_listing.ts";
import { MODES } from "./state_words.ts";
import { hex, hex32, Words, WordsError } from "./words.ts";

/**
 * A policy from the words behind `ip xfrm policy add`, or as listed.
 * @throws WordsError
 */
export const parsePolicy = (text: string): PolicyOptions => policyWords(new Words(text));

/** Words that may begin something in a policy. */
export const POLICY_WORDS: readonly string[] =
  "src dst dev proto sport dport type code dir priority action ptype index mark limit tmpl flag".split(" ");

export const DIRECTIONS: readonly Direction[] = ["in", "out", "fwd"];
export const ACTIONS = ["allow", "block"] as const;

/** The words left are a policy. */
export function policyWords(words: Words): PolicyOptions {
  const p: { -readonly [K in keyof PolicyOptions]?: PolicyOptions[K] } = {}, begin = words.at;
  const templates: Template[] = [], flags: PolicyFlag[] = [];
  let selector: Selector | undefined;
  while (!words.done) {
    if (isSelectorWord(words.peek())) {
      if (selector !== undefined) throw new WordsError("a policy has one selector, in one piece", words.at);
      selector = selectorWords(words);
      continue;
    }
    const word = words.word("a word of a policy");
    if (word === "dir") p.direction = words.oneOf(DIRECTIONS, "a direction");
    else if (word === "priority") p.priority = words.number("a priority");
    else if (word === "action") p.action = words.oneOf(ACTIONS, "an action");
    else if (word === "ptype") words.oneOf(["main"], "a type");
    else if (word === "index") words.number("an index");
    else if (word === "mark") p.mark = words.mark();
    else if (word === "limit") p.limits = limitWords(words, p.limits);
    else if (word === "tmpl") templates.push(template(words));
    else if (word === "flag") takeFlags(words, flags);
    else if (["ctx", "if_id", "offload"].includes(word)) words.notBuilt(word);
    else words.fail("a word of a policy", word);
  }
  const { direction, mark, ...rest } = p;
  if (direction === undefined) throw new WordsError("a policy needs dir in, out or fwd", begin);
  return {
    ...rest,
    selector: selector ?? {},
    direction,
    ...(mark === undefined || mark.mask === 0 ? {} : { mark }),
    ...(templates.length === 0 ? {} : { templates }),
    ...(flags.length === 0 ? {} : { flags: POLICY_FLAGS.filter((flag) => flags.includes(flag)) }),
  };
}

export function takeFlags(words: Words, flags: PolicyFlag[]): void {
  do flags.push(words.oneOf(POLICY_FLAGS, "a flag")); while (
    POLICY_FLAGS.some((name) => name === words.peek())
  );
}

function template(words: Words): Template {
  const t: { -readonly [K in keyof Template]?: Template[K] } = {}, begin = words.at;
  let esp = false;
  for (;;) {
    if (words.skip("src")) t.source = words.address("a source address");
    else if (words.skip("dst")) t.destination = words.address("a destination address");
    else if (words.skip("proto")) esp = words.oneOf(["esp"], "a protocol") === "esp";
    else if (words.skip("spi")) t.spi = words.number("an SPI");
    else if (words.skip("reqid")) t.reqid = words.number("a reqid");
    else if (words.skip("mode")) t.mode = words.abbreviated(MODES, "a mode");
    else if (words.skip("level")) t.level = words.oneOf<"required" | "use">(["required", "use"], "a level");
    else break;
  }
  if (!esp) throw new WordsError("expected proto esp in a template", begin - 1);
  return { ...t, mode: t.mode ?? "transport" };
}

/** A policy as `ip xfrm policy` lists it; with `-s` its index and limits. */
export function formatPolicy(
  options: PolicyOptions,
  { statistics }: Pick<ListingStyle, "statistics"> = {},
  index = 0,
): string {
  const { priority = 0, action = "allow", mark, flags = [], templates = [] } = options;
  const all = statistics !== undefined;
  let text = `${formatSelector(options.selector, all)}\n\tdir ${options.direction} ` +
    `${all || action === "block" ? `action ${action} ` : ""}${all ? `index ${index} ` : ""}` +
    `priority ${priority} ptype main ${all ? "share any " : ""}${flagText(flags, all)}\n`;
  if (all) text += lifetimeConfig(options.limits);
  if (mark !== undefined) text += `\tmark ${hex(mark.value)}/${hex(mark.mask)} \n`;
  for (const t of templates) text += formatTemplate(t, familyOf(options.selector), all);
  return text;
}

function flagText(flags: readonly PolicyFlag[], all: boolean): string {
  const listed = POLICY_FLAGS.filter((flag) => flags.includes(flag));
  const bits = listed.reduce((sum, flag) => sum | (flag === "localok" ? 1 : 2), 0).toString(2).padStart(
    8,
    "0",
  );
  return (all || listed.length > 0 ? `flag ${listed.join(" ")}` : "") + (all ? ` (0x${bits})` : "");
}

function formatTemplate(t: Template, family: 4 | 6, all: boolean): string {
  const any = ((t.source ?? t.destination)?.family ?? family) === 6 ? "::" : "0.0.0.0";
  const { spi = 0, reqid = 0, level = "required" } = t;
  let text = `\ttmpl src ${t.source === undefined ? any : formatAddress(t.source)} dst ` +
    `${t.destination === undefined ? any : formatAddress(t.destination)}\n\t\tproto esp ` +
    `${all || spi !== 0 ? `spi ${hex32(spi)}${all ? `(${spi})` : ""} ` : ""}` +
    `reqid ${reqid}${all ? `(${hex32(reqid)})` : ""} mode ${t.mode}\n`;
  if (all || level === "use") text += `\t\tlevel ${level} ${all ? "share any " : ""}\n`;
  if (all) text += "\t\tenc-mask ffffffff auth-mask ffffffff comp-mask ffffffff\n";
  return text;
}

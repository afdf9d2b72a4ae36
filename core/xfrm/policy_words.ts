import { formatAddress } from "../packet/address.ts";
import {
  type Direction,
  POLICY_FLAGS,
  type PolicyFlag,
  type PolicyOptions,
  type Template,
} from "./policy.ts";
import { formatLimits, formatSelector, limitWords, selectorWords } from "./selector_words.ts";
import type { Mode } from "./state.ts";
import { hex, hex32, Words, WordsError } from "./words.ts";

/**
 * A policy from the words behind `ip xfrm policy add`, or as listed.
 * @throws WordsError
 */
export function parsePolicy(text: string): PolicyOptions {
  const words = new Words(text), selector = selectorWords(words);
  const p: { -readonly [K in keyof PolicyOptions]?: PolicyOptions[K] } = {};
  const templates: Template[] = [], flags: PolicyFlag[] = [];
  while (!words.done) {
    const word = words.word("a word of a policy");
    if (word === "dir") p.direction = words.oneOf<Direction>(["in", "out", "fwd"], "a direction");
    else if (word === "priority") p.priority = words.number("a priority");
    else if (word === "action") p.action = words.oneOf(["allow", "block"], "an action");
    else if (word === "ptype") words.oneOf(["main"], "a type");
    else if (word === "index") words.number("an index");
    else if (word === "mark") p.mark = words.mark();
    else if (word === "limit") p.limits = limitWords(words, p.limits);
    else if (word === "tmpl") templates.push(template(words));
    else if (word === "flag") {
      do flags.push(words.oneOf(POLICY_FLAGS, "a flag")); while (
        POLICY_FLAGS.some((name) => name === words.peek())
      );
    } else words.fail("a word of a policy", word);
  }
  if (p.direction === undefined) throw new WordsError("a policy needs dir in, out or fwd", 0);
  return {
    ...p,
    selector,
    direction: p.direction,
    ...(templates.length === 0 ? {} : { templates }),
    ...(flags.length === 0 ? {} : { flags: [...new Set(flags)] }),
  };
}

function template(words: Words): Template {
  const t: { -readonly [K in keyof Template]?: Template[K] } = {};
  let esp = false;
  for (;;) {
    if (words.skip("src")) t.source = words.address("a source address");
    else if (words.skip("dst")) t.destination = words.address("a destination address");
    else if (words.skip("proto")) esp = words.oneOf(["esp"], "a protocol") === "esp";
    else if (words.skip("spi")) t.spi = words.number("an SPI");
    else if (words.skip("reqid")) t.reqid = words.number("a reqid");
    else if (words.skip("mode")) t.mode = words.oneOf<Mode>(["tunnel", "transport"], "a mode");
    else if (words.skip("level")) t.level = words.oneOf(["required", "use"], "a level");
    else break;
  }
  if (!esp) words.fail("proto esp in a template", words.peek());
  return { ...t, mode: t.mode ?? "transport" };
}

/** A policy as `ip xfrm policy` lists it; limits follow in words of a command. */
export function formatPolicy(options: PolicyOptions): string {
  const { priority = 0, action, mark, flags = [], templates = [] } = options;
  let text =
    `${formatSelector(options.selector)}\n\tdir ${options.direction} ${
      action === "block" ? "action block " : ""
    }` +
    `priority ${priority} ptype main ${flags.length > 0 ? `flag ${flags.join(" ")}` : ""}\n`;
  if (mark !== undefined) text += `\tmark ${hex(mark.value)}/${hex(mark.mask)} \n`;
  for (const t of templates) {
    const any = (t.source ?? t.destination)?.family === 6 ? "::" : "0.0.0.0";
    text += `\ttmpl src ${t.source === undefined ? any : formatAddress(t.source)} dst ${
      t.destination === undefined ? any : formatAddress(t.destination)
    }\n\t\tproto esp ${t.spi ? `spi ${hex32(t.spi)} ` : ""}reqid ${t.reqid ?? 0} mode ${t.mode}\n`;
    if (t.level === "use") text += "\t\tlevel use \n";
  }
  return text + formatLimits(options.limits);
}

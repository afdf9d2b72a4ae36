import { formatPrefix, type Prefix } from "../packet/address.ts";
import { familyOf, type Selector } from "./selector.ts";
import type { Limits } from "./state.ts";
import type { Words } from "./words.ts";

/** Protocols `ip xfrm` lists by name; others are numbers. */
const PROTOCOLS: readonly (readonly [string, number])[] = [
  ["icmp", 1],
  ["ipip", 4],
  ["ipencap", 4],
  ["tcp", 6],
  ["udp", 17],
  ["dccp", 33],
  ["ipv6", 41],
  ["gre", 47],
  ["esp", 50],
  ["ah", 51],
  ["ipv6-icmp", 58],
  ["sctp", 132],
];

/** `[src PREFIX] [dst PREFIX] [dev NAME] [proto P [sport N] [dport N] [type N] [code N]]`, up to the first other word. */
export function selectorWords(words: Words): Selector {
  const s: { -readonly [K in keyof Selector]: Selector[K] } = {};
  for (;;) {
    if (words.skip("src")) s.source = words.prefix("a source prefix");
    else if (words.skip("dst")) s.destination = words.prefix("a destination prefix");
    else if (words.skip("dev")) s.device = words.word("an interface");
    else if (words.skip("proto")) s.protocol = protocol(words);
    else if (words.skip("sport") || words.skip("type")) s.sourcePort = words.number("a port", 65535);
    else if (words.skip("dport") || words.skip("code")) s.destinationPort = words.number("a port", 65535);
    else if (words.peek() === "uid" && words.skip("uid")) words.number("a user");
    else break;
  }
  if (s.source !== undefined && s.destination !== undefined && s.source.family !== s.destination.family) {
    return words.fail("prefixes of one family", formatPrefix(s.destination));
  }
  return s;
}

export function protocol(words: Words): number {
  const named = PROTOCOLS.find(([name]) => name === words.peek());
  if (named === undefined) return words.number("a protocol", 255);
  words.word("a protocol");
  return named[1];
}

const protocolName = (n: number): string => PROTOCOLS.find(([, number]) => number === n)?.[0] ?? `${n}`;

/** As `ip xfrm` lists it, with the space at its end. */
export function formatSelector(s: Selector): string {
  const any: Prefix = { family: familyOf(s), words: [0, 0, 0, 0], length: 0 };
  let text = `src ${formatPrefix(s.source ?? any)} dst ${formatPrefix(s.destination ?? any)} `;
  if (s.protocol !== undefined && s.protocol !== 0) text += `proto ${protocolName(s.protocol)} `;
  const icmp = s.protocol === 1 || s.protocol === 58;
  if (s.sourcePort !== undefined) text += `${icmp ? "type" : "sport"} ${s.sourcePort} `;
  if (s.destinationPort !== undefined) text += `${icmp ? "code" : "dport"} ${s.destinationPort} `;
  return s.device === undefined ? text : `${text}dev ${s.device} `;
}

const LIMITS: readonly (readonly [string, keyof Limits])[] = [
  ["time-soft", "timeSoft"],
  ["time-hard", "timeHard"],
  ["time-use-soft", "timeUseSoft"],
  ["time-use-hard", "timeUseHard"],
  ["byte-soft", "byteSoft"],
  ["byte-hard", "byteHard"],
  ["packet-soft", "packetSoft"],
  ["packet-hard", "packetHard"],
];

/** One `limit KIND N`, behind `limit`. */
export function limitWords(words: Words, limits: Limits | undefined): Limits {
  const kind = words.oneOf(LIMITS.map(([name]) => name), "a limit");
  return {
    ...limits,
    [LIMITS.find(([name]) => name === kind)![1]]: words.number("a limit", Number.MAX_SAFE_INTEGER),
  };
}

/** In words of a command: `ip xfrm` itself lists limits with -s only, in a form no command takes. */
export const formatLimits = (limits: Limits | undefined): string =>
  LIMITS.filter(([, key]) => limits?.[key] !== undefined)
    .map(([name, key]) => `\tlimit ${name} ${limits![key]}\n`).join("");

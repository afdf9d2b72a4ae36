import { formatPrefix, type Prefix } from "../packet/address.ts";
import { familyOf, type Selector } from "./selector.ts";
import { type Words, WordsError } from "./words.ts";

/** Protocols by name, as /etc/protocols has them; the first name of a number is listed. Others are numbers. */
const PROTOCOLS: readonly (readonly [string, number])[] = [
  ["any", 0],
  ["icmp", 1],
  ["igmp", 2],
  ["ipencap", 4],
  ["ipip", 4],
  ["tcp", 6],
  ["udp", 17],
  ["dccp", 33],
  ["ipv6", 41],
  ["gre", 47],
  ["esp", 50],
  ["ah", 51],
  ["ipv6-icmp", 58],
  ["icmpv6", 58],
  ["ospf", 89],
  ["pim", 103],
  ["ipcomp", 108],
  ["vrrp", 112],
  ["l2tp", 115],
  ["sctp", 132],
  ["udplite", 136],
];
/** 0: of any protocol that has them. */
const WITH_PORTS = [0, 6, 17, 33, 132], WITH_TYPES = [1, 58];

/** Whether a selector begins or goes on with this word. */
export const isSelectorWord = (word: string): boolean => SELECTOR_WORDS.includes(word);
const SELECTOR_WORDS = ["src", "dst", "dev", "proto", "sport", "dport", "type", "code", "uid", "key"];

/** `[src PREFIX] [dst PREFIX] [dev NAME] [proto P [sport N] [dport N] [type N] [code N]]`, up to the first other word. */
export function selectorWords(words: Words): Selector {
  const s: { -readonly [K in keyof Selector]: Selector[K] } = {};
  const seen = new Map<string, number>();
  while (isSelectorWord(words.peek())) {
    const word = words.word("a word of a selector");
    seen.set(word, words.at - 1);
    if (word === "src") s.source = words.prefix("a source prefix");
    else if (word === "dst") s.destination = words.prefix("a destination prefix");
    else if (word === "dev") s.device = words.word("an interface");
    else if (word === "proto") s.protocol = protocol(words);
    else if (word === "sport") s.sourcePort = words.number("a port", 65535);
    else if (word === "dport") s.destinationPort = words.number("a port", 65535);
    else if (word === "type") s.sourcePort = words.number("a type of ICMP", 255);
    else if (word === "code") s.destinationPort = words.number("a code of ICMP", 255);
    else if (word === "uid") words.number("a user");
    else words.notBuilt("a selector by GRE's key");
  }
  if (s.source !== undefined && s.destination !== undefined && s.source.family !== s.destination.family) {
    throw new WordsError("expected prefixes of one family in src and dst", seen.get("dst")! + 1);
  }
  if (s.protocol === 0) delete s.protocol;
  for (const [names, protocols, who] of NEED) {
    const wrong = names.find((name) => seen.has(name));
    if (wrong === undefined || protocols.includes(s.protocol ?? 0)) continue;
    throw new WordsError(`${wrong} needs ${who} before it`, seen.get(wrong)!);
  }
  // as ip: port 0 is any port
  if (seen.has("sport") && s.sourcePort === 0) delete s.sourcePort;
  if (seen.has("dport") && s.destinationPort === 0) delete s.destinationPort;
  return s;
}

const NEED = [
  [["sport", "dport"], WITH_PORTS, "proto tcp, udp, sctp or dccp, or none"],
  [["type", "code"], WITH_TYPES, "proto icmp or ipv6-icmp"],
] as const satisfies readonly (readonly [readonly string[], readonly number[], string])[];

export function protocol(words: Words): number {
  const named = PROTOCOLS.find(([name]) => name === words.peek());
  if (named === undefined) return words.number("a protocol", 255);
  words.word("a protocol");
  return named[1];
}

export const protocolName = (n: number): string =>
  PROTOCOLS.find(([, number]) => number === n)?.[0] ?? `${n}`;

/** Prefixes of a selector, those it does not name too. */
export function prefixesOf(s: Selector): { readonly source: Prefix; readonly destination: Prefix } {
  const any: Prefix = { family: familyOf(s), words: [0, 0, 0, 0], length: 0 };
  return { source: s.source ?? any, destination: s.destination ?? any };
}

/** Words for what a selector has in the places of ports. */
export const portWords = ({ protocol }: Selector): readonly [string, string] =>
  WITH_TYPES.includes(protocol ?? 0) ? ["type", "code"] : ["sport", "dport"];

/** As `ip xfrm` lists it, with the space at its end; with `-s` a user behind it. */
export function formatSelector(s: Selector, statistics = false): string {
  const { source, destination } = prefixesOf(s), [first, second] = portWords(s);
  let text = `src ${formatPrefix(source)} dst ${formatPrefix(destination)} `;
  if (s.protocol !== undefined && s.protocol !== 0) text += `proto ${protocolName(s.protocol)} `;
  if (s.sourcePort !== undefined) text += `${first} ${s.sourcePort} `;
  if (s.destinationPort !== undefined) text += `${second} ${s.destinationPort} `;
  if (s.device !== undefined) text += `dev ${s.device} `;
  return statistics ? `${text}uid 0` : text;
}

import { type Address, contains, formatAddress, type Prefix } from "../packet/address.ts";
import { XfrmError } from "./error.ts";
import type { Selector } from "./selector.ts";
import type { Mark } from "./state.ts";
import { hex, hex32, type Words, WordsError } from "./words.ts";

/** `[src ADDR] [dst ADDR] [proto P] [spi N]`, as commands name a state or select some. */
export interface IdWords {
  readonly source?: Prefix;
  readonly destination?: Prefix;
  readonly protocol?: string;
  readonly spi?: number;
}

const PROTOCOLS = ["esp", "ah", "comp", "route2", "hao", "ipsec-any"] as const;

/** Protocols of IPsec that a command may name; only of the first there is something here. */
export const ipsecProtocol = (words: Words): string => words.oneOf(PROTOCOLS, "a protocol");
/** Whether states of ESP are meant by this name. */
export const isEsp = (protocol: string | undefined): boolean =>
  protocol === undefined || protocol === "esp" || protocol === "ipsec-any";

/** Takes one part of an ID when the next word begins one. */
export function takeIdWord(words: Words, id: { -readonly [K in keyof IdWords]: IdWords[K] }): boolean {
  if (words.skip("src")) id.source = words.prefix("a source address");
  else if (words.skip("dst")) id.destination = words.prefix("a destination address");
  else if (words.skip("proto")) id.protocol = ipsecProtocol(words);
  else if (words.skip("spi")) id.spi = words.number("an SPI");
  else return false;
  return true;
}

/** The state a command names: its destination, protocol and SPI, and the mark that packets of it bear. */
export interface NamedState {
  readonly destination: Address;
  readonly spi: number;
  /** Of a packet that would find it. */
  readonly mark: number;
  readonly text: string;
}

/** `ID [mark MARK [mask MASK]]` of `get` and `delete`. */
export function namedState(words: Words): NamedState {
  const id: { -readonly [K in keyof IdWords]: IdWords[K] } = {}, begin = words.at;
  let mark: Mark | undefined;
  while (!words.done) {
    if (takeIdWord(words, id)) continue;
    if (words.skip("mark")) mark = words.mark();
    else words.fail("src, dst, proto, spi or mark", words.word("a word of an ID"));
  }
  const { destination, protocol, spi } = id;
  if (destination === undefined) throw new WordsError("expected the state's dst", begin);
  if (protocol === undefined) throw new WordsError("expected the state's proto", begin);
  if (spi === undefined) throw new WordsError("expected the state's spi", begin);
  const text = `dst ${formatAddress(destination)} proto ${protocol} spi ${hex32(spi)}${markText(mark)}`;
  if (!isEsp(protocol)) throw new XfrmError(`there is no state ${text}: only ESP is here`, "proto");
  return { destination, spi, mark: mark === undefined ? 0 : (mark.value & mark.mask) >>> 0, text };
}

export const markText = (mark: Mark | undefined): string =>
  mark === undefined ? "" : ` mark ${hex(mark.value)}/${hex(mark.mask)}`;

/** Whether an address is what a filter names; one that names none lets every address through. */
export const within = (address: Address, filter: Prefix | undefined): boolean =>
  filter === undefined || filter.family === address.family && contains(filter, address.words, 0);

/** Whether a policy's selector is among those a filter's selects, by its addresses and what else it names. */
export function selects(filter: Selector, { source, destination, ...own }: Selector, family: 4 | 6): boolean {
  const any: Address = { family, words: [0, 0, 0, 0] };
  return within(source ?? any, filter.source) && within(destination ?? any, filter.destination) &&
    (filter.protocol === undefined || filter.protocol === own.protocol) &&
    (filter.sourcePort === undefined || filter.sourcePort === own.sourcePort) &&
    (filter.destinationPort === undefined || filter.destinationPort === own.destinationPort) &&
    (filter.device === undefined || filter.device === own.device);
}

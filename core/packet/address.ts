/** An IP address as four host-order 32-bit words; IPv4 in the first, the others 0. Plain data, clonable. */
export interface Address {
  readonly family: 4 | 6;
  readonly words: readonly [number, number, number, number];
}

/** Address and prefix length in bits; the address may have host bits set (an interface address). */
export interface Prefix extends Address {
  readonly length: number;
}

/** Parses dotted quad or RFC 4291 text (`::`, embedded IPv4). Undefined when it is neither. */
export function parseAddress(text: string): Address | undefined {
  if (text.includes(":")) return parseIpv6(text);
  const word = parseIpv4(text);
  return word === undefined ? undefined : { family: 4, words: [word, 0, 0, 0] };
}

/** Parses `address/length`; without a length the address is a host (32 or 128). */
export function parsePrefix(text: string): Prefix | undefined {
  const slash = text.indexOf("/");
  const address = parseAddress(slash < 0 ? text : text.slice(0, slash));
  if (address === undefined) return undefined;
  const most = address.family === 4 ? 32 : 128;
  if (slash < 0) return { ...address, length: most };
  const digits = text.slice(slash + 1);
  if (!/^\d{1,3}$/.test(digits) || Number(digits) > most) return undefined;
  return { ...address, length: Number(digits) };
}

function parseIpv4(text: string): number | undefined {
  const parts = text.split(".");
  if (parts.length !== 4) return undefined;
  let word = 0;
  for (const part of parts) {
    // No leading zeros: some read them as octal (inet_pton refuses them too).
    if (!/^(0|[1-9]\d{0,2})$/.test(part) || Number(part) > 255) return undefined;
    word = word * 256 + Number(part);
  }
  return word;
}

function parseIpv6(text: string): Address | undefined {
  const halves = text.split("::");
  if (halves.length > 2) return undefined;
  const whole = halves.length === 1;
  const head = groups(halves[0]!, whole), tail = whole ? [] : groups(halves[1]!, true);
  if (head === undefined || tail === undefined) return undefined;
  const missing = 8 - head.length - tail.length;
  if (whole ? missing !== 0 : missing < 1) return undefined;
  const all = [...head, ...new Array<number>(missing).fill(0), ...tail];
  const word = (i: number) => all[2 * i]! * 65536 + all[2 * i + 1]!;
  return { family: 6, words: [word(0), word(1), word(2), word(3)] };
}

/** 16-bit groups of one side of `::`; a dotted quad at the address's end counts as two. */
function groups(text: string, atEnd: boolean): number[] | undefined {
  if (text === "") return [];
  const result: number[] = [];
  const parts = text.split(":");
  for (const [i, part] of parts.entries()) {
    if (atEnd && part.includes(".") && i === parts.length - 1) {
      const word = parseIpv4(part);
      if (word === undefined) return undefined;
      result.push(word >>> 16, word & 0xffff);
    } else if (/^[0-9a-fA-F]{1,4}$/.test(part)) result.push(parseInt(part, 16));
    else return undefined;
  }
  return result;
}

/** Text of an address: dotted quad, or RFC 5952 (longest run of zeros shortened, lower case). */
export function formatAddress(address: Address): string {
  return formatWords(address.family, address.words, 0);
}

/** Text of the address whose words start at `words[at]`. */
export function formatWords(family: number, words: ArrayLike<number>, at: number): string {
  if (family === 4) {
    const w = words[at]!;
    return `${w >>> 24}.${(w >>> 16) & 255}.${(w >>> 8) & 255}.${w & 255}`;
  }
  const all: number[] = [];
  for (let i = 0; i < 4; i++) all.push(words[at + i]! >>> 16, words[at + i]! & 0xffff);
  let best = -1, bestLength = 1;
  for (let i = 0; i < 8; i++) {
    let length = 0;
    while (i + length < 8 && all[i + length] === 0) length++;
    if (length > bestLength) [best, bestLength] = [i, length];
    if (length > 0) i += length;
  }
  const hex = (from: number, to: number) => all.slice(from, to).map((g) => g.toString(16)).join(":");
  const mapped = best === 0 && all[5] === 0xffff && bestLength === 5;
  if (mapped) return `::ffff:${formatWords(4, words, at + 3)}`;
  return best < 0 ? hex(0, 8) : `${hex(0, best)}::${hex(best + bestLength, 8)}`;
}

export const formatPrefix = (prefix: Prefix): string => `${formatAddress(prefix)}/${prefix.length}`;

/** The network of a prefix: host bits cleared. */
export function network(prefix: Prefix): Prefix {
  const words = prefix.words.map((w, i) => (w & mask(prefix.length - 32 * i)) >>> 0);
  return { family: prefix.family, length: prefix.length, words: words as unknown as Address["words"] };
}

/** 32-bit mask of the first `bits` (clamped to 0..32). */
export const mask = (bits: number): number =>
  bits <= 0 ? 0 : bits >= 32 ? 0xffffffff : (-1 << (32 - bits)) >>> 0;

/** Whether the address whose words start at `words[at]` lies within the prefix (family is the caller's business). */
export function contains(prefix: Prefix, words: ArrayLike<number>, at: number): boolean {
  for (let i = 0; i < 4; i++) {
    const m = mask(prefix.length - 32 * i);
    if (m === 0) return true;
    if (((words[at + i]! ^ prefix.words[i]!) & m) !== 0) return false;
  }
  return true;
}

/** Parses `aa:bb:cc:dd:ee:ff`; undefined when it is not six bytes of hexadecimal. */
export function parseMac(text: string): Uint8Array | undefined {
  if (!/^[0-9a-fA-F]{1,2}(:[0-9a-fA-F]{1,2}){5}$/.test(text)) return undefined;
  return Uint8Array.from(text.split(":"), (part) => parseInt(part, 16));
}

export const formatMac = (bytes: ArrayLike<number>, at = 0): string =>
  Array.from({ length: 6 }, (_, i) => bytes[at + i]!.toString(16).padStart(2, "0")).join(":");

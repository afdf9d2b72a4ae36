import { mask } from "../../packet/address.ts";
import { isMulticast6 } from "../../packet/ipv6.ts";
import { type Addresses, type InterfaceAddress, isUsable, sameWords } from "./addresses.ts";
import { multicastScope } from "./groups.ts";

/**
 * Source address selection: RFC 6724 section 5, rules 1 to 3, 5, 6 and 8, for IPv6; for IPv4 the interface's
 * address whose subnet holds the destination, else its first, else the first of any interface (inet_select_addr).
 * Writes four words to `out[at]` and answers true; false when there is no address to use.
 */
export function selectSource(
  addresses: Addresses,
  interfaceIndex: number,
  family: number,
  words: ArrayLike<number>,
  lane: number,
  out: Uint32Array,
  at = 0,
): boolean {
  const scope = family === 6 ? scopeOf(words[lane]!) : GLOBAL;
  let best: InterfaceAddress | undefined;
  for (const candidate of addresses.all()) {
    if (candidate.family !== family || !isUsable(candidate)) continue;
    // A destination of link scope can only be spoken to from its own link's addresses (section 4).
    if (scope <= LINK && interfaceIndex !== 0 && candidate.interface !== interfaceIndex) continue;
    if (best === undefined || isBetter(candidate, best, interfaceIndex, words, lane, scope)) best = candidate;
  }
  if (best === undefined) return false;
  out.set(best.words, at);
  return true;
}

function isBetter(
  a: InterfaceAddress,
  b: InterfaceAddress,
  interfaceIndex: number,
  words: ArrayLike<number>,
  lane: number,
  scope: number,
): boolean {
  if (a.family === 4) return rank4(a, interfaceIndex, words[lane]!) > rank4(b, interfaceIndex, words[lane]!);
  const sameA = sameWords(a.words, 0, words, lane), sameB = sameWords(b.words, 0, words, lane);
  if (sameA !== sameB) return sameA;
  const scopeA = scopeOf(a.words[0]!), scopeB = scopeOf(b.words[0]!);
  if (scopeA !== scopeB) return scopeA < scopeB ? scopeA >= scope : scopeB < scope;
  if (a.state !== b.state) return a.state === "preferred";
  if (interfaceIndex !== 0) {
    const outA = a.interface === interfaceIndex, outB = b.interface === interfaceIndex;
    if (outA !== outB) return outA;
  }
  const label = labelOf(words, lane);
  const labelA = labelOf(a.words, 0) === label, labelB = labelOf(b.words, 0) === label;
  if (labelA !== labelB) return labelA;
  return commonBits(a, words, lane) > commonBits(b, words, lane);
}

function rank4(a: InterfaceAddress, interfaceIndex: number, word: number): number {
  const out = interfaceIndex === 0 || a.interface === interfaceIndex;
  const near = ((a.words[0]! ^ word) & mask(a.length)) === 0;
  return (out ? 64 : 0) + (out && near ? 1 + a.length : 0);
}

const LINK = 2;
const GLOBAL = 14;

/** Scope of an address (RFC 6724 3.1); unique local ones are global. */
const scopeOf = (word: number): number =>
  isMulticast6(word)
    ? multicastScope(word)
    : word >>> 22 === 0x3fa
    ? LINK
    : word >>> 22 === 0x3fb
    ? 5
    : GLOBAL;

/** Label from the default policy table (RFC 6724 2.1). */
function labelOf(words: ArrayLike<number>, lane: number): number {
  const first = words[lane]!;
  if (first >>> 25 === 0xfc >>> 1) return 13;
  if (first >>> 16 === 0x2002) return 2;
  if (first === 0x20010000) return 5;
  if (first >>> 22 === 0x3fb) return 11;
  if (first >>> 16 === 0x3ffe) return 12;
  if (first === 0 && words[lane + 1] === 0) {
    if (words[lane + 2] === 0xffff) return 4;
    if (words[lane + 2] === 0) return words[lane + 3] === 1 ? 0 : 3;
  }
  return 1;
}

/** Common leading bits, at most the source's prefix length (RFC 6724 2.2). */
function commonBits(a: InterfaceAddress, words: ArrayLike<number>, lane: number): number {
  let bits = 0;
  for (let i = 0; i < 4; i++) {
    const differing = Math.clz32(a.words[i]! ^ words[lane + i]!);
    bits += differing;
    if (differing < 32) break;
  }
  return Math.min(bits, a.length);
}

import { below, type Random } from "../../core/random.ts";

/** One mutation of an input, chosen at random: bits, bytes, lengths, pieces of another input. Never empty. */
export function mutate(input: Uint8Array, other: Uint8Array, random: Random): Uint8Array {
  let bytes: Uint8Array = input.slice();
  for (let times = 1 + below(random, 4); times > 0; times--) bytes = step(bytes, other, random);
  return bytes.length === 0 ? Uint8Array.of(random.u32()) : bytes;
}

function step(bytes: Uint8Array, other: Uint8Array, random: Random): Uint8Array {
  const at = below(random, Math.max(1, bytes.length));
  switch (below(random, 8)) {
    case 0:
      bytes[at]! ^= 1 << below(random, 8);
      return bytes;
    case 1:
      bytes[at] = random.u32();
      return bytes;
    case 2:
      bytes[at] = INTERESTING[below(random, INTERESTING.length)]!;
      return bytes;
    case 3: // a lying length field
      bytes[at] = random.u32() & 1 ? 0xff : 0;
      if (at + 1 < bytes.length) bytes[at + 1] = random.u32();
      return bytes;
    case 4:
      return bytes.slice(0, at);
    case 5:
      return bytes.slice(0, at).length === 0
        ? bytes
        : join(bytes.slice(0, at), other.slice(below(random, other.length + 1)));
    case 6:
      return join(bytes, new Uint8Array(below(random, 64)).map(() => random.u32()));
    default:
      return join(bytes.slice(0, at), bytes.slice(Math.max(0, at - below(random, 16))));
  }
}

function join(a: Uint8Array, b: Uint8Array): Uint8Array {
  const result = new Uint8Array(Math.min(MOST, a.length + b.length));
  result.set(a.subarray(0, result.length));
  result.set(b.subarray(0, Math.max(0, result.length - a.length)), Math.min(a.length, result.length));
  return result;
}

const INTERESTING = [0, 1, 4, 5, 6, 0x0f, 0x10, 0x3a, 0x45, 0x60, 0x7f, 0x80, 0xfe, 0xff] as const;
const MOST = 16384;

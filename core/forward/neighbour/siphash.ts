/**
 * SipHash-2-4 (Aumasson, Bernstein 2012): a keyed pseudo-random function, `key` 16 bytes. Answers the 64 bits as
 * two words, the high one first. For configuration-time use: it allocates.
 */
export function sipHash(key: Uint8Array, message: Uint8Array): readonly [number, number] {
  if (key.length !== 16) throw new RangeError(`a SipHash key is 16 bytes, not ${key.length}`);
  const k0 = load(key, 0, 8), k1 = load(key, 8, 8);
  let v0 = k0 ^ 0x736f6d6570736575n, v1 = k1 ^ 0x646f72616e646f6dn;
  let v2 = k0 ^ 0x6c7967656e657261n, v3 = k1 ^ 0x7465646279746573n;
  const rounds = (count: number): void => {
    for (let i = 0; i < count; i++) {
      v0 = (v0 + v1) & ALL;
      v1 = rotate(v1, 13n) ^ v0;
      v0 = rotate(v0, 32n);
      v2 = (v2 + v3) & ALL;
      v3 = rotate(v3, 16n) ^ v2;
      v0 = (v0 + v3) & ALL;
      v3 = rotate(v3, 21n) ^ v0;
      v2 = (v2 + v1) & ALL;
      v1 = rotate(v1, 17n) ^ v2;
      v2 = rotate(v2, 32n);
    }
  };
  const whole = message.length & ~7;
  for (let at = 0; at <= whole; at += 8) {
    const last = at === whole;
    const word = last
      ? load(message, at, message.length & 7) | BigInt(message.length & 255) << 56n
      : load(message, at, 8);
    v3 ^= word;
    rounds(2);
    v0 ^= word;
  }
  v2 ^= 0xffn;
  rounds(4);
  const result = v0 ^ v1 ^ v2 ^ v3;
  return [Number(result >> 32n), Number(result & 0xffffffffn)];
}

const ALL = 0xffffffffffffffffn;
const rotate = (value: bigint, by: bigint): bigint => ((value << by) & ALL) | (value >> (64n - by));

/** `count` bytes, the first one lowest. */
function load(b: Uint8Array, at: number, count: number): bigint {
  let word = 0n;
  for (let i = count - 1; i >= 0; i--) word = (word << 8n) | BigInt(b[at + i]!);
  return word;
}

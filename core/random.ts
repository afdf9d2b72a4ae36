/** Source of randomness, passed in: ports, delays and identifiers must be repeatable in tests. */
export interface Random {
  /** A uniformly distributed unsigned 32-bit integer. */
  u32(): number;
}

/** xoshiro128** (Blackman, Vigna 2018) seeded by splitmix32: same seed, same sequence, on every runtime. */
export class SeededRandom implements Random {
  readonly #s = new Uint32Array(4);

  constructor(seed: number) {
    let z = seed >>> 0;
    for (let i = 0; i < 4; i++) {
      z = (z + 0x9e3779b9) >>> 0;
      let x = z;
      x = Math.imul(x ^ (x >>> 16), 0x21f0aaad);
      x = Math.imul(x ^ (x >>> 15), 0x735a2d97);
      this.#s[i] = (x ^ (x >>> 15)) >>> 0;
    }
  }
  u32(): number {
    const s = this.#s;
    const s1 = s[1]!;
    const x = Math.imul(s1, 5);
    const result = Math.imul((x << 7) | (x >>> 25), 9) >>> 0;
    s[2]! ^= s[0]!;
    s[3]! ^= s1;
    s[1]! ^= s[2]!;
    s[0]! ^= s[3]!;
    s[2]! ^= s1 << 9;
    s[3] = (s[3]! << 11) | (s[3]! >>> 21);
    return result;
  }
}

/** A number in 0 <= n < `limit`; the bias of the multiplication is below limit / 2^32. */
export const below = (random: Random, limit: number): number =>
  Math.floor((random.u32() / 4294967296) * limit);

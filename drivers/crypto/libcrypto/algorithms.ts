import type { OfferedAlgorithm } from "../device.ts";

/** How an algorithm is put together from what libcrypto and node:crypto have. */
export type Recipe =
  /**
   * A cipher by OpenSSL's name for each key size in bytes; `salt` bytes of the key go before the iv. `split`: keys
   * libcrypto refuses are halves for these ciphers.
   */
  | {
    readonly mode: "cipher";
    readonly ciphers: Ciphers;
    readonly salt?: number;
    readonly counter?: boolean;
    readonly split?: Ciphers;
  }
  /** The iv is encrypted with the hash of the key first. */
  | { readonly mode: "essiv"; readonly ciphers: Ciphers; readonly blocks: Ciphers; readonly hash: string }
  /** `hidden` bytes at the end of the associated data are the iv once more and not authenticated. */
  | { readonly mode: "aead"; readonly ciphers: Ciphers; readonly salt: number; readonly hidden: number }
  | {
    readonly mode: "authenc";
    readonly ciphers: Ciphers;
    readonly hash: string;
    readonly esn: boolean;
    readonly salt?: number;
    readonly counter?: boolean;
  }
  | { readonly mode: "hash" | "hmac"; readonly hash: string };

export type Ciphers = ReadonlyMap<number, string>;

/** An algorithm without the names and priority that depend on who offers it. */
export interface SoftwareAlgorithm extends Omit<OfferedAlgorithm, "driverName" | "priority"> {
  /** Driver name without its last part: `cbc-aes`. */
  readonly stem: string;
  readonly recipe: Recipe;
}

const aes = (mode: string): Ciphers => new Map([16, 24, 32].map((size) => [size, `aes-${size * 8}-${mode}`]));
const XTS: Ciphers = new Map([[32, "aes-128-xts"], [48, ""], [64, "aes-256-xts"]]);
const DES3: Ciphers = new Map([[24, "des-ede3-cbc"]]);
const CHACHA: Ciphers = new Map([[32, "chacha20-poly1305"]]);

/** Whole keys in bytes: cipher keys with the salt behind. */
const keys = (ciphers: Ciphers, salt = 0): number[] => [...ciphers.keys()].map((size) => size + salt);

const COMMON = { alignment: 1, mostBytes: 1 << 20 } as const;

function cipher(
  name: string,
  stem: string,
  blockSize: number,
  ivSize: number,
  recipe: Extract<Recipe, { mode: "cipher" | "essiv" }>,
): SoftwareAlgorithm {
  const keySizes = keys(recipe.ciphers, recipe.mode === "cipher" ? recipe.salt : 0);
  return { ...COMMON, name, stem, kind: "cipher", blockSize, ivSize, keySizes, tagSize: 0, recipe };
}

function aead(name: string, stem: string, ciphers: Ciphers, salt: number): SoftwareAlgorithm {
  const recipe = { mode: "aead", ciphers, salt, hidden: salt === 0 ? 0 : 8 } as const;
  const sizes = { blockSize: 1, ivSize: 12 - salt, keySizes: keys(ciphers, salt), tagSize: 16 };
  return { ...COMMON, name, stem, kind: "aead", ...sizes, recipe };
}

const DIGESTS: readonly (readonly [name: string, digest: number, block: number])[] = [
  ["sha1", 20, 64],
  ["sha224", 28, 64],
  ["sha256", 32, 64],
  ["sha384", 48, 128],
  ["sha512", 64, 128],
];

function* authencs(): Generator<SoftwareAlgorithm> {
  for (const [hash, tagSize] of DIGESTS) {
    for (const [prefix, esn] of [["authenc", false], ["authencesn", true]] as const) {
      const common = { ...COMMON, kind: "aead", keySizes: [], tagSize } as const;
      const stem = `${prefix}-hmac-${hash}`;
      const cbc = { mode: "authenc", ciphers: aes("cbc"), hash, esn } as const;
      const ctr = { mode: "authenc", ciphers: aes("ctr"), hash, esn, salt: 4, counter: true } as const;
      const des = { mode: "authenc", ciphers: DES3, hash, esn } as const;
      const name = `${prefix}(hmac(${hash}),`;
      yield {
        ...common,
        name: `${name}cbc(aes))`,
        stem: `${stem}-cbc-aes`,
        blockSize: 16,
        ivSize: 16,
        recipe: cbc,
      };
      yield {
        ...common,
        name: `${name}rfc3686(ctr(aes)))`,
        stem: `${stem}-rfc3686-ctr-aes`,
        blockSize: 1,
        ivSize: 8,
        recipe: ctr,
      };
      yield {
        ...common,
        name: `${name}cbc(des3_ede))`,
        stem: `${stem}-cbc-des3_ede`,
        blockSize: 8,
        ivSize: 8,
        recipe: des,
      };
    }
  }
}

function* hashes(): Generator<SoftwareAlgorithm> {
  for (const [hash, tagSize, blockSize] of DIGESTS) {
    const sizes = { ...COMMON, kind: "hash", blockSize, ivSize: 0, keySizes: [], tagSize } as const;
    yield { ...sizes, name: hash, stem: hash, recipe: { mode: "hash", hash } };
    yield { ...sizes, name: `hmac(${hash})`, stem: `hmac-${hash}`, recipe: { mode: "hmac", hash } };
  }
}

export const SOFTWARE_ALGORITHMS: readonly SoftwareAlgorithm[] = [
  cipher("ecb(aes)", "ecb-aes", 16, 0, { mode: "cipher", ciphers: aes("ecb") }),
  cipher("cbc(aes)", "cbc-aes", 16, 16, { mode: "cipher", ciphers: aes("cbc") }),
  cipher("ctr(aes)", "ctr-aes", 1, 16, { mode: "cipher", ciphers: aes("ctr") }),
  cipher("ofb(aes)", "ofb-aes", 1, 16, { mode: "cipher", ciphers: aes("ofb") }),
  cipher("rfc3686(ctr(aes))", "rfc3686-ctr-aes", 1, 8, {
    mode: "cipher",
    ciphers: aes("ctr"),
    salt: 4,
    counter: true,
  }),
  cipher("xts(aes)", "xts-aes", 16, 16, { mode: "cipher", ciphers: XTS, split: aes("ecb") }),
  cipher("essiv(cbc(aes),sha256)", "essiv-cbc-aes-sha256", 16, 16, {
    mode: "essiv",
    ciphers: aes("cbc"),
    blocks: aes("ecb"),
    hash: "sha256",
  }),
  cipher("cbc(des3_ede)", "cbc-des3_ede", 8, 8, { mode: "cipher", ciphers: DES3 }),
  aead("gcm(aes)", "gcm-aes", aes("gcm"), 0),
  aead("rfc4106(gcm(aes))", "rfc4106-gcm-aes", aes("gcm"), 4),
  aead("rfc7539(chacha20,poly1305)", "rfc7539-chacha20-poly1305", CHACHA, 0),
  aead("rfc7539esp(chacha20,poly1305)", "rfc7539esp-chacha20-poly1305", CHACHA, 4),
  ...authencs(),
  ...hashes(),
];

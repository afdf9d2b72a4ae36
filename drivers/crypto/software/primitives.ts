/**
 * What the software device asks of a library. Bytes are views that begin where the data begins and may reach further:
 * the lengths tell. Source and destination are the same bytes or do not meet. Every call is false where it failed.
 */
export interface Primitives {
  /** The end of driver names: `libcrypto`, `node`. */
  readonly name: string;
  readonly priority: number;
  /** @throws CryptoError where the key does not fit. */
  cipher(name: CipherName, key: Uint8Array): Cipher;
  sealer(name: SealerName, key: Uint8Array, tagSize: number): Sealer;
  /** Without a key: the plain hash. */
  digest(name: DigestName, key: Uint8Array | undefined): Digest;
}

export type CipherName = "ecb-aes" | "cbc-aes" | "ctr-aes" | "ofb-aes" | "xts-aes" | "cbc-des3_ede" | "ecb-des3_ede";
export type SealerName = "gcm-aes" | "chacha20-poly1305";
export type DigestName = "sha1" | "sha224" | "sha256" | "sha384" | "sha512";

export interface Cipher {
  run(
    encrypts: boolean,
    iv: Uint8Array,
    source: Uint8Array,
    destination: Uint8Array,
    length: number,
  ): boolean;
  free(): void;
}

export interface Sealer {
  seal(
    nonce: Uint8Array,
    assoc: Uint8Array,
    assocLength: number,
    source: Uint8Array,
    destination: Uint8Array,
    length: number,
    tag: Uint8Array,
  ): boolean;
  /** False where the tag is not that of the text, compared in constant time; the destination then holds anything. */
  unseal(
    nonce: Uint8Array,
    assoc: Uint8Array,
    assocLength: number,
    source: Uint8Array,
    destination: Uint8Array,
    length: number,
    tag: Uint8Array,
  ): boolean;
  free(): void;
}

export interface Digest {
  begin(): boolean;
  update(bytes: Uint8Array, length: number): boolean;
  /** Writes the whole digest. */
  finish(into: Uint8Array): boolean;
  free(): void;
}

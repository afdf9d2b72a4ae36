/** One known answer. Keys, ivs and layouts as the kernel's (core/crypto/requests.ts). */
export interface Vector {
  /** Where it stands: `aes_cbc_tv_template 3`. */
  readonly name: string;
  readonly algorithm: string;
  readonly kind: "cipher" | "aead" | "hash";
  readonly key: Uint8Array;
  readonly iv: Uint8Array;
  readonly assoc: Uint8Array;
  readonly plain: Uint8Array;
  /** Ciphertext with its tag behind, or the digest. */
  readonly sealed: Uint8Array;
  /** Bytes of tag or digest; 0 for ciphers. */
  readonly tagSize: number;
  /** Decrypting must fail: the tag was made wrong. */
  readonly forged?: boolean;
  /** The key must be refused. */
  readonly badKey?: boolean;
}

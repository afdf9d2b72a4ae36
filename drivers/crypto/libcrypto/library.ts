/**
 * libcrypto of OpenSSL 3 by FFI: EVP ciphers, digests and HMAC.
 *
 * Overview    one table of symbols for an isolate, opened when first asked for. Data are passed as pointers, so that
 *             bytes are read and written where they lie; lengths as i32, which hot calls take without a detour.
 * Limits      Debian's libssl3 (libcrypto.so.3). Where it is missing `libcrypto()` is undefined.
 */
export function libcrypto(): Libcrypto | undefined {
  if (!asked) {
    asked = true;
    try {
      opened = Deno.dlopen("libcrypto.so.3", SYMBOLS).symbols;
    } catch {
      opened = undefined;
    }
  }
  return opened;
}

let asked = false;
let opened: Libcrypto | undefined;

const SYMBOLS = {
  EVP_CIPHER_fetch: { parameters: ["pointer", "buffer", "pointer"], result: "pointer" },
  EVP_CIPHER_CTX_new: { parameters: [], result: "pointer" },
  EVP_CIPHER_CTX_free: { parameters: ["pointer"], result: "void" },
  EVP_CIPHER_CTX_ctrl: { parameters: ["pointer", "i32", "i32", "pointer"], result: "i32" },
  EVP_CIPHER_CTX_set_padding: { parameters: ["pointer", "i32"], result: "i32" },
  /** With a key, when a session is opened. */
  EVP_CipherInit_ex: {
    parameters: ["pointer", "pointer", "pointer", "buffer", "pointer", "i32"],
    result: "i32",
  },
  /** With an iv alone, for each request. */
  setIv: {
    name: "EVP_CipherInit_ex",
    parameters: ["pointer", "pointer", "pointer", "pointer", "pointer", "i32"],
    result: "i32",
  },
  EVP_CipherUpdate: { parameters: ["pointer", "pointer", "pointer", "pointer", "i32"], result: "i32" },
  EVP_CipherFinal_ex: { parameters: ["pointer", "pointer", "pointer"], result: "i32" },
  EVP_MD_fetch: { parameters: ["pointer", "buffer", "pointer"], result: "pointer" },
  EVP_MD_CTX_new: { parameters: [], result: "pointer" },
  EVP_MD_CTX_free: { parameters: ["pointer"], result: "void" },
  EVP_DigestInit_ex: { parameters: ["pointer", "pointer", "pointer"], result: "i32" },
  EVP_DigestUpdate: { parameters: ["pointer", "pointer", "i32"], result: "i32" },
  EVP_DigestFinal_ex: { parameters: ["pointer", "pointer", "pointer"], result: "i32" },
  HMAC_CTX_new: { parameters: [], result: "pointer" },
  HMAC_CTX_free: { parameters: ["pointer"], result: "void" },
  /** With a key, when a session is opened. */
  HMAC_Init_ex: { parameters: ["pointer", "buffer", "i32", "pointer", "pointer"], result: "i32" },
  /** With the key it has, for each request. */
  restart: {
    name: "HMAC_Init_ex",
    parameters: ["pointer", "pointer", "i32", "pointer", "pointer"],
    result: "i32",
  },
  HMAC_Update: { parameters: ["pointer", "pointer", "i32"], result: "i32" },
  HMAC_Final: { parameters: ["pointer", "pointer", "pointer"], result: "i32" },
  CRYPTO_memcmp: { parameters: ["pointer", "pointer", "i32"], result: "i32" },
  OPENSSL_cleanse: { parameters: ["pointer", "i32"], result: "void" },
  ERR_clear_error: { parameters: [], result: "void" },
} as const;

export type Libcrypto = Deno.DynamicLibrary<typeof SYMBOLS>["symbols"];

/** EVP_CTRL_AEAD_GET_TAG, EVP_CTRL_AEAD_SET_TAG. */
export const GET_TAG = 0x10, SET_TAG = 0x11;

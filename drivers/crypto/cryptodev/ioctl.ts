/**
 * What /dev/crypto is asked and answers: the structures of crypto/cryptodev.h (cryptodev-linux) as x86_64 and other
 * 64-bit machines lay them out, little-endian. Offsets and sizes are bytes.
 */

/** _IOC of asm-generic/ioctl.h; `direction` is seen from user space. */
const request = (direction: number, number: number, size: number): number =>
  (direction << 30 | size << 16 | 0x63 << 8 | number) >>> 0;
const WRITE = 1, READ = 2, BOTH = WRITE | READ;

/** struct session_op. Builds that compress have `compr` where others have `keylen`, and `keylen` behind it. */
export const SESSION = {
  cipher: 0,
  mac: 4,
  keylen: 8,
  keylenWithCompression: 12,
  key: 16,
  mackeylen: 24,
  mackey: 32,
  ses: 40,
  size: 48,
} as const;

/** struct session2_op of the BSDs: a session_op that may name a device. */
export const SESSION2 = { crid: 44, size: 64 } as const;
/** Any device, of hardware or not: CRYPTO_FLAG_HARDWARE | CRYPTO_FLAG_SOFTWARE. */
export const ANY_DEVICE = 0x03000000;

/** struct session_info_op: names of cipher and mac, and of a compressor where there is one. */
export const SESSION_INFO = {
  ses: 0,
  cipherName: 4,
  cipherDriver: 68,
  macName: 132,
  macDriver: 196,
  alignmask: 260,
  flags: 264,
  size: 268,
} as const;
/** Bytes of struct alg_info: what a build that compresses has more. */
export const ALGORITHM_INFO_BYTES = 128;
export const ALGORITHM_NAME_BYTES = 64;
/** SIOP_FLAG_KERNEL_DRIVER_ONLY: what programs cannot do themselves, a card. */
export const KERNEL_DRIVER_ONLY = 1;

/** struct crypt_op; `dlen` is padding in builds that do not compress. */
export const CRYPT = {
  ses: 0,
  op: 4,
  flags: 6,
  len: 8,
  dlen: 12,
  src: 16,
  dst: 24,
  mac: 32,
  iv: 40,
  size: 48,
} as const;

/** struct crypt_auth_op. */
export const AUTH_CRYPT = {
  ses: 0,
  op: 4,
  flags: 6,
  len: 8,
  authLength: 12,
  authSource: 16,
  src: 24,
  dst: 32,
  tag: 40,
  tagLength: 48,
  iv: 56,
  ivLength: 64,
  size: 72,
} as const;
/** Most bytes of associated data: a page (crypto_auth_zc_aead). */
export const MOST_AUTH_BYTES = 4096;

export const COP_ENCRYPT = 0, COP_DECRYPT = 1;
export const COP_FLAG_NONE = 0;

export const CIOCGSESSION = request(BOTH, 102, SESSION.size);
export const CIOCFSESSION = request(WRITE, 103, 4);
export const CIOCCRYPT = request(BOTH, 104, CRYPT.size);
/** The BSDs'; cryptodev-linux has CIOCASYMFEAT under this number and another size. */
export const CIOCGSESSION2 = request(BOTH, 106, SESSION2.size);
export const CIOCGSESSINFO = request(BOTH, 107, SESSION_INFO.size);
export const CIOCGSESSINFO_WITH_COMPRESSION = request(BOTH, 107, SESSION_INFO.size + ALGORITHM_INFO_BYTES);
export const CIOCAUTHCRYPT = request(BOTH, 109, AUTH_CRYPT.size);
/** Built into the module with ENABLE_ASYNC. */
export const CIOCASYNCCRYPT = request(WRITE, 110, CRYPT.size);
export const CIOCASYNCFETCH = request(READ, 111, CRYPT.size);

/** enum cryptodev_crypto_op_t. */
export const CRYPTO_3DES_CBC = 2, CRYPTO_AES_CBC = 11, CRYPTO_AES_CTR = 21, CRYPTO_AES_XTS = 22;
export const CRYPTO_AES_ECB = 23, CRYPTO_AES_GCM = 50;
export const CRYPTO_SHA1_HMAC = 7, CRYPTO_SHA1 = 14;
export const CRYPTO_SHA2_256_HMAC = 18, CRYPTO_SHA2_384_HMAC = 19, CRYPTO_SHA2_512_HMAC = 20;
export const CRYPTO_SHA2_224 = 103, CRYPTO_SHA2_256 = 104, CRYPTO_SHA2_384 = 105, CRYPTO_SHA2_512 = 106;
export const CRYPTO_SHA2_224_HMAC = 107;

/** A 64-bit pointer field. User space ends below 2^47: a Number holds it. */
export function setPointer(view: DataView, at: number, address: number): void {
  view.setUint32(at, address % 0x100000000, true);
  view.setUint32(at + 4, Math.floor(address / 0x100000000), true);
}

export const pointerAt = (view: DataView, at: number): number =>
  view.getUint32(at, true) + view.getUint32(at + 4, true) * 0x100000000;

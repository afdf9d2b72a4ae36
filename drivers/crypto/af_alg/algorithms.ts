import type { OfferedAlgorithm } from "../device.ts";
import { type AlgorithmType, bindAlgorithm } from "./socket.ts";
import { libc } from "../../sys/libc.ts";

const COMMON = { priority: 150, alignment: 1, mostBytes: 65536 } as const;
const AES: readonly number[] = [16, 24, 32];

/** What this device asks the kernel for, with sizes in bytes. */
const WANTED: readonly Wanted[] = [
  cipher("ecb(aes)", "ecb-aes", 16, 0, AES),
  cipher("cbc(aes)", "cbc-aes", 16, 16, AES),
  cipher("ctr(aes)", "ctr-aes", 1, 16, AES),
  cipher("rfc3686(ctr(aes))", "rfc3686-ctr-aes", 1, 8, [20, 28, 36]),
  cipher("xts(aes)", "xts-aes", 16, 16, [32, 64]),
  cipher("essiv(cbc(aes),sha256)", "essiv-cbc-aes-sha256", 16, 16, AES),
  cipher("cbc(des3_ede)", "cbc-des3_ede", 8, 8, [24]),
  aead("gcm(aes)", "gcm-aes", 1, 12, AES, 16),
  aead("rfc4106(gcm(aes))", "rfc4106-gcm-aes", 1, 8, [20, 28, 36], 16),
  aead("rfc7539(chacha20,poly1305)", "rfc7539-chacha20-poly1305", 1, 12, [32], 16),
  aead("rfc7539esp(chacha20,poly1305)", "rfc7539esp-chacha20-poly1305", 1, 8, [36], 16),
  aead("authenc(hmac(sha1),cbc(aes))", "authenc-hmac-sha1-cbc-aes", 16, 16, [], 20),
  aead("authenc(hmac(sha256),cbc(aes))", "authenc-hmac-sha256-cbc-aes", 16, 16, [], 32),
  aead("authenc(hmac(sha512),cbc(aes))", "authenc-hmac-sha512-cbc-aes", 16, 16, [], 64),
  hash("sha1", "sha1", 64, 20),
  hash("sha256", "sha256", 64, 32),
  hash("sha384", "sha384", 128, 48),
  hash("sha512", "sha512", 128, 64),
  hash("hmac(sha1)", "hmac-sha1", 64, 20),
  hash("hmac(sha256)", "hmac-sha256", 64, 32),
  hash("hmac(sha384)", "hmac-sha384", 128, 48),
  hash("hmac(sha512)", "hmac-sha512", 128, 64),
];

export interface KernelAlgorithm extends OfferedAlgorithm {
  readonly type: AlgorithmType;
  /** What is bound to: the algorithm's name, or the name of one driver for it. */
  readonly bound: string;
}

/**
 * Those of the wanted ones that this kernel has. `drivers` asks for a driver by its own name instead, as
 * `virtio_crypto_aes_cbc` for `cbc(aes)`; then only those are offered.
 */
export function kernelAlgorithms(drivers?: ReadonlyMap<string, string>): KernelAlgorithm[] {
  const found: KernelAlgorithm[] = [];
  for (const wanted of WANTED) {
    const bound = drivers === undefined ? wanted.name : drivers.get(wanted.name);
    if (bound === undefined) continue;
    const fd = bindAlgorithm(wanted.type, bound);
    if (fd === undefined) continue;
    libc.close(fd);
    found.push({ ...wanted, bound });
  }
  return found;
}

type Wanted = Omit<KernelAlgorithm, "bound">;

function cipher(
  name: string,
  driver: string,
  blockSize: number,
  ivSize: number,
  keySizes: readonly number[],
) {
  const sizes = { blockSize, ivSize, keySizes, tagSize: 0 };
  return {
    ...COMMON,
    name,
    driverName: `${driver}-af_alg`,
    kind: "cipher",
    type: "skcipher",
    ...sizes,
  } as const;
}

function aead(
  name: string,
  driver: string,
  blockSize: number,
  ivSize: number,
  keySizes: readonly number[],
  tagSize: number,
) {
  const sizes = { blockSize, ivSize, keySizes, tagSize };
  return { ...COMMON, name, driverName: `${driver}-af_alg`, kind: "aead", type: "aead", ...sizes } as const;
}

function hash(name: string, driver: string, blockSize: number, tagSize: number) {
  const sizes = { blockSize, ivSize: 0, keySizes: [], tagSize };
  return { ...COMMON, name, driverName: `${driver}-af_alg`, kind: "hash", type: "hash", ...sizes } as const;
}

import { CryptoError } from "../../../core/crypto/engine.ts";
import { bytes, checked, errno, libc, SystemError } from "../../sys/libc.ts";

/**
 * AF_ALG sockets (Documentation/crypto/userspace-if.rst): a socket bound to an algorithm keeps the key, sockets accepted
 * from it carry requests out.
 */
export const AF_ALG = 38;

export type AlgorithmType = "skcipher" | "aead" | "hash";

/** A socket bound to the algorithm; undefined where the kernel has none of this name. */
export function bindAlgorithm(type: AlgorithmType, name: string): number | undefined {
  const fd = libc.socket(AF_ALG, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
  if (fd < 0) return undefined;
  const address = bytes(88), encoder = new TextEncoder();
  address[0] = AF_ALG;
  encoder.encodeInto(type, address.subarray(2, 15));
  encoder.encodeInto(name, address.subarray(24, 87));
  if (libc.bind(fd, address, 88) === 0) return fd;
  libc.close(fd);
  return undefined;
}

/** Whether this kernel has AF_ALG at all; otherwise why not. */
export function afAlgLacks(): string | undefined {
  const fd = libc.socket(AF_ALG, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
  if (fd < 0) return new SystemError("AF_ALG sockets", errno()).message;
  libc.close(fd);
  return undefined;
}

/** @throws CryptoError where the key does not fit. */
export function setKey(fd: number, key: Uint8Array): void {
  const own = bytes(key.length);
  own.set(key);
  const result = libc.setsockopt(fd, SOL_ALG, ALG_SET_KEY, own, own.length), number = errno();
  own.fill(0);
  if (result < 0) throw new CryptoError(new SystemError(`a key of ${key.length} bytes`, number).message);
}

/** @throws CryptoError where the algorithm has no tags of this size. */
export function setTagSize(fd: number, size: number): void {
  if (libc.setsockopt(fd, SOL_ALG, ALG_SET_AEAD_AUTHSIZE, null, size) < 0) {
    throw new CryptoError(new SystemError(`a tag of ${size} bytes`, errno()).message);
  }
}

export const acceptOperation = (fd: number): number =>
  checked(libc.accept(fd, null, null), "accept an AF_ALG operation");

const SOCK_SEQPACKET = 5, SOCK_CLOEXEC = 0x80000;
const SOL_ALG = 279, ALG_SET_KEY = 1, ALG_SET_AEAD_AUTHSIZE = 5;

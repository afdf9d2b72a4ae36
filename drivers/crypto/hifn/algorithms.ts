import { SOFTWARE_ALGORITHMS, type SoftwareAlgorithm } from "../libcrypto/algorithms.ts";
import { libcrypto } from "../libcrypto/library.ts";
import { nodeAlgorithms } from "../software/node_algorithms.ts";
import type { OfferedAlgorithm } from "../device.ts";

/** What the card can do; the place in this list is the number a command says. */
export const CARD_ALGORITHMS: readonly string[] = [
  "ecb(aes)",
  "cbc(aes)",
  "ctr(aes)",
  "cbc(des3_ede)",
  "sha1",
  "sha256",
  "hmac(sha1)",
  "hmac(sha256)",
  "authenc(hmac(sha1),cbc(aes))",
  "authenc(hmac(sha256),cbc(aes))",
  "gcm(aes)",
  "rfc4106(gcm(aes))",
];

export interface HifnAlgorithm extends SoftwareAlgorithm, OfferedAlgorithm {
  /** Its number in commands. */
  readonly number: number;
}

/** What carries requests out in a card made here: libcrypto, or node:crypto where that is missing. */
const engineAlgorithms = (): readonly SoftwareAlgorithm[] =>
  libcrypto() === undefined ? nodeAlgorithms() : SOFTWARE_ALGORITHMS;

/** Sizes are those of what carries requests out in the card. */
export function hifnAlgorithms(
  known: readonly SoftwareAlgorithm[] = engineAlgorithms(),
): readonly HifnAlgorithm[] {
  return CARD_ALGORITHMS.flatMap((name, number) => {
    const found = known.find((algorithm) => algorithm.name === name);
    if (found === undefined) return [];
    return [{ ...found, number, driverName: `${found.stem}-hifn`, priority: 300, mostBytes: 65536 }];
  });
}

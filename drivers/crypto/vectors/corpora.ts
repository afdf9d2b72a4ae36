import type { Vector } from "./vector.ts";

/**
 * Known answers of others, read from a folder beside the checkout: the kernel's own (crypto/testmgr.h, one object a
 * line) and Wycheproof's. Vectors of algorithms that weir has no name for are left out.
 */
export function corpusVectors(directory: string | undefined = corpora()): Vector[] {
  if (directory === undefined) return [];
  const vectors = kernelVectors(`${directory}/testmgr.jsonl`);
  for (const { name } of Deno.readDirSync(directory)) {
    if (name.startsWith("wycheproof-")) vectors.push(...wycheproof(`${directory}/${name}`));
  }
  return vectors;
}

/** The folder, or undefined where there is none. */
export function corpora(): string | undefined {
  const root = Deno.env.get("WEIR_CORPORA") ??
    new URL("../../../../shared/corpora", import.meta.url).pathname;
  try {
    Deno.statSync(`${root}/vectors/testmgr.jsonl`);
    return `${root}/vectors`;
  } catch {
    return undefined;
  }
}

const HASHES: readonly string[] = ["sha1", "sha224", "sha256", "sha384", "sha512"];

/** Names of the kernel's templates (alg_test_descs). */
const TEMPLATES: ReadonlyMap<string, string> = new Map([
  ...HASHES.map((hash): [string, string] => [`${hash}_tv_template`, hash]),
  ...HASHES.map((hash): [string, string] => [`hmac_${hash}_tv_template`, `hmac(${hash})`]),
  ["aes_tv_template", "ecb(aes)"],
  ["aes_cbc_tv_template", "cbc(aes)"],
  ["aes_ctr_tv_template", "ctr(aes)"],
  ["aes_ofb_tv_template", "ofb(aes)"],
  ["aes_ctr_rfc3686_tv_template", "rfc3686(ctr(aes))"],
  ["aes_xts_tv_template", "xts(aes)"],
  ["essiv_aes_cbc_tv_template", "essiv(cbc(aes),sha256)"],
  ["des3_ede_tv_template", "ecb(des3_ede)"],
  ["des3_ede_cbc_tv_template", "cbc(des3_ede)"],
  ["aes_gcm_tv_template", "gcm(aes)"],
  ["aes_gcm_rfc4106_tv_template", "rfc4106(gcm(aes))"],
  ["rfc7539_tv_template", "rfc7539(chacha20,poly1305)"],
  ["rfc7539esp_tv_template", "rfc7539esp(chacha20,poly1305)"],
  ["hmac_sha1_aes_cbc_tv_temp", "authenc(hmac(sha1),cbc(aes))"],
  ["hmac_sha256_aes_cbc_tv_temp", "authenc(hmac(sha256),cbc(aes))"],
  ["hmac_sha512_aes_cbc_tv_temp", "authenc(hmac(sha512),cbc(aes))"],
  ["hmac_sha1_des3_ede_cbc_tv_temp", "authenc(hmac(sha1),cbc(des3_ede))"],
  ["hmac_sha256_des3_ede_cbc_tv_temp", "authenc(hmac(sha256),cbc(des3_ede))"],
]);

function kernelVectors(path: string): Vector[] {
  const vectors: Vector[] = [];
  for (const line of Deno.readTextFileSync(path).split("\n")) {
    if (line === "") continue;
    const entry = JSON.parse(line) as Record<string, string>;
    const algorithm = TEMPLATES.get(entry.tmpl!);
    if (algorithm === undefined) continue;
    const kind = entry.kind as Vector["kind"];
    const plain = bytes(kind === "hash" ? entry.plaintext : entry.ptext);
    const sealed = bytes(kind === "hash" ? entry.digest : entry.ctext);
    vectors.push({
      name: `${entry.tmpl} ${entry.idx}`,
      algorithm,
      kind,
      key: algorithm.startsWith("authenc") ? oneOrder(bytes(entry.key)) : bytes(entry.key),
      iv: bytes(entry.iv),
      assoc: bytes(entry.assoc),
      plain,
      sealed,
      tagSize: kind === "cipher" ? 0 : kind === "hash" ? sealed.length : sealed.length - plain.length,
      ...(entry.novrfy === undefined ? {} : { forged: true }),
      ...(entry.setkey_error === undefined ? {} : { badKey: true }),
    });
  }
  return vectors;
}

/** The source has the key's rtattr in both byte orders (`#ifdef __LITTLE_ENDIAN`), the text both of them: ours stays. */
function oneOrder(key: Uint8Array): Uint8Array {
  const both = [8, 0, 1, 0, 0, 8, 0, 1];
  if (!both.every((byte, i) => key[i] === byte)) return key;
  const result = new Uint8Array(key.length - 4);
  result.set(key.subarray(0, 4));
  result.set(key.subarray(8), 4);
  return result;
}

interface Group {
  readonly keySize: number;
  readonly ivSize?: number;
  readonly tagSize?: number;
  readonly tests: readonly Record<string, string>[];
}

const WYCHEPROOF: ReadonlyMap<string, string> = new Map([
  ["AES-CBC-PKCS5", "cbc(aes)"],
  ["AES-GCM", "gcm(aes)"],
  ["AES-XTS", "xts(aes)"],
  ["CHACHA20-POLY1305", "rfc7539(chacha20,poly1305)"],
  ["HMACSHA1", "hmac(sha1)"],
  ["HMACSHA256", "hmac(sha256)"],
  ["HMACSHA512", "hmac(sha512)"],
]);

function wycheproof(path: string): Vector[] {
  const file = JSON.parse(Deno.readTextFileSync(path)) as { algorithm: string; testGroups: readonly Group[] };
  const algorithm = WYCHEPROOF.get(file.algorithm);
  if (algorithm === undefined) return [];
  return file.testGroups.flatMap((group) =>
    group.tests.flatMap((test) => {
      const name = `${file.algorithm} ${test.tcId}`;
      return vectorOf(name, algorithm, group, test) ?? [];
    })
  );
}

function vectorOf(
  name: string,
  algorithm: string,
  group: Group,
  test: Record<string, string>,
): Vector | undefined {
  const key = bytes(test.key), message = bytes(test.msg), tag = bytes(test.tag);
  const common = { name, algorithm, key, assoc: bytes(test.aad) };
  if (algorithm.startsWith("hmac")) {
    const forged = test.result === "invalid" ? { forged: true } : {};
    const hash = { kind: "hash", iv: new Uint8Array(), plain: message, sealed: tag } as const;
    return { ...common, ...hash, tagSize: tag.length, ...forged };
  }
  if (algorithm === "cbc(aes)") {
    // Padding is not the cipher's: what PKCS #7 adds is written out; forgeries are of the padding alone.
    if (test.result !== "valid") return undefined;
    const left = 16 - message.length % 16, plain = new Uint8Array(message.length + left).fill(left);
    plain.set(message);
    return { ...common, kind: "cipher", iv: bytes(test.iv), plain, sealed: bytes(test.ct), tagSize: 0 };
  }
  if (algorithm === "xts(aes)") {
    // The data unit's number is little-endian, padded to the block.
    const iv = new Uint8Array(16);
    iv.set(bytes(test.iv));
    if (test.result !== "valid" || message.length < 16) return undefined;
    return { ...common, kind: "cipher", iv, plain: message, sealed: bytes(test.ct), tagSize: 0 };
  }
  // Kernel and card take nonces of 96 bits alone.
  if (group.ivSize !== 96) return undefined;
  const text = bytes(test.ct), sealed = new Uint8Array(text.length + tag.length);
  sealed.set(text);
  sealed.set(tag, text.length);
  const forged = test.result === "invalid" ? { forged: true } : {};
  return {
    ...common,
    kind: "aead",
    iv: bytes(test.iv),
    plain: message,
    sealed,
    tagSize: tag.length,
    ...forged,
  };
}

const bytes = (hex: string | undefined): Uint8Array =>
  hex === undefined
    ? new Uint8Array()
    : Uint8Array.from(hex.match(/../g) ?? [], (pair) => parseInt(pair, 16));

import { createHash, randomBytes, timingSafeEqual } from "node:crypto";

/** Bytes of randomness in a token. */
const TOKEN_BYTES = 32;

/**
 * The admin token in a file; made at the first start, readable by its owner alone. Throws one clear line when the
 * file cannot be used or others may read it.
 */
export function readToken(path: string): string {
  try {
    const text = `${randomBytes(TOKEN_BYTES).toString("base64url")}\n`;
    Deno.writeTextFileSync(path, text, { createNew: true, mode: 0o600 });
  } catch (error) {
    if (!(error instanceof Deno.errors.AlreadyExists)) {
      throw new Error(`cannot make the token file ${path}: ${reason(error)}`);
    }
  }
  let token: string, mode: number;
  try {
    mode = (Deno.statSync(path).mode ?? 0) & 0o077;
    token = Deno.readTextFileSync(path).trim();
  } catch (error) {
    throw new Error(`cannot read the token file ${path}: ${reason(error)}`);
  }
  if (mode !== 0) throw new Error(`the token file ${path} is open to others: chmod 600 ${path}`);
  if (token.length < 16) {
    throw new Error(`the token in ${path} is too short: at least 16 characters, or remove the file`);
  }
  return token;
}

const reason = (error: unknown): string => (error instanceof Error ? error.message : String(error));

/** Compares in a time that tells nothing of where two tokens differ, nor of their lengths. */
export function sameToken(a: string, b: string): boolean {
  const digest = (text: string) => createHash("sha256").update(text).digest();
  return timingSafeEqual(digest(a), digest(b));
}

import { beside, whyUnreadable } from "./paths.ts";

/** The key in a file, or what is wrong with it; the second never shows what is inside. */
export type KeyResult =
  | { readonly ok: true; readonly key: string }
  | { readonly ok: false; readonly error: string; readonly hint?: string };
export type KeyReader = (path: string) => KeyResult;

/** Where nothing is read. */
export const noKeyFiles: KeyReader = (path) => ({
  ok: false,
  error: `${path}: key files cannot be read here`,
});

/** Keys in files beside the configuration: 0x and hexadecimal digits, readable by their owner alone. */
export const keyFilesIn = (directory: string): KeyReader => (path) => {
  const file = beside(directory, path);
  try {
    const { mode, isFile } = Deno.statSync(file);
    if (!isFile) return { ok: false, error: `${file} is no file` };
    if (((mode ?? 0) & 0o077) !== 0) {
      return { ok: false, error: `the key file ${file} is open to others`, hint: `chmod 600 ${file}` };
    }
    const key = Deno.readTextFileSync(file).trim();
    return /^0[xX](?:[0-9a-fA-F]{2})+$/.test(key) ? { ok: true, key } : {
      ok: false,
      error: `${file} holds no key`,
      hint: "a key is 0x and pairs of hexadecimal digits, alone in its file",
    };
  } catch (error) {
    return { ok: false, error: `${file}: ${whyUnreadable(error)}` };
  }
};

import { checkFiles } from "../check_files.ts";
import { complain, print } from "./output.ts";

/** `weir check`: reads both files and says everything that is wrong with them. */
export function check(path: string, options: { readonly json?: boolean }): number {
  const result = checkFiles(path);
  if (options.json) print(JSON.stringify({ file: path, ok: result.ok, messages: result.messages }) + "\n");
  else if (result.messages !== "") complain(result.messages);
  if (!options.json && result.ok) print(`${path}: ${result.summary}\n`);
  return result.ok ? 0 : 1;
}

import { features, featuresText } from "../../core/nft/features.ts";
import { Nft } from "../../core/nft/nft.ts";
import { complain, print } from "./output.ts";

/** `weir describe [--json] [EXPRESSION]`: what the rule language knows, all of it or one expression or datatype. */
export function describe(words: readonly string[], options: { readonly json?: boolean }): number {
  if (words.length === 0) {
    print(options.json ? JSON.stringify(features(), null, 2) + "\n" : featuresText(features()));
    return 0;
  }
  const name = words.join(" ");
  if (options.json) {
    const { fields, expressions, types, statements } = features();
    const found = [...fields, ...expressions, ...types, ...statements].filter((each) => each.name === name);
    if (found.length === 0) {
      complain(`weir describe: nothing is called ${name}\n`);
      return 1;
    }
    print(JSON.stringify(found.length === 1 ? found[0] : found, null, 2) + "\n");
    return 0;
  }
  const result = new Nft().run(`describe ${name}`);
  print(result.output === "" || result.output.endsWith("\n") ? result.output : result.output + "\n");
  if (result.error !== "") complain(result.error);
  return result.ok ? 0 : 1;
}

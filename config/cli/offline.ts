import { Nft } from "../../core/nft/nft.ts";
import type { NftOptions } from "../../core/nft/options.ts";
import type { Request } from "../control/request.ts";
import { fileReader } from "../file_reader.ts";
import { complain, print } from "./output.ts";

/** `weir nft --offline`: no router is asked; the text runs on an empty ruleset and is forgotten after it. */
export function runOffline(request: Extract<Request, { command: "nft" }>): number {
  const { command: _, text, name, directory, netlink, includePaths, defines, dialect, ...flags } = request;
  const names: string[] = [];
  const options: NftOptions = {
    ...(Object.fromEntries(Object.entries(flags).filter(([, set]) => set === true)) as NftOptions),
    ...(netlink ? { debug: ["netlink"] } : {}),
    ...(dialect === undefined ? {} : { dialect }),
    reader: fileReader,
    write: print,
    includePaths: [...(directory === undefined ? [] : [directory]), ...(includePaths ?? [])],
    ...(defines === undefined ? {} : { defines: new Map(Object.entries(defines)) }),
    // Any interface may be named; they are numbered as they come.
    interfaceIndex: (device) => (names.includes(device) ? names.indexOf(device) : names.push(device) - 1) + 1,
    interfaceName: (index) => names[index - 1],
  };
  const result = new Nft(undefined, options).run(text, name);
  print(result.output);
  if (result.error !== "") complain(result.error);
  return result.ok ? 0 : 1;
}

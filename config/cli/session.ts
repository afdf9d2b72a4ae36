import { Nft } from "../../core/nft/nft.ts";
import type { NftOptions } from "../../core/nft/options.ts";
import { RulesetStore } from "../../core/ruleset/store.ts";
import type { Request } from "../control/request.ts";
import { accounts } from "../accounts.ts";
import { fileReader, includePlaces, readerIn } from "../file_reader.ts";
import type { RouterStatus } from "../status.ts";

export type NftRequest = Extract<Request, { command: "nft" }>;

/** Where commands of the rule language run. */
export interface Session {
  /** Runs a request; `out` and `err` get what it says as it comes, until `stop`. Resolves to the exit status. */
  run(
    request: NftRequest,
    out: (text: string) => void,
    err: (text: string) => void,
    stop?: AbortSignal,
  ): Promise<number>;
  /** Names of ports and interfaces. */
  interfaces(): Promise<string[]>;
}

/** The router that answers at `socket`; the way to it is loaded when it is asked. Throws `ControlError`. */
export const routerSession = (socket: string): Session => ({
  run: async (request, out, err, stop) => {
    const { ask } = await import("../control/client.ts");
    return ask(socket, request, (response) => {
      if ("out" in response) out(response.out);
      else if ("err" in response) err(response.err);
    }, stop);
  },
  interfaces: async () => {
    const { askValue } = await import("../control/client.ts");
    const status = await askValue<RouterStatus>(socket, { command: "status" });
    return [...new Set([...status.interfaces, ...status.ports].map((each) => each.name))];
  },
});

/** A ruleset of its own, empty at first and gone with the process. */
export function offlineSession(): Session {
  const store = new RulesetStore({ offline: true }), names: string[] = [];
  return {
    run: (request, out, err) => {
      const {
        command: _,
        text,
        name,
        directory,
        workingDirectory,
        netlink,
        includePaths,
        defines,
        dialect,
        ...flags
      } = request;
      const options: NftOptions = {
        ...(Object.fromEntries(Object.entries(flags).filter(([, set]) => set === true)) as NftOptions),
        ...(netlink ? { debug: ["netlink"] } : {}),
        ...(dialect === undefined ? {} : { dialect }),
        reader: workingDirectory === undefined ? fileReader : readerIn(workingDirectory),
        accounts,
        // what was merged reads before what it became, and what is checked may turn out wrong
        ...(request.optimize === true ? {} : { write: out }),
        includePaths: includePlaces(directory ?? ".", includePaths),
        ...(defines === undefined ? {} : { defines: new Map(Object.entries(defines)) }),
        // Any interface may be named; they are numbered as they come.
        interfaceIndex: (device) =>
          (names.includes(device) ? names.indexOf(device) : names.push(device) - 1) + 1,
        interfaceName: (index) => names[index - 1],
      };
      const result = new Nft(store, options).run(text, name);
      if (request.optimize === true) err(result.error);
      out(result.output);
      if (request.optimize !== true && result.error !== "") err(result.error);
      return Promise.resolve(result.ok ? 0 : 1);
    },
    interfaces: () => Promise.resolve([]),
  };
}

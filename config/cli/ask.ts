import { ask, askValue, ControlError } from "../control/client.ts";
import type { Request } from "../control/request.ts";
import type { RouterStatus } from "../status.ts";
import { complain, print } from "./output.ts";
import { socketPath } from "./place.ts";

export interface SocketOptions {
  readonly socket?: string;
}

/** Sends a request and prints what comes back; the exit status is the router's. */
export function askAndPrint(options: SocketOptions, request: Request): Promise<number> {
  return complaining(() =>
    ask(socketPath(options.socket), request, (response) => {
      if ("out" in response) print(response.out);
      else if ("err" in response) complain(response.err);
    })
  );
}

/** Asks for the status and prints what `show` makes of it, or all of it as JSON. */
export function askStatus(
  options: SocketOptions & { readonly json?: boolean },
  show: (status: RouterStatus) => string,
): Promise<number> {
  return complaining(async () => {
    const status = await askValue<RouterStatus>(socketPath(options.socket), { command: "status" });
    print(options.json ? JSON.stringify(status, null, 2) + "\n" : show(status));
    return 0;
  });
}

/** The ports alone, as JSON. */
export const askPorts = (options: SocketOptions): Promise<number> =>
  askStatus(options, (status) => JSON.stringify(status.ports, null, 2) + "\n");

/** What cannot be asked is one line and exit status 1. */
async function complaining(run: () => Promise<number>): Promise<number> {
  try {
    return await run();
  } catch (error) {
    if (!(error instanceof ControlError)) throw error;
    complain(`weir: ${error.message}\n`);
    return 1;
  }
}

/**
 * The program: the command `weir`, and in a Worker of the right name the data plane's thread. It loads what the command
 * needs and no more; `mod.ts` is the same with the library around it.
 *
 * @module
 */
import { DATA_PLANE_WORKER } from "./drivers/dataplane/worker_name.ts";

if ((globalThis as { name?: string }).name === DATA_PLANE_WORKER) {
  const { dataPlaneWorker } = await import("./drivers/dataplane/worker.ts");
  await dataPlaneWorker();
} else if (import.meta.main && Deno.args[0] === "nft") {
  // Before the other commands: it needs nothing of theirs, and a ruleset's check is mostly start.
  const { nft } = await import("./config/cli/nft.ts");
  Deno.exit(await nft(Deno.args.slice(1)));
} else if (import.meta.main) {
  const { main } = await import("./config/cli/main.ts");
  Deno.exit(await main(Deno.args));
}

/**
 * weir: an edge router in TypeScript. As a library this is the data plane (`core/`) and what puts it onto a machine;
 * run as a program it is the command `weir`, and in a Worker of the right name the data plane's thread.
 *
 * @module
 */
import { DATA_PLANE_WORKER } from "./drivers/dataplane/worker_name.ts";

export * from "./core/mod.ts";
export { parseConfig } from "./config/load.ts";
export { checkFiles } from "./config/check_files.ts";
export { DataPlane } from "./drivers/dataplane/data_plane.ts";

if ((globalThis as { name?: string }).name === DATA_PLANE_WORKER) {
  const { dataPlaneWorker } = await import("./drivers/dataplane/worker.ts");
  await dataPlaneWorker();
} else if (import.meta.main) {
  const { main } = await import("./config/cli/main.ts");
  Deno.exit(await main(Deno.args));
}

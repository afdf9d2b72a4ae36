import type { NftOptions } from "../../core/nft/options.ts";
import { OP_CRYPTO, OP_FAULT, OP_STATISTICS } from "../../drivers/dataplane/operations.ts";
import type { ControlPlane } from "../control_plane.ts";
import { includePlaces, readerIn } from "../file_reader.ts";
import { eventStream } from "./event_stream.ts";
import { flowFilter } from "./flow_selection.ts";
import type { Request } from "./request.ts";
import type { Reply } from "./server.ts";
import { xfrm } from "./xfrm.ts";

/** Carries out a request of the control socket; the result is the exit status of the command that sent it. */
export async function handle(router: ControlPlane, request: Request, reply: Reply): Promise<number> {
  switch (request.command) {
    case "reload": {
      const outcome = await router.reload();
      if (!outcome.ok) await reply.err(`${outcome.error}Nothing applied.\n`);
      return outcome.ok ? 0 : 1;
    }
    case "status":
      await reply.value(router.status());
      return 0;
    case "fault":
      return await fault(router, reply);
    case "nft":
      return await nft(router, request, reply);
    case "conntrack":
      return await conntrack(router, request, reply);
    case "crypto":
      await reply.value(await router.dataPlane?.query(OP_CRYPTO) ?? []);
      return 0;
    case "xfrm":
      return await xfrm(router, request, reply);
  }
}

async function fault(router: ControlPlane, reply: Reply): Promise<number> {
  if (router.dataPlane === undefined || Deno.env.get("WEIR_FAULTS") !== "1") {
    await reply.err("no faults here: they are for tests of a router started with WEIR_FAULTS=1\n");
    return 1;
  }
  await router.dataPlane.query(OP_FAULT);
  return 0;
}

type Of<C extends Request["command"]> = Extract<Request, { command: C }>;

async function nft(router: ControlPlane, request: Of<"nft">, reply: Reply): Promise<number> {
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
    ...(defines === undefined ? {} : { defines: new Map(Object.entries(defines)) }),
    ...(includePaths === undefined ? {} : { includePaths: includePlaces(directory ?? ".", includePaths) }),
    ...(workingDirectory === undefined ? {} : { reader: readerIn(workingDirectory) }),
  };
  if (/^\s*monitor\b/.test(text) && name === "") return await monitor(router, text, options, reply);
  const result = await router.run(text, name, {
    ...options,
    ...(reply.pid === undefined ? {} : { process: { pid: reply.pid, name: processName(reply.pid) } }),
    ...(directory === undefined ? {} : { directory }),
  });
  const err = () => (result.error === "" ? Promise.resolve() : reply.err(result.error));
  // what was merged reads before what it became
  if (request.optimize === true) await err();
  await inPieces(result.output, (piece) => reply.out(piece));
  if (request.optimize !== true) await err();
  return result.ok ? 0 : 1;
}

/** Streams until the peer goes away. */
async function monitor(
  router: ControlPlane,
  text: string,
  options: NftOptions,
  reply: Reply,
): Promise<number> {
  const events = eventStream(reply, "#");
  const watching = router.monitor(text, events.tell, options);
  if (!watching.ok) {
    await reply.err(watching.error);
    return 1;
  }
  await events.end;
  watching.close();
  return 0;
}

/** As ps shows it. */
function processName(pid: number): string {
  try {
    return Deno.readTextFileSync(`/proc/${pid}/comm`).trimEnd();
  } catch {
    return "gone";
  }
}

async function conntrack(router: ControlPlane, request: Of<"conntrack">, reply: Reply): Promise<number> {
  const { dataPlane } = router, failed = dataPlane?.status().failed;
  if (dataPlane === undefined || failed !== undefined) {
    await reply.err(`weir conntrack: ${failed ?? "the data plane does not run"}\n`);
    return 1;
  }
  const selected = flowFilter(request.selection);
  if (!selected.ok) {
    await reply.err(`weir conntrack: ${selected.error}\n`);
    return 1;
  }
  const everything = Object.keys(selected.filter).length === 0;
  switch (request.action) {
    case "count":
      await reply.out(`${dataPlane.status().flows}\n`);
      return 0;
    case "statistics":
      await reply.out(`${(await dataPlane.query(OP_STATISTICS)).filter((line) => line !== "").join(" ")}\n`);
      return 0;
    case "list":
      return await lines(await dataPlane.flows(everything ? undefined : selected.filter), "shown", reply);
    case "delete":
      return await lines(await dataPlane.deleteFlows(selected.filter), "deleted", reply);
  }
}

/** As conntrack(8): the flows on standard output, how many on standard error. */
async function lines(flows: readonly string[], verb: string, reply: Reply): Promise<number> {
  for (let at = 0; at < flows.length; at += LINES) {
    await reply.out(flows.slice(at, at + LINES).join("\n") + "\n");
  }
  await reply.err(`weir conntrack: ${flows.length} flow entries have been ${verb}.\n`);
  return verb === "deleted" && flows.length === 0 ? 1 : 0;
}

const LINES = 1000, PIECE = 1 << 18;

/** Cut behind line ends, so that no character is cut in two. */
async function inPieces(text: string, send: (piece: string) => Promise<void>): Promise<void> {
  for (let at = 0; at < text.length;) {
    const newline = text.indexOf("\n", at + PIECE);
    const end = newline < 0 ? text.length : newline + 1;
    await send(text.slice(at, end));
    at = end;
  }
}

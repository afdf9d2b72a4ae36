import { DataPlane } from "../../drivers/dataplane/data_plane.ts";
import { clock } from "../../drivers/sys/clock.ts";
import { libc } from "../../drivers/sys/libc.ts";
import { InstanceLock } from "../../drivers/sys/lock.ts";
import { NamespaceLock } from "../../drivers/sys/namespace_lock.ts";
import { peerCredentials } from "../../drivers/sys/peer_credentials.ts";
import { recoverQuiet } from "../../drivers/sys/quiet.ts";
import { notifyService } from "../../drivers/sys/service_notify.ts";
import { adminUrls } from "../admin/listeners.ts";
import { checkFiles } from "../check_files.ts";
import { ControlPlane, type Log } from "../control_plane.ts";
import { handle } from "../control/handle.ts";
import { AlreadyRunning, ControlServer } from "../control/server.ts";
import { DeathReports } from "../death_reports.ts";
import { readFiles } from "../files.ts";
import { KernelHost } from "../host/kernel_host.ts";
import { startLog } from "../log.ts";
import { directoryOf } from "../paths.ts";
import { complain } from "./output.ts";
import { configPath, socketPath } from "./place.ts";

export interface RunOptions {
  readonly config?: string;
  readonly socket?: string;
  /** Split CPU time by stage. */
  readonly measure?: boolean;
  /** Go on when the process that started us ends. */
  readonly detached?: boolean;
}

/**
 * `weir run`: the router, in the network namespace of the process.
 *
 * Life-cycle  check the files -> lock -> put back what a killed run left -> control plane, data plane, control socket ->
 *             until SIGINT, SIGTERM or the end of the parent -> everything back. SIGHUP reloads.
 * Failure     what keeps it from running is said, and the exit status is 1; then nothing was changed.
 */
export async function run(options: RunOptions): Promise<number> {
  const path = configPath(options.config), socket = socketPath(options.socket);
  const checked = checkFiles(path);
  if (!checked.ok) {
    complain(checked.messages);
    return 1;
  }
  const log = startLog(logLevel(path), complain);
  let machine: Taken;
  try {
    machine = takeMachine(directoryOf(socket));
  } catch (error) {
    complain(`weir: ${reason(error)}\n`);
    return 1;
  }
  try {
    return await route(options, { path, socket, host: machine.host, log });
  } finally {
    machine.host.close();
    for (const lock of machine.locks) lock.release();
  }
}

interface Taken {
  readonly host: KernelHost;
  readonly locks: readonly { release(): void }[];
}

/** Locks first: wires and files may be in use by another router. */
function takeMachine(directory: string): Taken {
  if (libc.geteuid() !== 0) throw new Error("a router needs root: it opens network devices");
  Deno.mkdirSync(directory, { recursive: true, mode: 0o755 });
  const locks: { release(): void }[] = [], stateFile = `${directory}/state.json`;
  try {
    locks.push(new InstanceLock(`${directory}/lock`));
    locks.push(new NamespaceLock());
    recoverQuiet(stateFile);
    return { host: new KernelHost(stateFile), locks };
  } catch (error) {
    for (const lock of locks) lock.release();
    throw error;
  }
}

interface Machine {
  readonly path: string;
  readonly socket: string;
  readonly host: KernelHost;
  readonly log: Log;
}

async function route(options: RunOptions, { path, socket, host, log }: Machine): Promise<number> {
  const entry = workerEntry(), deaths = new DeathReports(directoryOf(socket));
  const router = new ControlPlane({
    path,
    host,
    log,
    clock,
    startDataPlane: (options) => DataPlane.start(options),
    measure: options.measure ?? false,
    keepDeath: (error, pcap) => deaths.keep(error, pcap),
    ...(entry === undefined ? {} : { entry }),
  });
  const ending = endOf(options);
  const control = new ControlServer({
    path: socket,
    handle: (request, reply) => handle(router, request, reply),
    credentials: peerCredentials,
    allowed: ({ uid }) => uid === 0 || uid === Deno.uid(),
    failed: (error) => log("error", reason(error)),
  });
  // Before the first plan: a SIGHUP meanwhile must wait its turn, not end the process with the host half changed.
  const reload = () => void router.reload().then((outcome) => tellReload(outcome, path, log));
  Deno.addSignalListener("SIGHUP", reload);
  const started = await router.reload();
  if (!started.ok) {
    complain(started.error);
    await router.stop();
    return 1;
  }
  try {
    await control.listen();
  } catch (error) {
    complain(`weir: ${error instanceof AlreadyRunning ? error.message : `${socket}: ${reason(error)}`}\n`);
    await router.stop();
    return 1;
  }
  const timers = [setInterval(() => router.drainLog(), 250), setInterval(() => router.tend(), 1000)];
  announce(path, log);
  const why = await ending;
  notify("STOPPING=1");
  log("info", `stopping: ${why}`);
  for (const timer of timers) clearInterval(timer);
  Deno.removeSignalListener("SIGHUP", reload);
  await Promise.all([control.close(), router.stop()]);
  return 0;
}

function tellReload(outcome: Awaited<ReturnType<ControlPlane["reload"]>>, path: string, log: Log): void {
  if (outcome.ok) log("info", `${path} reloaded`);
  else log("error", `reload refused, nothing applied\n${outcome.error.trimEnd()}`);
}

function announce(path: string, log: Log): void {
  const files = readFiles(path);
  const urls = files.ok ? adminUrls(files.config) : [];
  log("info", `routing as ${path} says${urls.length === 0 ? "" : `; admin at ${urls.join(", ")}`}`);
  notify("READY=1");
}

function notify(state: string): void {
  const path = Deno.env.get("NOTIFY_SOCKET");
  if (path !== undefined) notifyService(path, state);
}

/** Resolves with the reason to stop. */
function endOf(options: RunOptions): Promise<string> {
  return new Promise((resolve) => {
    for (const signal of ["SIGINT", "SIGTERM"] as const) {
      Deno.addSignalListener(signal, () => resolve(signal));
    }
    const parent = libc.getppid();
    if (options.detached || parent <= 1) return;
    const watch = setInterval(() => {
      if (libc.getppid() === parent) return;
      clearInterval(watch);
      resolve("the process that started it has ended");
    }, 100);
    Deno.unrefTimer(watch);
  });
}

/** One bundled file is the entry of every Worker; the source tree has a file for it. */
function workerEntry(): URL | undefined {
  return import.meta.url === Deno.mainModule || Deno.build.standalone ? new URL(Deno.mainModule) : undefined;
}

function logLevel(path: string) {
  const files = readFiles(path);
  return files.ok ? files.config.document.log?.value.level?.value ?? "info" : "info";
}

const reason = (error: unknown): string => (error instanceof Error ? error.message : String(error));

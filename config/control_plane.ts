import type { Clock } from "../core/clock.ts";
import { formatPrefix } from "../core/packet/address.ts";
import type { MonitorSink, NftMonitor } from "../core/nft/monitor/monitor.ts";
import type { NftOptions, NftResult } from "../core/nft/options.ts";
import type { RouterEvent } from "../core/router.ts";
import type { XfrmEvent } from "../core/xfrm/plan.ts";
import type {
  ApplyResult,
  DataPlane,
  DataPlaneOptions,
  DataPlaneStatus,
} from "../drivers/dataplane/data_plane.ts";
import { AdminListeners } from "./admin/listeners.ts";
import { Changes } from "./changes.ts";
import { type Config, deviceNames } from "./config.ts";
import { collector, renderDiagnostics } from "./diagnostic.ts";
import { defaultFlows, machineSecret } from "./environment.ts";
import { readFiles } from "./files.ts";
import { Devices, type Prepared } from "./host/devices.ts";
import type { Host } from "./host/host.ts";
import { Learned } from "./learned.ts";
import { interfaceNumbers } from "./numbers.ts";
import { buildPlan } from "./plan.ts";
import { Rules, type RunOptions } from "./rules.ts";
import type { RouterStatus } from "./status.ts";
import { VERSION } from "./version.ts";

/** The data plane as the control plane uses it. */
export type DataPlaneHandle = Pick<
  DataPlane,
  "apply" | "status" | "flows" | "deleteFlows" | "query" | "drainLog" | "listenToTraces" | "xfrm" | "stop"
>;

export type Log = (level: "debug" | "info" | "warning" | "error", message: string) => void;

export interface ControlPlaneOptions {
  /** Of the configuration. */
  readonly path: string;
  readonly host: Host;
  readonly log: Log;
  readonly clock: Clock;
  startDataPlane(options: DataPlaneOptions): Promise<DataPlaneHandle>;
  /** Entry module of the data plane's Worker, when the program is one bundled file. */
  readonly entry?: URL;
  /** Splits CPU time by stage. */
  readonly measure?: boolean;
  /** Keeps the report of the data plane's death and the batch it had in work; says where, empty when nowhere. */
  keepDeath?(error: string, pcap: Uint8Array): string;
}

export type Outcome = { readonly ok: true } | { readonly ok: false; readonly error: string };

/**
 * The control plane.
 *
 * Overview    holds the configuration in use, the ruleset and the host's devices, and gives the data plane its plans. A
 *             start and a reload are the same steps: read and check both files, prepare the host and the listeners,
 *             change the ruleset, hand over the plan. The first that fails undoes those before it: all or nothing.
 * Life-cycle  `reload` starts it too; then reload, run, status... -> `stop`.
 * Ownership   changes are carried out one after the other; only the data plane sees packets.
 * Limits      the flow table keeps the size of the first configuration.
 */
export class ControlPlane {
  readonly #options: ControlPlaneOptions;
  readonly #devices: Devices;
  readonly #rules: Rules;
  readonly #learned: Learned;
  readonly #admin: AdminListeners;
  readonly #interfaces = interfaceNumbers();
  readonly #xfrmListeners = new Set<(event: XfrmEvent) => void>();
  readonly #started: number;
  readonly #failed: (error: unknown) => void;
  #dataPlane: DataPlaneHandle | undefined;
  #running: Running | undefined;
  #generation = 0;
  #flows = 0;
  #error = "";
  #nextWarning = 0;
  #lostLines = 0;
  #lostTraces = 0;
  #turn: Promise<unknown> = Promise.resolve();

  constructor(options: ControlPlaneOptions) {
    const { host, log, clock } = options;
    this.#options = options;
    this.#started = clock.monotonic();
    this.#failed = (error) => log("error", reason(error));
    this.#devices = new Devices(host, this.#failed);
    const interfaceName = (index: number) => this.#interfaces.nameOf(index);
    const interfaceIndex = (name: string) => this.#interfaces.get(name);
    this.#rules = new Rules({ interfaceIndex, interfaceName }, () => clock.monotonic());
    const localDevice = (name: string) => this.#devices.localDevice(name);
    const portName = (number: number) => this.#devices.nameOf(number);
    this.#learned = new Learned({ host, interfaceName, localDevice, portName, log });
    this.#admin = new AdminListeners(clock, () => this.status(), this.#failed);
  }

  /** Takes on what the files say now, whole or not at all. */
  reload(): Promise<Outcome> {
    return this.#exclusive(async () => {
      const changes = new Changes(this.#failed);
      let outcome: Outcome;
      try {
        outcome = await this.#load(changes);
      } catch (error) {
        outcome = { ok: false, error: `weir: ${reason(error)}\n` };
      }
      if (outcome.ok) changes.keep();
      else changes.undo();
      this.#error = outcome.ok ? "" : outcome.error;
      return outcome;
    });
  }

  async #load(changes: Changes): Promise<Outcome> {
    const files = readFiles(this.#options.path);
    if (!files.ok) return files;
    const { config, ruleset, directory, warnings } = files;
    changes.made(this.#interfaces.become(deviceNames(config)));
    const checked = this.#rules.check(ruleset, directory);
    if (!checked.ok) return { ok: false, error: checked.error };

    const { diagnostics, report } = collector();
    const prepared = this.#devices.prepare(config, report);
    if (prepared === undefined) return { ok: false, error: renderDiagnostics(diagnostics) };
    changes.made(() => prepared.undo());
    changes.later(() => prepared.keep());
    const admin = this.#admin.prepare(config);
    changes.made(() => admin.undo());
    changes.later(() => admin.keep());

    const replaced = this.#rules.replace(ruleset, directory);
    if (!replaced.ok) return { ok: false, error: replaced.error };
    const running = { config, prepared, loaded: new Date().toISOString() };
    const outcome = await this.#enact(running, prepared.opened);
    for (const text of outcome.ok ? [warnings, checked.error] : []) {
      if (text !== "") this.#options.log("warning", text.trimEnd());
    }
    return outcome;
  }

  /**
   * Hands configuration and ruleset to the data plane, and the ports `opened` for them: each port once. When it
   * refuses, the ruleset is as it was.
   */
  async #enact(running: Running, opened: Prepared["opened"]): Promise<Outcome> {
    const { config } = running;
    const applied = await this.#apply(running, opened);
    if (applied.ok) {
      this.#rules.applied();
      this.#running = running;
      this.#learned.keep(config.interfaces.map((entry) => entry.name.value));
      const wanted = config.document.conntrack?.value.max?.value;
      if (wanted !== undefined && wanted !== this.#flows) {
        this.#options.log("warning", `conntrack max stays ${this.#flows} until weir is started again`);
      }
      return { ok: true };
    }
    this.#rules.restore();
    // The restored rules count in cells of their own: the data plane must use those.
    if (this.#running !== undefined && (await this.#apply(this.#running, [])).ok) this.#rules.applied();
    return { ok: false, error: `weir: ${applied.error ?? "the data plane refused the plan"}\n` };
  }

  async #apply({ config, prepared }: Running, opened: Prepared["opened"]): Promise<ApplyResult> {
    const generation = ++this.#generation;
    const hostname = Deno.hostname();
    const flows = this.#flows || (config.document.conntrack?.value.max?.value ?? defaultFlows());
    const environment = {
      generation,
      hostname,
      flows,
      interfaceIndex: (name: string) => this.#interfaces.of(name),
    };
    const built = buildPlan(config, this.#rules.program(generation), { ...prepared, ...environment });
    const plan = { ...built, conntrack: { ...built.conntrack, flows } };
    if (this.#dataPlane !== undefined) return await this.#dataPlane.apply(plan, opened);
    const { startDataPlane, entry, measure, log } = this.#options;
    this.#dataPlane = await startDataPlane({
      ports: opened,
      plan,
      cells: this.#rules.cells,
      secret: machineSecret(),
      measure: measure ?? false,
      ...(entry === undefined ? {} : { entry }),
      onEvent: (event) => this.#take(event),
      onLog: (line) => log(...levelled(line)),
      onDeath: (error, pcap) => {
        const kept = this.#options.keepDeath?.(error, pcap) ?? "";
        log(
          "error",
          `the data plane died: ${error.split("\n")[0]}${kept === "" ? "" : `; its last batch: ${kept}`}`,
        );
      },
    });
    this.#flows = flows;
    return { ok: true, generation };
  }

  /** Carries out commands of the rule language; what they change is in force when this resolves. */
  run(text: string, name: string, options: RunOptions = {}): Promise<NftResult> {
    return this.#exclusive(async () => {
      const before = this.#rules.generation;
      const result = this.#rules.run(text, name, options);
      if (!result.ok || this.#rules.generation === before || this.#running === undefined) return result;
      const outcome = await this.#enact(this.#running, []);
      return outcome.ok ? result : { ...result, ok: false, error: outcome.error };
    });
  }

  /**
   * `monitor ...` of the rule language: what it asks for goes to `sink`, until `close` of the answer is called.
   */
  monitor(text: string, sink: MonitorSink, options: NftOptions = {}): NftMonitor {
    const monitor = this.#rules.monitor(text, sink, options);
    if (!monitor.ok || !monitor.traces) return monitor;
    const stop = this.#dataPlane?.listenToTraces((event) => monitor.trace(event));
    const timer = setInterval(() => this.drainLog(), TRACE_INTERVAL);
    return {
      ...monitor,
      close: () => {
        clearInterval(timer);
        stop?.();
        monitor.close();
      },
    };
  }

  /** Tells `listener` of states and policies of IPsec that come, change and go, until what it answers is called. */
  listenToXfrm(listener: (event: XfrmEvent) => void): () => void {
    this.#xfrmListeners.add(listener);
    return () => this.#xfrmListeners.delete(listener);
  }

  #take(event: RouterEvent): void {
    if (event.kind !== "xfrm") return this.#learned.take(event);
    if (event.change === "failed") this.#options.log("error", `ipsec: ${event.what}: ${event.error}`);
    for (const listener of this.#xfrmListeners) listener(event);
  }

  /** The data plane, for questions about flows. Undefined before the first configuration. */
  get dataPlane(): DataPlaneHandle | undefined {
    return this.#dataPlane;
  }

  status(): RouterStatus {
    const data = this.#dataPlane?.status(), running = this.#running;
    const up = new Map(this.#options.host.devices().map((device) => [device.name, device.running]));
    const document = running?.config.document;
    return {
      hostname: document?.hostname?.value ?? Deno.hostname(),
      version: VERSION,
      config: { path: this.#options.path, loaded: running?.loaded ?? "", error: this.#error },
      generation: data?.generation ?? 0,
      uptime: Math.round(this.#options.clock.monotonic() - this.#started) / 1000,
      ports: (data?.ports ?? []).flatMap(({ number, ...port }) => {
        const name = this.#devices.nameOf(number);
        return name === undefined ? [] : [{ ...port, name, up: up.get(port.device) ?? false }];
      }),
      interfaces: (running?.config.interfaces ?? []).map((entry) => ({
        name: entry.name.value,
        ports: entry.members,
        addresses: [
          ...(entry.settings.addresses ?? []).map(({ value }) => formatPrefix(value)),
          ...this.#learned.addresses(entry.name.value),
        ],
      })),
      batches: data?.batches ?? 0,
      packets: data?.packets ?? 0,
      forwarded: data?.forwarded ?? 0,
      flows: { count: data?.flows ?? 0, max: data?.maximumFlows ?? 0 },
      cpu: data?.cpuNanoseconds ?? { total: 0, receive: 0, process: 0, transmit: 0 },
      drops: data?.drops ?? {},
      deaths: data?.deaths ?? 0,
      failed: data?.failed ?? "",
    };
  }

  /** Passes on what rules logged; to be called a few times a second. */
  drainLog(): void {
    this.#dataPlane?.drainLog().catch(this.#failed);
  }

  /** Looks after devices that came back, and after the flow table; to be called about once a second. */
  tend(): void {
    try {
      this.#devices.tend();
    } catch (error) {
      this.#failed(error);
    }
    const data = this.#dataPlane?.status();
    if (data === undefined) return;
    this.#warnOfFullTable(data);
    this.#warnOfLostLines(data);
  }

  #warnOfLostLines({ lostLines, lostTraces }: DataPlaneStatus): void {
    const missed = lostTraces - this.#lostTraces;
    this.#lostTraces = lostTraces;
    if (missed > 0) {
      this.#options.log("warning", `${missed} trace events are lost: they came faster than they are told`);
    }
    const lost = lostLines - this.#lostLines;
    this.#lostLines = lostLines;
    if (lost > 0) {
      this.#options.log(
        "warning",
        `${lost} lines of rules that log are lost: they came faster than they are written`,
      );
    }
  }

  #warnOfFullTable(data: DataPlaneStatus): void {
    const now = this.#options.clock.monotonic();
    if (data.flows < FULL * data.maximumFlows || now < this.#nextWarning) return;
    this.#nextWarning = now + WARNING_INTERVAL;
    const filled = `the flow table is full: ${data.flows} of ${data.maximumFlows} flows`;
    this.#options.log("warning", `${filled}; new ones displace the oldest unanswered ones, or are dropped`);
  }

  /** Stops the data plane and puts back what was changed of the host. */
  async stop(): Promise<void> {
    await this.#exclusive(async () => {
      this.#admin.close();
      await this.#dataPlane?.stop();
      this.#devices.close();
    });
  }

  /** One change at a time, in the order they were asked for. */
  #exclusive<T>(change: () => Promise<T>): Promise<T> {
    const result = this.#turn.then(change);
    this.#turn = result.catch(() => {});
    return result;
  }
}

interface Running {
  readonly config: Config;
  readonly prepared: Prepared;
  /** When it was read, ISO 8601. */
  readonly loaded: string;
}

/** A line of a rule's `log` begins with its syslog level, as the kernel's do: `<4>`. */
function levelled(line: string): Parameters<Log> {
  const match = /^<([0-7])>/.exec(line);
  const text = match === null ? line : line.slice(match[0].length), number = Number(match?.[1] ?? 6);
  return [number < 4 ? "error" : number === 4 ? "warning" : number < 7 ? "info" : "debug", text];
}

/** Milliseconds between looks for trace events while somebody listens. */
const TRACE_INTERVAL = 50;
/** Share of the flow table that counts as full. */
const FULL = 0.9;
/** Milliseconds between two complaints about one thing. */
const WARNING_INTERVAL = 60_000;

const reason = (error: unknown): string => (error instanceof Error ? error.message : String(error));

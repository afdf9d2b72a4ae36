import { NUMBERS } from "../../core/xfrm/state.ts";
import { MOST_STATES } from "../../core/xfrm/states.ts";
import { DROP_REASONS } from "../../core/forward/drops.ts";
import type { FlowFilter } from "../../core/conntrack/filter.ts";
import { tableLayout } from "../../core/conntrack/layout.ts";
import type { TraceEvent } from "../../core/expr/trace_event.ts";
import type { RouterPlan } from "../../core/plan.ts";
import { type PortCounters, portCounters } from "../../core/port.ts";
import type { RouterEvent } from "../../core/router.ts";
import type { XfrmAnswer } from "../../core/xfrm/commands.ts";
import { CounterCells } from "../port/counter_cells.ts";
import { adoptPort, type PortDescription } from "../port/registry.ts";
import { WakeEvent } from "../sys/event.ts";
import type { FromDataPlane, NumberedPort, ToDataPlane } from "./messages.ts";
import { OP_DELETE_FLOWS, OP_FLOWS, writeFilter } from "./operations.ts";
import { type Answer, AnswerRing, COMMAND_WORDS, CommandRing, ringMemory, TRACE_SEQUENCE } from "./rings.ts";
import * as shared from "./shared.ts";
import { traceEvent } from "./trace_line.ts";
import { XfrmRecords } from "./xfrm_records.ts";
import { DATA_PLANE_WORKER } from "./worker_name.ts";

/**
 * The data plane as the control plane holds it.
 *
 * Overview    one Worker that owns the packet path; this object starts it over open ports, hands it plans, asks it
 *             through rings, and starts another one over the same ports and tables when it dies.
 * Life-cycle  start -> apply... -> stop. Three deaths within a minute end it: nothing is forwarded any more, and
 *             `failed` says why. What is asked while it is dead waits for the next Worker; what was on its way is
 *             refused.
 * Ownership   port descriptors are the Worker's from the first plan that names them; after a stop they are closed.
 */
export class DataPlane {
  readonly #options: DataPlaneOptions;
  readonly #shared: shared.SharedState;
  readonly #control: Int32Array;
  readonly #status: Float64Array;
  readonly #commands: CommandRing;
  readonly #answers: AnswerRing;
  readonly #wake = WakeEvent.create();
  readonly #ports: NumberedPort[];
  readonly #seed = crypto.getRandomValues(new Uint32Array(1))[0]!;
  readonly #secret: Uint8Array;
  #worker: Worker | undefined;
  /** The next Worker, for after a death: loading the code takes longer than all the rest of a restart. */
  #standby: Standby | undefined;
  #loading: ReturnType<typeof setTimeout> | undefined;
  #plan: RouterPlan;
  readonly #waiting: Waiting[] = [];
  readonly #traces = new Set<(event: TraceEvent) => void>();
  /** States and policies of IPsec, for the next Worker. */
  readonly #xfrm = new XfrmRecords();
  #deaths: number[] = [];
  /** Resolves when a Worker has the plan, or none will. */
  #launched: Promise<void> = Promise.resolve();
  #launching = false;
  #sequence = 0;
  #queries: Promise<unknown> = Promise.resolve();
  #stopping = false;
  /** Why nothing is forwarded any more; undefined while all is well. */
  failed: string | undefined;

  private constructor(options: DataPlaneOptions) {
    this.#options = options;
    this.#plan = options.plan;
    this.#ports = [...options.ports];
    this.#secret = options.secret;
    this.#shared = {
      control: new SharedArrayBuffer(shared.CONTROL_WORDS * 4),
      status: new SharedArrayBuffer(shared.STATUS_CELLS * 8),
      flowTable: new SharedArrayBuffer(tableLayout(options.plan.conntrack.flows).bytes),
      sequences: new SharedArrayBuffer(MOST_STATES * NUMBERS * 4),
      cells: options.cells,
      commands: ringMemory(COMMAND_WORDS * 4 * 64),
      answers: ringMemory(1 << 20),
    };
    this.#control = new Int32Array(this.#shared.control);
    this.#status = new Float64Array(this.#shared.status);
    this.#commands = new CommandRing(this.#shared.commands);
    this.#answers = new AnswerRing(this.#shared.answers);
  }

  /** Starts the Worker on open ports; resolves when the plan is applied. */
  static async start(options: DataPlaneOptions): Promise<DataPlane> {
    const plane = new DataPlane(options);
    try {
      await plane.#launch();
    } catch (error) {
      plane.#worker?.terminate();
      plane.#wake.close();
      throw error;
    }
    return plane;
  }

  async #launch(): Promise<void> {
    this.#launching = true;
    try {
      await this.#begin();
    } finally {
      this.#launching = false;
    }
  }

  async #begin(): Promise<void> {
    const { worker, ready } = this.#standby ?? this.#load();
    this.#standby = undefined;
    this.#worker = worker;
    await ready;
    Atomics.store(this.#control, shared.CONTROL_POSTED, 1);
    const applied = this.#until("applied");
    this.#post({
      kind: "start",
      ports: this.#ports,
      plan: this.#plan,
      shared: this.#shared,
      wake: this.#wake.fd,
      seed: this.#seed,
      secret: this.#secret,
      ...this.#xfrm.ledger(),
      measure: this.#options.measure ?? false,
    });
    await applied;
    if (this.#stopping) return;
    clearTimeout(this.#loading);
    this.#loading = setTimeout(() => this.#standby ??= this.#load(), STANDBY_DELAY);
  }

  /** A Worker with its code loaded, waiting for "start". */
  #load(): Standby {
    const worker = new Worker(this.#options.entry ?? new URL("./entry.ts", import.meta.url), {
      type: "module",
      name: DATA_PLANE_WORKER,
    });
    const ready = new Promise<void>((resolve, reject) => {
      worker.onmessage = (event: MessageEvent<FromDataPlane>) => {
        if (event.data.kind === "ready") resolve();
        else if (this.#worker === worker) this.#message(event.data);
      };
      worker.onerror = (event) => {
        event.preventDefault();
        reject(new Error(event.message));
        if (this.#worker !== worker) return;
        this.#message({ kind: "died", error: event.message, pcap: new Uint8Array(0) });
      };
    });
    ready.catch(() => {});
    return { worker, ready };
  }

  #post(message: ToDataPlane): void {
    this.#worker?.postMessage(message);
  }

  /** The next message of a kind, with this number where it has one. */
  #until(kind: FromDataPlane["kind"], number?: number): Promise<FromDataPlane> {
    const message = new Promise<FromDataPlane>((resolve, reject) =>
      this.#waiting.push({ kind, number, resolve, reject })
    );
    message.catch(() => {});
    return message;
  }

  #message(message: FromDataPlane): void {
    for (const waiting of this.#waiting.splice(0)) {
      const own = message.kind === waiting.kind &&
        (message.kind !== "xfrm" || message.number === waiting.number);
      if (own) waiting.resolve(message);
      else if (message.kind !== "died") this.#waiting.push(waiting);
      else waiting.reject(new Error(`the data plane died: ${message.error}`));
    }
    if (message.kind === "event") {
      if (message.event.kind === "xfrm") this.#xfrm.take(message.event);
      this.#options.onEvent?.(message.event);
    }
    if (message.kind === "died" && !this.#launching) {
      this.#launched = this.#revive(message.error, message.pcap);
    }
  }

  /** A new Worker adopts descriptors and tables; at most DEATHS within a minute. */
  async #revive(error: string, pcap: Uint8Array): Promise<void> {
    this.#worker?.terminate();
    this.#worker = undefined;
    this.#deaths = [...this.#recentDeaths(), performance.now()];
    this.#options.onDeath?.(error, pcap);
    if (this.#stopping) return;
    if (this.#deaths.length >= DEATHS) {
      this.failed = `the data plane died ${DEATHS} times within a minute: ${error.split("\n")[0]}`;
      return;
    }
    try {
      await this.#launch();
    } catch (reason) {
      if (this.#stopping) return;
      await this.#revive(reason instanceof Error ? reason.message : String(reason), new Uint8Array(0));
    }
  }

  #recentDeaths(): number[] {
    const now = performance.now();
    return this.#deaths.filter((at) => now - at < MINUTE);
  }

  /** Makes the data plane take on a plan between two batches, with ports it has not seen yet. */
  apply(plan: RouterPlan, ports: readonly NumberedPort[] = []): Promise<ApplyResult> {
    return this.#exclusive(async () => {
      await this.#launched;
      const refused = (error: string) => ({ ok: false, generation: this.#plan.generation, error });
      if (this.failed !== undefined || this.#stopping) return refused(this.failed ?? STOPPING);
      const twice = ports.find(({ number }) => this.#ports.some((port) => port.number === number));
      // Two readers of one ring give each other's slots back, and never agree again where they are.
      if (twice !== undefined) return refused(`port ${twice.description.name} is in use already`);
      const applied = this.#until("applied");
      this.#post({ kind: "plan", plan, ports });
      Atomics.add(this.#control, shared.CONTROL_POSTED, 1);
      this.#wake.signal();
      let message: FromDataPlane;
      try {
        message = await applied;
      } catch (error) {
        // the next Worker starts with the plan before this one
        return refused(error instanceof Error ? error.message : String(error));
      }
      this.#plan = plan;
      this.#ports.push(...ports);
      const error = message.kind === "applied" ? message.error : undefined;
      return {
        ok: error === undefined,
        generation: plan.generation,
        ...(error === undefined ? {} : { error }),
      };
    });
  }

  /** What the shared cells say now. */
  status(): DataPlaneStatus {
    const cell = (at: number) => this.#status[at]!;
    const drops: Record<string, number> = {};
    DROP_REASONS.forEach((reason, i) => {
      const count = cell(shared.STATUS_DROPS + i);
      if (count > 0) drops[reason] = count;
    });
    return {
      generation: cell(shared.STATUS_GENERATION),
      batches: cell(shared.STATUS_BATCHES),
      packets: cell(shared.STATUS_PACKETS),
      forwarded: cell(shared.STATUS_FORWARDED),
      flows: cell(shared.STATUS_FLOWS),
      maximumFlows: this.#plan.conntrack.flows,
      poolFree: cell(shared.STATUS_POOL),
      cpuNanoseconds: {
        total: cell(shared.STATUS_CPU),
        receive: cell(shared.STATUS_CPU_RECEIVE),
        process: cell(shared.STATUS_CPU_PROCESS),
        transmit: cell(shared.STATUS_CPU_TRANSMIT),
      },
      heartbeat: cell(shared.STATUS_HEARTBEAT),
      lostLines: cell(shared.STATUS_LOST_LINES),
      lostTraces: cell(shared.STATUS_LOST_TRACES),
      deaths: this.#recentDeaths().length,
      drops,
      ports: this.#ports.map(({ number, description }) => ({
        number,
        name: description.name,
        kind: description.kind,
        device: "device" in description ? description.device : "",
        ...countersOf(description),
      })),
      ...(this.failed === undefined ? {} : { failed: this.failed }),
    };
  }

  /** Lines of an operation (OP_*). */
  query(operation: number, filter?: FlowFilter, limit = 0): Promise<string[]> {
    return this.#exclusive(async () => {
      await this.#launched;
      if (this.failed !== undefined || this.#stopping) throw new Error(this.failed ?? STOPPING);
      const command = new Int32Array(COMMAND_WORDS), sequence = ++this.#sequence;
      command.set([operation, sequence, 0, limit]);
      if (filter !== undefined) writeFilter(command, filter);
      if (!this.#commands.submit(command)) throw new Error("the data plane does not take commands");
      this.#wake.signal();
      const lines: string[] = [], deadline = performance.now() + QUERY_PATIENCE, worker = this.#worker;
      while (performance.now() < deadline) {
        const answer = this.#answers.read();
        if (answer === undefined) await this.#answers.wait(100);
        else if (answer.sequence <= 0) this.#unasked(answer);
        else if (answer.sequence === sequence) {
          if (answer.last) return answer.text === "" ? lines : [...lines, answer.text];
          lines.push(answer.text);
        }
        if (this.#stopping) throw new Error(STOPPING);
        if (this.#worker !== worker) throw new Error("the data plane died before it had answered");
      }
      throw new Error("the data plane did not answer in time");
    });
  }

  /**
   * Carries out a command of `ip xfrm`: the words behind `xfrm`. The answer says what was printed, or why nothing was
   * changed; where none comes this rejects.
   */
  xfrm(words: readonly string[], json: boolean): Promise<XfrmAnswer> {
    return this.#exclusive(async () => {
      await this.#launched;
      if (this.failed !== undefined || this.#stopping) throw new Error(this.failed ?? STOPPING);
      const number = ++this.#sequence, answer = this.#until("xfrm", number);
      this.#post({ kind: "xfrm", number, words, json });
      Atomics.add(this.#control, shared.CONTROL_POSTED, 1);
      this.#wake.signal();
      let timer: ReturnType<typeof setTimeout> | undefined;
      const patience = new Promise<never>((_, reject) => {
        timer = setTimeout(() => reject(new Error("the data plane did not answer in time")), QUERY_PATIENCE);
      });
      try {
        const message = await Promise.race([answer, patience]);
        if (message.kind !== "xfrm") throw new TypeError("an answer of another kind");
        const { kind: _kind, number: _number, ...rest } = message;
        return rest;
      } finally {
        clearTimeout(timer);
      }
    });
  }

  /** Lines as `conntrack -L` prints them; `limit` 0 for all. */
  async flows(filter?: FlowFilter, limit = 0): Promise<string[]> {
    return (await this.query(OP_FLOWS, filter, limit)).slice(0, -1);
  }

  /** Deletes flows; returns their lines. */
  async deleteFlows(filter: FlowFilter): Promise<string[]> {
    return (await this.query(OP_DELETE_FLOWS, filter)).slice(0, -1);
  }

  /** Hands trace events to `listener`, until what it answers is called. They come with `drainLog`. */
  listenToTraces(listener: (event: TraceEvent) => void): () => void {
    this.#traces.add(listener);
    Atomics.store(this.#control, shared.CONTROL_TRACE, this.#traces.size);
    return () => {
      this.#traces.delete(listener);
      Atomics.store(this.#control, shared.CONTROL_TRACE, this.#traces.size);
    };
  }

  #unasked({ sequence, text }: Answer): void {
    if (sequence === 0) return this.#options.onLog?.(text);
    if (sequence !== TRACE_SEQUENCE || this.#traces.size === 0) return;
    const event = traceEvent(text);
    for (const listener of this.#traces) listener(event);
  }

  /** Takes log lines nobody asked for out of the answer ring; to be called now and then. */
  drainLog(): Promise<void> {
    return this.#exclusive(() => {
      for (let answer = this.#answers.read(); answer !== undefined; answer = this.#answers.read()) {
        if (answer.sequence <= 0) this.#unasked(answer);
      }
      return Promise.resolve();
    });
  }

  /** One at a time: answers of two queries would mix, and plans must not overtake each other. */
  #exclusive<T>(run: () => Promise<T>): Promise<T> {
    const result = this.#queries.then(run);
    this.#queries = result.catch(() => {});
    return result;
  }

  /** Stop word, wake, wait for the Worker to close its ports. */
  async stop(): Promise<void> {
    if (this.#stopping) return;
    this.#stopping = true;
    clearTimeout(this.#loading);
    this.#standby?.worker.terminate();
    const worker = this.#worker;
    Atomics.store(this.#control, shared.CONTROL_STOP, 1);
    this.#wake.signal();
    if (worker !== undefined && this.failed === undefined) {
      let timer: ReturnType<typeof setTimeout> | undefined;
      const patience = new Promise<void>((resolve) => timer = setTimeout(resolve, STOP_PATIENCE));
      await Promise.race([this.#until("stopped").catch(() => {}), patience]);
      clearTimeout(timer);
    } else for (const { description } of this.#ports) adoptPort(description).close();
    worker?.terminate();
    for (const { reject } of this.#waiting.splice(0)) reject(new Error(STOPPING));
    this.#wake.close();
  }
}

/** Who waits for a message of a kind. */
interface Waiting {
  readonly kind: FromDataPlane["kind"];
  readonly number: number | undefined;
  resolve(message: FromDataPlane): void;
  reject(error: Error): void;
}

interface Standby {
  readonly worker: Worker;
  /** Rejects when the code cannot be loaded. */
  readonly ready: Promise<void>;
}

export interface DataPlaneOptions {
  /** Open ports; each is named by its number in the plan. */
  readonly ports: readonly NumberedPort[];
  readonly plan: RouterPlan;
  /** The ruleset's cells. */
  readonly cells: SharedArrayBuffer;
  /** 16 bytes, kept over restarts where stable generated addresses are wanted. */
  readonly secret: Uint8Array;
  readonly measure?: boolean;
  /** Module that calls `dataPlaneWorker` when its Worker's name is DATA_PLANE_WORKER. */
  readonly entry?: URL;
  readonly onEvent?: (event: RouterEvent) => void;
  readonly onLog?: (line: string) => void;
  readonly onDeath?: (error: string, pcap: Uint8Array) => void;
}

export interface ApplyResult {
  readonly ok: boolean;
  readonly generation: number;
  readonly error?: string;
}

export interface DataPlaneStatus {
  readonly generation: number;
  readonly batches: number;
  readonly packets: number;
  readonly forwarded: number;
  readonly flows: number;
  readonly maximumFlows: number;
  readonly poolFree: number;
  readonly cpuNanoseconds: { total: number; receive: number; process: number; transmit: number };
  /** Monotonic milliseconds of the last look at the cells. */
  readonly heartbeat: number;
  readonly lostLines: number;
  /** Trace events that found no room. */
  readonly lostTraces: number;
  readonly deaths: number;
  /** Packets dropped, by reason; reasons that never happened are left out. */
  readonly drops: Readonly<Record<string, number>>;
  readonly ports: readonly (PortCounters & {
    readonly number: number;
    readonly name: string;
    readonly kind: string;
    readonly device: string;
  })[];
  readonly failed?: string;
}

/** Counters as plain data; ports without shared ones count for the data plane alone. */
function countersOf(description: PortDescription): PortCounters {
  if (!("state" in description)) return portCounters();
  const { rxPackets, rxBytes, rxDropped, txPackets, txBytes, txDropped, errors } = new CounterCells(
    description.state,
  );
  return { rxPackets, rxBytes, rxDropped, txPackets, txBytes, txDropped, errors };
}

const STOPPING = "the router is stopping";
const DEATHS = 3;
/** Milliseconds after a start until the next Worker is made ready: not while everything else starts too. */
const STANDBY_DELAY = 1000;
/** Milliseconds. */
const MINUTE = 60_000;
const QUERY_PATIENCE = 30_000;
const STOP_PATIENCE = 150;

import { SeededRandom } from "../../core/random.ts";
import { Router } from "../../core/router.ts";
import { LINKTYPE_ETHERNET, PcapWriter } from "../../core/packet/pcap.ts";
import { closeTogether } from "../sys/close_together.ts";
import { answerXfrm } from "../../core/xfrm/commands.ts";
import { clock, Stopwatch } from "../sys/clock.ts";
import { DataPlaneCrypto } from "./crypto.ts";
import { adoptPort } from "../port/registry.ts";
import type { DevicePort } from "../port/device_port.ts";
import { WakeEvent } from "../sys/event.ts";
import { Waiter } from "../sys/waiter.ts";
import { logLine } from "./log_line.ts";
import type { FromDataPlane, NumberedPort, ToDataPlane } from "./messages.ts";
import { Operations } from "./operations.ts";
import { AnswerRing, CommandRing, TRACE_SEQUENCE } from "./rings.ts";
import { traceLine } from "./trace_line.ts";
import {
  CONTROL_POSTED,
  CONTROL_STOP,
  CONTROL_TRACE,
  dropCells,
  STATUS_BATCHES,
  STATUS_CPU,
  STATUS_CPU_PROCESS,
  STATUS_CPU_RECEIVE,
  STATUS_CPU_TRANSMIT,
  STATUS_FLOWS,
  STATUS_FORWARDED,
  STATUS_GENERATION,
  STATUS_HEARTBEAT,
  STATUS_LOST_LINES,
  STATUS_LOST_TRACES,
  STATUS_PACKETS,
  STATUS_POOL,
} from "./shared.ts";

/**
 * The data plane's thread.
 *
 * Overview    poll -> receive -> process -> transmit, for ever. Between two turns it looks at one stop word, one
 *             word that counts posted messages, and the command ring.
 * Life-cycle  "ready" is posted, "start" comes with descriptions of open ports and shared tables; after a stop the
 *             ports are closed here (closing a ring takes some 20 ms inside the kernel) and "stopped" is posted.
 *             An uncaught error posts "died" with the batch in work; a new Worker adopts the same descriptions.
 * Ownership   everything but the shared cells belongs to this thread.
 */
class DataPlaneLoop {
  readonly #start: Extract<ToDataPlane, { kind: "start" }>;
  readonly #control: Int32Array;
  readonly #status: Float64Array;
  readonly #router: Router;
  readonly #operations: Operations;
  readonly #ports: DevicePort[] = [];
  readonly #waiter = new Waiter();
  readonly #wake: WakeEvent;
  readonly #wakePlace: number;
  readonly #stopwatch = new Stopwatch();
  readonly #crypto = new DataPlaneCrypto(this.#waiter);
  #taken = 0;
  #nextRefresh = 0;

  constructor(start: Extract<ToDataPlane, { kind: "start" }>) {
    this.#start = start;
    const { shared } = start;
    this.#control = new Int32Array(shared.control);
    this.#status = new Float64Array(shared.status);
    const answers = new AnswerRing(shared.answers);
    this.#router = new Router({
      clock,
      random: new SeededRandom(start.seed),
      flows: start.plan.conntrack.flows,
      secret: start.secret,
      flowTable: shared.flowTable,
      cells: new Float64Array(shared.cells),
      drops: dropCells(shared.status),
      sequences: new Uint32Array(shared.sequences),
      crypto: () => this.#crypto.open(),
      log: (prefix, level, _group, batch, row) => {
        const text = prefix < 0 ? "" : this.#strings[prefix] ?? "";
        const line = logLine(text, level, this.#router.interfaces.names, batch, row);
        if (!answers.write(0, false, line)) this.#status[STATUS_LOST_LINES]! += 1;
      },
      trace: (event) => {
        if (this.#control[CONTROL_TRACE] === 0) return;
        if (!answers.write(TRACE_SEQUENCE, false, traceLine(event))) this.#status[STATUS_LOST_TRACES]! += 1;
      },
      onEvent: (event) => post({ kind: "event", event }),
    });
    this.#operations = new Operations(
      this.#router,
      new CommandRing(shared.commands),
      answers,
      clock.monotonic,
      () => this.#crypto.status(),
    );
    this.#wake = new WakeEvent(start.wake);
    this.#wakePlace = this.#waiter.add(start.wake);
    this.#addPorts(start.ports);
    if (start.ledger !== undefined) {
      this.#router.ipsec.restore(start.ledger, new Uint32Array(shared.sequences).slice(), clock.monotonic());
    }
    if (start.measure) this.#router.phase = (phase) => this.#stopwatch.phase(phase);
  }
  #strings: readonly string[] = [];

  #addPorts(ports: readonly NumberedPort[]): void {
    for (const { number, description } of ports) {
      const port = adoptPort(description);
      this.#router.setPort(number, port);
      this.#ports.push(port);
      this.#waiter.add(port.fd);
    }
  }

  #apply(message: Pick<Extract<ToDataPlane, { kind: "plan" }>, "plan" | "ports">): void {
    this.#addPorts(message.ports);
    this.#strings = message.plan.program.strings;
    this.#router.apply(message.plan);
    this.#status[STATUS_GENERATION] = message.plan.generation;
    post({ kind: "applied", generation: message.plan.generation });
  }

  /** A command of `ip xfrm`; what is wrong with it changes nothing. */
  #xfrm({ number, words, json }: Extract<ToDataPlane, { kind: "xfrm" }>): void {
    const answer = answerXfrm(this.#router.ipsec, words, json, clock.monotonic(), clock.wall());
    post({ kind: "xfrm", number, ...answer });
  }

  /** Runs until the stop word is set; leaves the synchronous loop only to take posted messages. */
  async run(next: () => Promise<ToDataPlane>): Promise<void> {
    this.#apply({ plan: this.#start.plan, ports: [] });
    this.#taken = 1;
    while (this.#control[CONTROL_STOP] === 0) {
      this.#loop();
      while (this.#control[CONTROL_STOP] === 0 && this.#taken < this.#control[CONTROL_POSTED]!) {
        const message = await next();
        this.#taken++;
        if (message.kind === "plan") this.#apply(message);
        else if (message.kind === "xfrm") this.#xfrm(message);
      }
    }
    this.#router.shutdown();
    this.#crypto.close();
    this.#publish(clock.monotonic());
    await closeTogether(this.#ports.map((port) => port.fd), () => {
      for (const port of this.#ports) port.close();
    });
  }

  #loop(): void {
    const control = this.#control,
      router = this.#router,
      status = this.#status,
      operations = this.#operations;
    let turns = 0;
    while (control[CONTROL_STOP] === 0 && this.#taken === control[CONTROL_POSTED]!) {
      const received = router.turn();
      const busy = operations.pending && operations.run();
      if (received > 0) {
        status[STATUS_BATCHES]! += 1;
        status[STATUS_PACKETS]! += received;
      } else {
        this.#stopwatch.phase(-1);
        this.#waiter.wait(busy ? 0 : router.idle());
        if (this.#waiter.ready(this.#wakePlace)) this.#wake.drain();
      }
      if (received === 0 || (++turns & 63) === 0) this.#housekeeping();
    }
  }

  #housekeeping(): void {
    const now = clock.monotonic();
    if (now < this.#nextRefresh) return;
    this.#nextRefresh = now + REFRESH;
    for (const port of this.#ports) {
      port.refresh();
      if (port.missing) port.reopen();
    }
    this.#publish(now);
  }

  #publish(now: number): void {
    const status = this.#status;
    status[STATUS_HEARTBEAT] = now;
    status[STATUS_FORWARDED] = this.#router.forwarding.forwarded;
    status[STATUS_FLOWS] = this.#router.conntrack.count;
    status[STATUS_POOL] = this.#router.batch.pool.available;
    status[STATUS_CPU] = this.#stopwatch.total();
    status[STATUS_CPU_RECEIVE] = this.#stopwatch.spent[0]!;
    status[STATUS_CPU_PROCESS] = this.#stopwatch.spent[1]!;
    status[STATUS_CPU_TRANSMIT] = this.#stopwatch.spent[2]!;
  }

  /** The packets in work, for the report of a death. */
  pcap(): Uint8Array {
    const { batch } = this.#router, writer = new PcapWriter({ linkType: LINKTYPE_ETHERNET });
    const time = {
      seconds: Math.floor(batch.wall / 1000),
      nanoseconds: Math.floor(batch.wall % 1000) * 1000000,
    };
    for (let row = 0; row < batch.count; row++) {
      writer.write(time, batch.bytes(row).subarray(batch.start[row]!, batch.end[row]!));
    }
    return writer.bytes();
  }
}

const scope = globalThis as unknown as {
  onmessage: ((event: MessageEvent<ToDataPlane>) => void) | null;
  postMessage(message: FromDataPlane): void;
};

const post = (message: FromDataPlane): void => scope.postMessage(message);

/** Entry of the Worker: waits for "start", runs, reports how it ended. */
export async function dataPlaneWorker(): Promise<void> {
  const waiting: ToDataPlane[] = [];
  let wake: ((message: ToDataPlane) => void) | undefined;
  scope.onmessage = (event) => {
    if (wake === undefined) waiting.push(event.data);
    else wake(event.data);
    wake = undefined;
  };
  const next = (): Promise<ToDataPlane> => {
    const message = waiting.shift();
    return message === undefined ? new Promise((resolve) => wake = resolve) : Promise.resolve(message);
  };
  post({ kind: "ready" });
  const start = await next();
  if (start.kind !== "start") throw new TypeError("the first message must be start");
  let loop: DataPlaneLoop | undefined;
  try {
    loop = new DataPlaneLoop(start);
    await loop.run(next);
    post({ kind: "stopped" });
  } catch (error) {
    const text = error instanceof Error ? error.stack ?? error.message : String(error);
    post({ kind: "died", error: text, pcap: loop?.pcap() ?? new Uint8Array(0) });
  }
}

/** Milliseconds between looks at link states. */
const REFRESH = 100;

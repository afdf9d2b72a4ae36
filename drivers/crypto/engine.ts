import type { Clock } from "../../core/clock.ts";
import {
  type AlgorithmSizes,
  type CryptoEngine,
  CryptoError,
  FULL,
  type SessionOptions,
  type Submitted,
} from "../../core/crypto/engine.ts";
import { CryptoRequests } from "../../core/crypto/requests.ts";
import type { CryptoDevice } from "./device.ts";
import { Notices } from "./notices.ts";
import { DeviceQueue } from "./queue.ts";
import { measureThreshold } from "./threshold.ts";
import { threadCpu } from "../sys/clock.ts";
import { type Registered, Registry } from "./registry.ts";

/**
 * The crypto engine: devices behind one interface.
 *
 * Overview    a session has a context at each device that offers its algorithm. A request goes to the one of highest
 *             priority; short ones, below the size from which handing over pays, to `software`. Where that device has
 *             no room or is gone, the next one takes it: a fallback, counted for the session. From which size handing over
 *             pays is measured for each device when the engine is made.
 * Life-cycle  devices are tested and taken in at construction -> open -> submit, poll, next ... -> close -> shutdown.
 * Ownership   one thread: who submits also polls.
 * Limits      the watchdog answers what a device lost with -ETIMEDOUT rather than do it again: in place its source may
 *             be gone. What only waited for a device that is gone goes to the session's next one.
 */
export class Engine implements CryptoEngine {
  readonly requests: CryptoRequests;
  readonly registry = new Registry();
  readonly queues: readonly DeviceQueue[];
  readonly #notices: Notices;
  readonly #sessions: (Session | undefined)[] = [];

  constructor(devices: readonly CryptoDevice[], options: EngineOptions) {
    const { rows = 1024, clock, threshold, cpu = threadCpu } = options;
    this.requests = new CryptoRequests(rows);
    this.#notices = new Notices(rows);
    const software = devices.find(({ name }) => name === SOFTWARE);
    const thresholds = devices.map((device) =>
      threshold ??
        (software === undefined || device === software ? 0 : measureThreshold(device, software, cpu))
    );
    for (const device of devices) this.registry.add(device, this.requests);
    this.queues = devices.map((device) =>
      new DeviceQueue(device, this.requests, this.#notices, {
        clock,
        rescue: this.#rescue,
        ...(options.limit === undefined ? {} : { limit: options.limit }),
        ...(options.patience === undefined ? {} : { patience: options.patience }),
      })
    );
    for (const [i, queue] of this.queues.entries()) queue.threshold = thresholds[i]!;
  }

  algorithm(name: string): AlgorithmSizes | undefined {
    return this.registry.providers(name)[0]?.algorithm;
  }

  open(algorithm: string, key: Uint8Array, options: SessionOptions = {}): number {
    const providers = this.registry.providers(algorithm);
    if (providers.length === 0) throw new CryptoError(`no device offers ${algorithm}`);
    const ways: Way[] = [];
    let refusal: CryptoError | undefined;
    for (const provider of providers) {
      const tagSize = options.tagSize ?? provider.algorithm.tagSize;
      try {
        ways.push(this.#way(provider, key, tagSize));
      } catch (error) {
        if (!(error instanceof CryptoError)) throw error;
        refusal ??= error;
      }
    }
    if (ways.length === 0) throw refusal!;
    const small = Math.max(0, ways.findIndex(({ queue }) => queue.device.name === SOFTWARE));
    const session = { algorithm, user: options.user ?? "", ways, small, fallbacks: 0 };
    const free = this.#sessions.indexOf(undefined);
    if (free < 0) return this.#sessions.push(session) - 1;
    this.#sessions[free] = session;
    return free;
  }

  #way({ device, algorithm }: Registered, key: Uint8Array, tagSize: number): Way {
    const queue = this.queues.find((each) => each.device === device)!;
    const context = queue.open(algorithm, key, tagSize);
    return { queue, context, driverName: algorithm.driverName, mostBytes: algorithm.mostBytes, taken: 0 };
  }

  close(session: number): void {
    for (const { queue, context } of this.#sessions[session]!.ways) queue.device.close(context);
    this.#sessions[session] = undefined;
  }

  submit(row: number, mayWait: boolean): Submitted {
    const session = this.#sessions[this.requests.session[row]!]!, { ways } = session;
    const length = this.requests.assoc[row]! + this.requests.length[row]!;
    const chosen = length < ways[0]!.queue.threshold ? session.small : 0;
    const first = this.#try(ways[chosen]!, row, length, false);
    if (first !== FULL) return first;
    for (let i = 0; i < ways.length; i++) {
      if (i === chosen) continue;
      const answer = this.#try(ways[i]!, row, length, false);
      if (answer === FULL) continue;
      session.fallbacks++;
      return answer;
    }
    return mayWait ? this.#wait(session, chosen, row, length) : FULL;
  }

  #try(way: Way, row: number, length: number, mayWait: boolean): Submitted {
    if (way.queue.gone || length > way.mostBytes) return FULL;
    const answer = way.queue.submit(row, way.context, mayWait);
    if (answer !== FULL) way.taken++;
    return answer;
  }

  /** Into the backlog of the device of choice, or of the first that is there. */
  #wait({ ways }: Session, chosen: number, row: number, length: number): Submitted {
    const answer = this.#try(ways[chosen]!, row, length, true);
    if (answer !== FULL) return answer;
    for (const way of ways) {
      const other = this.#try(way, row, length, true);
      if (other !== FULL) return other;
    }
    return FULL;
  }

  /** A row that waited for a device that is gone goes to the next of its session. */
  readonly #rescue = (row: number): boolean => {
    const session = this.#sessions[this.requests.session[row]!]!;
    const length = this.requests.assoc[row]! + this.requests.length[row]!;
    for (const way of session.ways) {
      if (way.queue.gone || length > way.mostBytes) continue;
      way.queue.adopt(row, way.context);
      way.taken++;
      session.fallbacks++;
      return true;
    }
    return false;
  };

  poll(): boolean {
    for (const queue of this.queues) queue.poll();
    return this.#notices.waiting;
  }

  next(): number {
    return this.#notices.next();
  }

  /** Sessions as they are now, for `weir crypto list`. */
  *sessions(): Generator<SessionStatus> {
    for (const session of this.#sessions) {
      if (session === undefined) continue;
      const { algorithm, user, fallbacks, ways } = session;
      yield { algorithm, user, fallbacks, by: ways.map(({ driverName, taken }) => ({ driverName, taken })) };
    }
  }

  /** Devices are closed; sessions are theirs. */
  shutdown(): void {
    for (const { device } of this.queues) device.shutdown();
  }
}

export interface EngineOptions {
  readonly clock: Clock;
  /** Requests under way at once. */
  readonly rows?: number;
  /** Bytes below which software does it: where handing over begins to pay. Measured for each device unless given. */
  readonly threshold?: number;
  /** CPU time of this thread, nanoseconds, to measure it with. */
  readonly cpu?: () => number;
  /** Of each device's queue. */
  readonly limit?: number;
  readonly patience?: number;
}

/** Who carried a session's requests out. */
export interface SessionStatus {
  readonly algorithm: string;
  readonly user: string;
  readonly fallbacks: number;
  readonly by: readonly { readonly driverName: string; readonly taken: number }[];
}

interface Session {
  readonly algorithm: string;
  readonly user: string;
  readonly ways: readonly Way[];
  /** Which way short requests go. */
  readonly small: number;
  fallbacks: number;
}

interface Way {
  readonly queue: DeviceQueue;
  readonly context: number;
  readonly driverName: string;
  readonly mostBytes: number;
  taken: number;
}

/** The device that does what is too short for others; node:crypto's has the same name. */
const SOFTWARE = "software";

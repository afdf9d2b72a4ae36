import { prefixOf } from "../../core/forward/neighbour/addresses.ts";
import { formatNeighbour } from "../../core/forward/neighbour/neighbours.ts";
import { formatPrefix } from "../../core/packet/address.ts";
import type { Router } from "../../core/router.ts";
import { formatFlow } from "../../core/conntrack/format.ts";
import { type FlowFilter, matchesFlow } from "../../core/conntrack/filter.ts";
import { type AnswerRing, COMMAND_WORDS, type CommandRing } from "./rings.ts";

/**
 * What the control plane may ask the data plane between two batches.
 *
 * Overview    one command at a time is in work; it goes on for at most SLICE milliseconds a turn and remembers
 *             where it was. Each answer record is a line; the last one says so.
 * Ownership   runs on the data plane's thread, the only one that touches its tables.
 */
export class Operations {
  readonly #router: Router;
  readonly #commands: CommandRing;
  readonly #answers: AnswerRing;
  readonly #command = new Int32Array(COMMAND_WORDS);
  readonly #now: () => number;
  readonly #crypto: () => readonly string[];
  #running = false;
  #cursor = 0;
  #count = 0;
  #filter: FlowFilter | undefined;
  /** Lines of an operation that answers all at once, and how many are written. */
  #lines: string[] = [];
  #written = 0;

  constructor(
    router: Router,
    commands: CommandRing,
    answers: AnswerRing,
    now: () => number,
    crypto: () => readonly string[] = () => [],
  ) {
    this.#router = router;
    this.#crypto = crypto;
    this.#commands = commands;
    this.#answers = answers;
    this.#now = now;
  }

  /** Whether there is something to do: asked every turn. */
  get pending(): boolean {
    return this.#running || this.#commands.pending;
  }

  /** Works on commands for one slice. True: there is more to do at once; false: nothing, or no room for answers. */
  run(): boolean {
    const until = this.#now() + SLICE;
    while (this.#now() < until) {
      if (!this.#running && !this.#begin()) return false;
      if (!this.#step(until)) return false;
    }
    return true;
  }

  #begin(): boolean {
    if (!this.#commands.take(this.#command)) return false;
    this.#running = true;
    this.#cursor = 0;
    this.#count = 0;
    this.#written = 0;
    const operation = this.#command[0]!;
    this.#filter = operation === OP_FLOWS || operation === OP_DELETE_FLOWS
      ? readFilter(this.#command)
      : undefined;
    this.#lines = this.#immediate(operation);
    return true;
  }

  /** Answers that are short by nature. */
  #immediate(operation: number): string[] {
    const router = this.#router, names = (index: number) => router.interfaces.names[index] || `if${index}`;
    const now = this.#now();
    switch (operation) {
      case OP_NEIGHBOURS:
        return router.adjacency.neighbours().map((n) => formatNeighbour(n, names(n.interface)));
      case OP_ROUTES:
        return router.routes.list(names, now);
      case OP_ADDRESSES:
        return router.adjacency.addresses().map((a) =>
          `${names(a.interface)} ${formatPrefix(prefixOf(a))} ${a.origin} ${a.state}`
        );
      case OP_STATIONS:
        return router.stations((port) => router.transmitter.ports[port]?.name ?? `port${port}`);
      case OP_STATISTICS:
        return Object.entries(router.conntrack.counters).map(([name, value]) => `${name}=${value}`);
      case OP_CRYPTO:
        return [...this.#crypto()];
      case OP_FLUSH_FLOWS:
        router.conntrack.flush();
        return [];
      case OP_FAULT:
        router.phase = (phase) => {
          if (phase === 1) throw new Error("a fault was asked for");
        };
        return [];
      default:
        return [];
    }
  }

  /** One step; false when the answer ring is full and the rest must wait. */
  #step(until: number): boolean {
    const operation = this.#command[0]!;
    if (operation === OP_FLOWS || operation === OP_DELETE_FLOWS) return this.#flows(operation, until);
    while (this.#written < this.#lines.length) {
      if (!this.#answers.write(this.#command[1]!, false, this.#lines[this.#written]!)) return false;
      this.#written++;
    }
    return this.#finish("");
  }

  #flows(operation: number, until: number): boolean {
    const { conntrack } = this.#router, limit = this.#command[3]!;
    const most = limit > 0 ? limit : Infinity;
    for (;;) {
      const row = this.#count < most ? conntrack.next(this.#cursor) : -1;
      if (row < 0) return this.#finish(String(this.#count));
      if (this.#filter === undefined || matchesFlow(conntrack.table, row, this.#filter)) {
        const line = formatFlow(conntrack.table, row, this.#now());
        if (!this.#answers.write(this.#command[1]!, false, line)) return false;
        if (operation === OP_DELETE_FLOWS) conntrack.delete(row);
        this.#count++;
      }
      this.#cursor = row + 1;
      if (this.#now() >= until) return true;
    }
  }

  #finish(text: string): boolean {
    if (!this.#answers.write(this.#command[1]!, true, text)) return false;
    this.#running = false;
    return true;
  }
}

/** A filter in a command's words, see `writeFilter`. */
function readFilter(command: Int32Array): FlowFilter | undefined {
  const present = command[4]!;
  if (present === 0) return undefined;
  const word = (at: number) => command[at]! >>> 0;
  const address = (at: number) => [word(at), word(at + 1), word(at + 2), word(at + 3)] as const;
  return {
    ...(present & 1 ? { family: word(5) as 4 | 6 } : {}),
    ...(present & 2 ? { protocol: word(6) } : {}),
    ...(present & 4 ? { source: address(7) } : {}),
    ...(present & 8 ? { destination: address(11) } : {}),
    ...(present & 16 ? { sourcePort: word(15) } : {}),
    ...(present & 32 ? { destinationPort: word(16) } : {}),
    ...(present & 64 ? { mark: word(17), markMask: word(18) } : {}),
  };
}

/** Puts a filter into a command. */
export function writeFilter(command: Int32Array, filter: FlowFilter): void {
  let present = 0;
  const put = (bit: number, at: number, ...values: readonly (number | undefined)[]) => {
    if (values[0] === undefined) return;
    present |= bit;
    for (let i = 0; i < values.length; i++) command[at + i] = values[i]!;
  };
  put(1, 5, filter.family);
  put(2, 6, filter.protocol);
  if (filter.source !== undefined) put(4, 7, ...filter.source);
  if (filter.destination !== undefined) put(8, 11, ...filter.destination);
  put(16, 15, filter.sourcePort);
  put(32, 16, filter.destinationPort);
  put(64, 17, filter.mark, filter.markMask ?? 0xffffffff);
  command[4] = present;
}

export const OP_FLOWS = 1;
export const OP_DELETE_FLOWS = 2;
export const OP_FLUSH_FLOWS = 3;
export const OP_NEIGHBOURS = 4;
export const OP_ROUTES = 5;
export const OP_ADDRESSES = 6;
export const OP_STATIONS = 7;
export const OP_STATISTICS = 8;
/** For tests of a restart: the next batch kills the data plane. */
export const OP_FAULT = 9;

/** JSON: a line a device, then a line a session. */
export const OP_CRYPTO = 10;

/** Milliseconds a turn may give to commands. */
const SLICE = 0.2;

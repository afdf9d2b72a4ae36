import type { RulesetStore } from "../../ruleset/store.ts";
import type { ListOptions } from "../print/context.ts";
import { Cursor } from "../text/cursor.ts";
import { type Diagnostic, errorAt } from "../text/diagnostic.ts";
import { parseText } from "../parse/text.ts";
import type { Command } from "../tree/command.ts";
import { commitLines, type MonitorProcess } from "./events.ts";
import type { TraceEvent } from "../../expr/trace_event.ts";
import { TracePrinter } from "./trace.ts";

export type MonitorCommand = Extract<Command, { kind: "monitor" }>;

/** Takes what a monitor has to say: whole lines, their ends included. */
export type MonitorSink = (lines: string) => void;

/** A monitor that goes on, or why it does not. */
export interface NftMonitor {
  readonly ok: boolean;
  /** Diagnostics, rendered. */
  readonly error: string;
  /** Whether it wants trace events. */
  readonly traces: boolean;
  trace(event: TraceEvent): void;
  close(): void;
}

/** What the monitor asks of its surroundings. */
export interface MonitorOptions {
  /** Whose change it is that is told of just now. */
  process?(): MonitorProcess | undefined;
}

/**
 * `monitor` as it goes on.
 *
 * Overview    watches a store's commits, and is handed trace events; what the command asked for goes to the sink.
 * Life-cycle  from the next transaction on, until `close`.
 */
export class Monitor {
  readonly #end: () => void;
  readonly #trace: TracePrinter | undefined;
  readonly #sink: MonitorSink;

  constructor(
    command: MonitorCommand,
    store: RulesetStore,
    listing: ListOptions,
    json: boolean,
    sink: MonitorSink,
    options: MonitorOptions = {},
  ) {
    this.#sink = sink;
    const traces = command.what === "trace" || (command.what === undefined && command.event === undefined);
    this.#trace = traces ? new TracePrinter(listing, json, () => store.current) : undefined;
    const stop = command.what === "trace" ? () => {} : store.observe((commit) => {
      const lines = commitLines(commit, command, listing, json, options.process?.());
      if (lines.length > 0) sink(lines.join(""));
    });
    this.#end = stop;
  }

  /** Whether trace events are wanted. */
  get traces(): boolean {
    return this.#trace !== undefined;
  }

  /** A packet that is traced met a rule, a policy or the end of a chain. */
  trace(event: TraceEvent): void {
    if (this.#trace !== undefined) this.#sink(this.#trace.print(event));
  }

  close(): void {
    this.#end();
  }
}

/** The one `monitor` command of a text, or what is wrong with it. */
export function monitorCommand(
  text: string,
  newest: boolean,
): { command: MonitorCommand } | { diagnostics: readonly Diagnostic[] } {
  const source = { name: "", text }, cursor = new Cursor(source);
  cursor.newest = newest;
  const { commands, diagnostics } = parseText(cursor, { includePaths: [] });
  if (diagnostics.length > 0) return { diagnostics };
  const [command, more] = commands;
  if (command?.kind === "monitor" && more === undefined) return { command };
  const span = more?.span ?? command?.span ?? { source, start: 0, end: text.length };
  return {
    diagnostics: [errorAt(span, "one monitor command was expected here", "write: monitor [new | destroy]")],
  };
}

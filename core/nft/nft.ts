import type { Ruleset } from "../ruleset/ruleset.ts";
import { errorText, type RulesetError } from "../ruleset/error.ts";
import { listedSet } from "../ruleset/listing.ts";
import { RulesetStore } from "../ruleset/store.ts";
import type { Transaction } from "../ruleset/transaction.ts";
import { validateTable } from "../ruleset/validate.ts";
import type { Command } from "./tree/command.ts";
import { Cursor } from "./text/cursor.ts";
import { type Diagnostic, renderDiagnostic } from "./text/diagnostic.ts";
import { executeAll, type Execution } from "./execute/execute.ts";
import type { NftOptions, NftResult } from "./options.ts";
import {
  Monitor,
  monitorCommand,
  type MonitorOptions,
  type MonitorSink,
  type NftMonitor,
} from "./monitor/monitor.ts";
import { optimize } from "./optimize/optimize.ts";
import { parseText } from "./parse/text.ts";
import { defineVariable } from "./parse/define.ts";
import { jsonText } from "./json/json.ts";
import { looksLikeJson, readJson } from "./json/read.ts";
import type { Source, Span } from "./text/source.ts";
import type { TypeContext } from "./types.ts";

export type { NftOptions, NftResult } from "./options.ts";
export type { Diagnostic } from "./text/diagnostic.ts";
export type { MonitorOptions, MonitorSink, NftMonitor } from "./monitor/monitor.ts";
export type { SourceReader } from "./text/source.ts";

/**
 * The language's face, after libnftables.
 *
 * Overview    `run` reads a text of commands, checks it, applies it to the store as one transaction, and answers
 *             with what it listed and everything that was wrong.
 * Life-cycle  one object may run any number of texts; it keeps nothing but its store and options.
 * Limits      ten errors are told; nesting, includes and numbers are bounded; no input makes it throw.
 */
export class Nft {
  readonly store: RulesetStore;
  readonly options: NftOptions;

  constructor(store: RulesetStore = new RulesetStore({ offline: true }), options: NftOptions = {}) {
    this.store = store;
    this.options = options;
  }

  /** The ruleset as of the last successful run. */
  get ruleset(): Ruleset {
    return this.store.current;
  }

  /**
   * Runs commands: all of them or none. `name` is the file the text is from; without one errors carry no place,
   * as for commands given as arguments.
   */
  run(text: string, name = ""): NftResult {
    const source: Source = { name, text };
    const json = this.options.json === true && looksLikeJson(text);
    const parsed = json ? readJson(source) : this.parse(source);
    if (parsed.diagnostics.length > 0) return result([], parsed.diagnostics);
    const { commands, report, merged, warnings } = this.options.optimize === true
      ? optimize(parsed.commands, typeContext(this.options))
      : { commands: parsed.commands, report: "", merged: "", warnings: [] };
    const transaction = this.store.begin();
    const execution: Execution = {
      transaction,
      types: typeContext(this.options),
      listing: this.listing(),
      debug: this.options.debug?.includes("netlink") ?? false,
      json: this.options.json ?? false,
      newest: this.options.dialect !== "1.0.6",
      filled: new Set(),
      cleared: [],
      ...(this.options.echo === true ? { echo: [] } : {}),
      output: merged === "" ? [] : [merged],
      diagnostics: [],
      ...(this.options.stages === undefined ? {} : { stages: this.options.stages }),
      ...(this.options.refuses === undefined ? {} : { refuses: this.options.refuses }),
      ...(this.options.refusesDevice === undefined ? {} : { refusesDevice: this.options.refusesDevice }),
    };
    executeAll(execution, commands);
    if (execution.diagnostics.length > 0) {
      transaction.abort();
      return result(execution.output, execution.diagnostics, report);
    }
    const error = this.settle(transaction, parsed.commands.some(changes));
    if (error === undefined && this.options.check !== true) this.clear(execution.cleared);
    if (error === undefined && this.options.check !== true) tell(execution);
    if (error !== undefined) execution.diagnostics.push(located(error, parsed.commands, source));
    return result(execution.output, [...execution.diagnostics, ...warnings], report);
  }

  /**
   * `monitor ...`: from now on what the command asks for goes to `sink`, a few whole lines a time, until `close`.
   * Trace events are handed to `trace` by who runs the rules.
   */
  monitor(text: string, sink: MonitorSink, options: MonitorOptions = {}): NftMonitor {
    const read = monitorCommand(text, this.options.dialect !== "1.0.6");
    if ("diagnostics" in read) {
      return { ...result([], read.diagnostics), traces: false, trace: () => {}, close: () => {} };
    }
    const { command } = read, json = command.json || this.options.json === true;
    const monitor = new Monitor(command, this.store, this.listing(), json, sink, options);
    return {
      ok: true,
      error: "",
      traces: monitor.traces,
      trace: (event) => monitor.trace(event),
      close: () => monitor.close(),
    };
  }

  /** Commits, or, where nothing is to change, only looks whether it could be. */
  private settle(transaction: Transaction, changes: boolean): RulesetError | undefined {
    if (changes && this.options.check !== true) return transaction.commit();
    let error: RulesetError | undefined;
    if (changes) { for (const table of transaction.tables.values()) error ??= validateTable(table); }
    transaction.abort();
    return error;
  }

  /** Counts that were told and begin anew. */
  private clear(cells: readonly number[]): void {
    for (const cell of cells) this.store.cells.numbers.fill(0, cell, cell + 2);
  }

  private parse(source: Source): { commands: Command[]; diagnostics: readonly Diagnostic[] } {
    const cursor = new Cursor(source);
    cursor.newest = this.options.dialect !== "1.0.6";
    for (const [name, value] of this.options.defines ?? []) {
      const diagnostics = defineVariable(cursor, name, value);
      if (diagnostics.length > 0) return { commands: [], diagnostics };
    }
    return parseText(cursor, {
      reader: this.options.reader,
      includePaths: this.options.includePaths ?? [],
    });
  }

  private listing(): Execution["listing"] {
    const { options } = this, { numbers } = this.store.cells;
    return {
      counts: (cell) => [numbers[cell]!, numbers[cell + 1]!],
      listed: (set) => listedSet(this.store, set),
      types: typeContext(options),
      stateless: options.stateless ?? false,
      handles: options.handles ?? false,
      terse: options.terse ?? false,
      now: this.store.now,
      newest: options.dialect !== "1.0.6",
      numericPriority: (options.numericPriority ?? false) || (options.numeric ?? false),
    };
  }
}

/** What `--echo` has to say, once it is true. */
function tell({ echo, json, output }: Execution): void {
  if (echo === undefined || echo.length === 0) return;
  if (json) output.push(jsonText({ nftables: echo.map((each) => ({ [each.verb]: each.json })) }) + "\n");
  else output.push(...echo.map((each) => `${each.verb} ${each.text}\n`));
}

/** Listings and resets leave the ruleset as it is. */
const changes = (command: Command): boolean =>
  !["list", "reset all", "describe"].includes(command.kind) &&
  !("verb" in command && (command.verb === "reset" || command.verb === "get"));

/** What only the whole could tell (loops, depth, hooks), at the name of the chain or table it is about. */
function located(error: RulesetError, commands: readonly Command[], source: Source): Diagnostic {
  const named = error.name === ""
    ? ""
    : error.what === "rule"
    ? `in chain ${error.name}`
    : `${error.what} ${error.name}`;
  const hints = [named, error.detail ?? ""].filter((hint) => hint !== "");
  const span = ruleSpan(error) ?? nameSpan(commands, error.name) ??
    { source, start: 0, end: source.text.length };
  return { severity: "error", message: errorText(error), spans: [span], hints };
}

/** Rules carry their span as `source`; one loaded by an earlier text too. */
const ruleSpan = (
  error: RulesetError,
): Span | undefined => (error.what === "rule" ? error.source as Span | undefined : undefined);

function nameSpan(commands: readonly Command[], name: string): Span | undefined {
  for (const command of commands) {
    if (command.kind === "chain" && command.chain.text === name) return command.chain.span;
    const inner = command.kind === "table" && command.body !== undefined
      ? nameSpan(command.body.commands, name)
      : undefined;
    if (inner !== undefined) return inner;
    if (command.kind === "table" && command.table.name === name) return command.table.span;
  }
  return undefined;
}

function typeContext(options: NftOptions): TypeContext {
  return {
    interfaceIndex: (name) => options.interfaceIndex?.(name),
    interfaceName: (index) => options.interfaceName?.(index),
    numericProtocol: (options.numericProtocol ?? false) || (options.numeric ?? false),
    numericSymbols: options.numeric ?? false,
    serviceNames: options.service ?? false,
    seconds: (options.numericTime ?? false) || (options.numeric ?? false),
    accounts: options.accounts,
    accountNames: options.guid ?? false,
    timezoneOffset: options.timezoneOffset ?? 0,
  };
}

function result(output: readonly string[], diagnostics: readonly Diagnostic[], report = ""): NftResult {
  return {
    ok: diagnostics.every((diagnostic) => diagnostic.severity !== "error"),
    output: output.join(""),
    error: report + diagnostics.map(renderDiagnostic).join(""),
    diagnostics,
  };
}

import { listedSet } from "../ruleset/listing.ts";
import type { Ruleset } from "../ruleset/ruleset.ts";
import { errorText, type RulesetError } from "../ruleset/error.ts";
import { resetCell, resetElements } from "../ruleset/reset.ts";
import { RulesetStore } from "../ruleset/store.ts";
import type { Transaction } from "../ruleset/transaction.ts";
import { validateTable } from "../ruleset/validate.ts";
import type { Command } from "./tree/command.ts";
import { Cursor } from "./text/cursor.ts";
import { type Diagnostic, renderDiagnostic } from "./text/diagnostic.ts";
import { executeAll } from "./execute/execute.ts";
import type { Execution } from "./execute/execution.ts";
import { Output } from "./execute/output.ts";
import type { NftOptions, NftResult } from "./options.ts";
import { optimize, type Optimized } from "./optimize/optimize.ts";
import {
  Monitor,
  monitorCommand,
  type MonitorOptions,
  type MonitorSink,
  type NftMonitor,
} from "./monitor/monitor.ts";
import { defineVariable } from "./parse/define.ts";
import { NotAsPassed } from "./parse/passed.ts";
import { parseText } from "./parse/text.ts";
import { MAXIMUM_ERRORS } from "./text/recover.ts";
import { jsonText } from "./json/json.ts";
import { looksLikeJson, readJson } from "./json/read.ts";
import type { Source, Span } from "./text/source.ts";
import type { TypeContext } from "./types.ts";

export type { NftOptions, NftResult } from "./options.ts";
export type { MonitorOptions, MonitorSink, NftMonitor } from "./monitor/monitor.ts";
export type { Diagnostic } from "./text/diagnostic.ts";
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
    const { json, optimize, passOver, write } = this.options;
    if (json === true && looksLikeJson(text)) {
      return this.carryOut(readJson(source), source, new Output(write));
    }
    if (optimize === true || text.length < (passOver ?? LONG)) {
      return this.carryOut(this.parse(source, false), source, new Output(write));
    }
    const first = new Output(write), quick = this.passOver(source, first);
    return quick ?? this.carryOut(this.parse(source, false), source, new Output(write, first.made));
  }

  /** A long text, its rules read one at a time; undefined where anything is wrong with it (see `parse/passed`). */
  private passOver(source: Source, output: Output): NftResult | undefined {
    const parsed = this.parse(source, true);
    if (parsed.diagnostics.length > 0) return undefined;
    try {
      const found = this.carryOut(parsed, source, output);
      return found.ok ? found : undefined;
    } catch (error) {
      if (error instanceof NotAsPassed) return undefined;
      throw error;
    }
  }

  private carryOut(parsed: Parsed, source: Source, output: Output): NftResult {
    if (parsed.diagnostics.length > 0) {
      return result(output, [...parsed.diagnostics, ...this.alsoWrong(parsed)]);
    }
    const { commands } = parsed, plain: Plan = { report: "", merged: "", warnings: [] };
    if (this.options.optimize !== true || !commands.some(changes)) {
      return this.apply(commands, source, plain, output);
    }
    const plan = this.optimized(commands);
    // Refused as written: told as written.
    if (plan === undefined) return this.apply(commands, source, plain, output);
    // Not written before it is known to be the last word.
    const done = this.apply(plan.commands, source, plan, new Output());
    if (done.ok) return done;
    const warnings = [...plan.warnings, notOptimized(done)];
    return this.apply(commands, source, { report: "", merged: "", warnings }, output);
  }

  /**
   * What else is wrong with a text that has syntax errors: libnftables evaluates what it could read of it, and tells
   * nothing the kernel would say.
   */
  private alsoWrong({ commands, diagnostics }: Parsed): readonly Diagnostic[] {
    const transaction = this.store.begin();
    try {
      const execution = this.execution(transaction, new Output());
      executeAll(execution, commands);
      return execution.diagnostics.filter(({ message }) => !message.startsWith("Could not process rule"))
        .slice(0, Math.max(0, MAXIMUM_ERRORS - diagnostics.length));
    } finally {
      transaction.abort();
    }
  }

  /** What the optimiser makes of commands, carried out once as they are; none where they are refused. */
  private optimized(commands: readonly Command[]): Optimized | undefined {
    const transaction = this.store.begin();
    const { echo: _echo, ...execution } = this.execution(transaction, new Output());
    executeAll({ ...execution, debug: false }, commands);
    const plan = execution.diagnostics.length === 0
      ? optimize(commands, transaction.tables, execution.types)
      : undefined;
    transaction.abort();
    return plan;
  }

  private execution(transaction: Transaction, output: Output): Execution {
    return {
      transaction,
      types: typeContext(this.options),
      listing: this.listing(),
      debug: this.options.debug?.includes("netlink") ?? false,
      json: this.options.json ?? false,
      newest: this.options.dialect !== "1.0.6",
      filled: new Set(),
      cleared: [],
      ...(this.options.echo === true ? { echo: [] } : {}),
      output,
      diagnostics: [],
      warnings: [],
      ...(this.options.stages === undefined ? {} : { stages: this.options.stages }),
      ...(this.options.refuses === undefined ? {} : { refuses: this.options.refuses }),
      ...(this.options.missingDevice === undefined ? {} : { missingDevice: this.options.missingDevice }),
    };
  }

  /** One transaction of these commands, and what there is to tell of it. */
  private apply(
    commands: readonly Command[],
    source: Source,
    { report, merged, warnings }: Plan,
    output: Output,
  ): NftResult {
    const transaction = this.store.begin();
    if (merged !== "") output.push(merged);
    const execution = this.execution(transaction, output);
    try {
      executeAll(execution, commands);
    } catch (error) {
      transaction.abort();
      throw error;
    }
    if (execution.diagnostics.length > 0) {
      transaction.abort();
      return result(output, execution.diagnostics, report);
    }
    const rewritten = execution.cleared.some((each) => "rewritten" in each && each.rewritten);
    const error = this.settle(transaction, rewritten || commands.some(changes));
    if (error === undefined && this.options.check !== true) this.clear(execution.cleared);
    if (error === undefined && this.options.check !== true) tell(execution);
    if (error !== undefined) execution.diagnostics.push(located(error, commands, source));
    return result(output, [...execution.diagnostics, ...execution.warnings, ...warnings], report);
  }

  /**
   * `monitor ...`: from now on what the command asks for goes to `sink`, a few whole lines a time, until `close`.
   * Trace events are handed to `trace` by who runs the rules.
   */
  monitor(text: string, sink: MonitorSink, options: MonitorOptions = {}): NftMonitor {
    const read = monitorCommand(text, this.options.dialect !== "1.0.6");
    if ("diagnostics" in read) {
      return { ...result(new Output(), read.diagnostics), traces: false, trace: () => {}, close: () => {} };
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
  private clear(cleared: Execution["cleared"]): void {
    for (const each of cleared) {
      if ("set" in each) resetElements(this.store, each.set, each.elements);
      else resetCell(this.store.cells, each.cell, each.told);
    }
  }

  private parse(source: Source, passing: boolean): Parsed {
    const cursor = new Cursor(source);
    cursor.passing = passing;
    cursor.newest = this.options.dialect !== "1.0.6";
    for (const [name, value] of this.options.defines ?? []) {
      cursor.size += value.length;
      const diagnostics = defineVariable(cursor, name, value);
      if (diagnostics.length > 0) return { commands: [], diagnostics };
    }
    return parseText(cursor, {
      reader: this.options.reader,
      includePaths: this.options.includePaths ?? [],
    });
  }

  private listing(): Execution["listing"] {
    const { options } = this, { cells } = this.store;
    return {
      counts: (cell) => cells.counts(cell),
      types: typeContext(options),
      listed: (set) => listedSet(this.store, set),
      stateless: options.stateless ?? false,
      handles: options.handles ?? false,
      terse: options.terse ?? false,
      now: this.store.now,
      newest: options.dialect !== "1.0.6",
      numericPriority: (options.numericPriority ?? false) || (options.numeric ?? false),
    };
  }
}

type Plan = Pick<Optimized, "report" | "merged" | "warnings">;

interface Parsed {
  readonly commands: Command[];
  readonly diagnostics: readonly Diagnostic[];
}

/** Rules of texts of so many characters are read one at a time. */
const LONG = 65536;

/** An optimisation that cannot be loaded is no reason not to load the rules. */
const notOptimized = ({ diagnostics }: NftResult): Diagnostic => ({
  severity: "warning",
  message: "rules are loaded as written, not optimised",
  spans: [],
  hints: diagnostics.slice(0, 1).map(({ message }) => `optimised they are refused: ${message}`),
});

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
    newest: options.dialect !== "1.0.6",
  };
}

function result(output: Output, diagnostics: readonly Diagnostic[], report = ""): NftResult {
  return {
    ok: diagnostics.every((diagnostic) => diagnostic.severity !== "error"),
    output: output.end(),
    error: report + diagnostics.map(renderDiagnostic).join(""),
    diagnostics,
  };
}

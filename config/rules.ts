import { assemble } from "../core/classify/assemble.ts";
import { unsupported } from "../core/classify/unsupported.ts";
import type { Program } from "../core/classify/program.ts";
import { hookStages } from "../core/forward/hooks.ts";
import { Nft } from "../core/nft/nft.ts";
import type { MonitorProcess } from "../core/nft/monitor/events.ts";
import type { MonitorSink, NftMonitor } from "../core/nft/monitor/monitor.ts";
import type { NftOptions, NftResult } from "../core/nft/options.ts";
import type { Source } from "../core/nft/text/source.ts";
import { EMPTY_RULESET, type Ruleset } from "../core/ruleset/ruleset.ts";
import { RulesetStore } from "../core/ruleset/store.ts";
import { accounts } from "./accounts.ts";
import { fileReader, includePlaces } from "./file_reader.ts";

/** Interfaces as the rule language knows them. */
export interface InterfaceNames {
  interfaceIndex(name: string): number | undefined;
  interfaceName(index: number): string | undefined;
}

/** How commands are carried out, and for whom. */
export interface RunOptions extends NftOptions {
  readonly directory?: string;
  readonly process?: MonitorProcess;
}

/**
 * The router's ruleset.
 *
 * Overview    one store for the life of the router, so that counters outlive reloads of everything else. `replace`
 *             takes a file's text in place of all that is there; `run` carries out commands. Both are one transaction:
 *             what is refused changes nothing.
 * Life-cycle  a change becomes packets' law with `program`, and is final with `applied`; `restore` takes it back while
 *             it is not.
 * Ownership   control plane.
 */
export class Rules {
  readonly #store: RulesetStore;
  readonly #names: InterfaceNames;
  #before: Ruleset = EMPTY_RULESET;
  /** What monitors say of changes that are not in force yet. */
  readonly #held: (() => void)[] = [];
  #process: MonitorProcess | undefined;

  constructor(names: InterfaceNames, now: () => number) {
    this.#names = names;
    this.#store = new RulesetStore({ now, seed: crypto.getRandomValues(new Uint32Array(1))[0]! });
  }

  /** Cells of counters, limits and quotas, shared with the data plane. */
  get cells(): SharedArrayBuffer {
    return this.#store.cells.numbers.buffer;
  }

  /** Parses and checks a file's text; changes nothing. */
  static check(source: Source, directory: string, names: InterfaceNames): NftResult {
    const store = new RulesetStore({ offline: true });
    return new Nft(store, optionsOf(names, directory)).run(source.text, source.name);
  }

  /** Whether a file's text is a ruleset; errors name the place in the file. Changes nothing. */
  check(source: Source, directory: string): NftResult {
    return Rules.check(source, directory, this.#names);
  }

  /** A file's text, checked before, in place of everything. */
  replace(source: Source, directory: string): NftResult {
    // Nothing is put before the text where nothing is to go: places in line 1 stay true.
    const flush = this.#store.current.tables.size === 0 ? "" : "flush ruleset; ";
    return this.run(flush + source.text, source.name, { directory });
  }

  /** Carries out commands. */
  run(text: string, name: string, more: RunOptions = {}): NftResult {
    const { directory = ".", process = { pid: Deno.pid, name: "weir" }, ...asked } = more;
    this.#process = process;
    this.#before = this.#store.current;
    return new Nft(this.#store, { ...optionsOf(this.#names, directory), ...asked }).run(text, name);
  }

  /**
   * `monitor ...`: what the command asks for goes to `sink`. Changes are told when they have become packets' law,
   * those that were taken back never.
   */
  monitor(text: string, sink: MonitorSink, options: NftOptions = {}): NftMonitor {
    const nft = new Nft(this.#store, { ...optionsOf(this.#names, "."), ...options });
    const held: MonitorSink = (lines) => void this.#held.push(() => sink(lines));
    const ruleset = nft.monitor(text, held, { process: () => this.#process });
    if (!ruleset.ok || !ruleset.traces) return ruleset;
    const traces = nft.monitor("monitor trace", sink);
    return { ...ruleset, trace: (event) => traces.trace(event) };
  }

  /** Whether the ruleset is another one than at this generation. */
  get generation(): number {
    return this.#store.current.generation;
  }

  program(generation: number): Program {
    return assemble(this.#store.current, generation, { live: this.#store.live, now: this.#store.now() });
  }

  /** The data plane runs what is here: cells that nothing names any more are free. */
  applied(): void {
    this.#store.acknowledge(this.#store.current.generation);
    for (const tell of this.#held.splice(0)) tell();
  }

  /** As it was before the last `replace` or `run`, counters and what rules added to sets included. */
  restore(): void {
    if (this.#store.current !== this.#before) this.#store.revert(this.#before);
    this.#held.length = 0;
  }
}

const optionsOf = (names: InterfaceNames, directory: string): NftOptions => ({
  reader: fileReader,
  accounts,
  includePaths: includePlaces(directory),
  interfaceIndex: (name) => names.interfaceIndex(name),
  interfaceName: (index) => names.interfaceName(index),
  refuses: unsupported,
  stages: hookStages(),
  missingDevice: (device) =>
    names.interfaceIndex(device) === undefined
      ? `no interface and no port of a bridge is called ${device}`
      : undefined,
});

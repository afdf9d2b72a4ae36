import { assemble } from "../core/classify/assemble.ts";
import { unsupported } from "../core/classify/unsupported.ts";
import type { Program } from "../core/classify/program.ts";
import { Nft } from "../core/nft/nft.ts";
import type { NftOptions, NftResult } from "../core/nft/options.ts";
import type { Source } from "../core/nft/text/source.ts";
import { RulesetStore } from "../core/ruleset/store.ts";
import { fileReader } from "./file_reader.ts";

/** Interfaces as the rule language knows them. */
export interface InterfaceNames {
  interfaceIndex(name: string): number | undefined;
  interfaceName(index: number): string | undefined;
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
  #before = "";

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
    return new Nft(store, options(names, directory)).run(source.text, source.name);
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
  run(text: string, name: string, more: NftOptions & { readonly directory?: string } = {}): NftResult {
    const { directory = ".", ...asked } = more;
    this.#before = this.#listing();
    return new Nft(this.#store, { ...options(this.#names, directory), ...asked }).run(text, name);
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
  }

  /** As it was before the last `replace` or `run`, counters included. */
  restore(): void {
    new Nft(this.#store, options(this.#names, ".")).run(`flush ruleset\n${this.#before}`, "");
  }

  #listing(): string {
    return new Nft(this.#store, options(this.#names, ".")).run("list ruleset", "").output;
  }
}

const options = (names: InterfaceNames, directory: string): NftOptions => ({
  reader: fileReader,
  includePaths: [directory],
  interfaceIndex: (name) => names.interfaceIndex(name),
  interfaceName: (index) => names.interfaceName(index),
  refuses: unsupported,
});

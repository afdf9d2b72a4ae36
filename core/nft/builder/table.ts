import type { Family } from "../../ruleset/ruleset.ts";
import type { Json, JsonObject } from "../json/json.ts";
import { Nft } from "../nft.ts";
import type { NftOptions, NftResult } from "../options.ts";
import type { Diagnostic } from "../text/diagnostic.ts";
import { type BaseOptions, ChainBuilder } from "./chain.ts";
import { difference } from "./difference.ts";
import { document, listed } from "./document.ts";

/**
 * A ruleset written by a program.
 *
 * Overview    a `TableBuilder` collects what a table is to hold, in libnftables-json's words or as rule text;
 *             `commands()` is one batch for `Nft.run`, `diff()` the batch that turns what runs into it.
 * Life-cycle  made by `table()`, filled, applied as often as wanted; it keeps no store.
 * Errors      `check()`, `apply()` and `run` answer as for any other text: each error with its place, in the rule's
 *             own text where it was given as text; one transaction, so nothing changes where anything is wrong.
 *
 * ```ts
 * const store = new RulesetStore({ offline: true });
 * const nft = new Nft(store, { json: true });
 * const filter = table("inet", "filter");
 * filter.set("admins", { type: "ipv4_addr" }, ["192.0.2.1", "192.0.2.2"]);
 * filter.chain("input", { type: "filter", hook: "input", priority: 0, policy: "drop" })
 *   .addRule("ct state established,related accept")
 *   .addRule({ expr: [match(field("ip", "saddr"), "==", "@admins"), { accept: null }] });
 * const { ok, error } = filter.apply(nft);
 * filter.setElements("admins", ["192.0.2.9"]);
 * nft.run(filter.diff(nft) ?? ""); // only the elements that differ
 * ```
 */
export class TableBuilder {
  readonly family: Family;
  readonly name: string;
  readonly #chains = new Map<string, ChainBuilder>();
  readonly #sets = new Map<string, SetEntry>();
  readonly #objects: JsonObject[] = [];

  constructor(family: Family, name: string) {
    this.family = family;
    this.name = name;
  }

  /** The chain of this name, made where it is new; with `base` it is hooked. */
  chain(name: string, base?: BaseOptions): ChainBuilder {
    let chain = this.#chains.get(name);
    if (chain === undefined) this.#chains.set(name, chain = new ChainBuilder(this.family, this.name, name));
    if (base !== undefined) chain.base = base;
    return chain;
  }

  /** Declares a set, or a map where `options.map` names the type of its data. */
  set(name: string, options: SetOptions, elements: readonly Element[] = []): this {
    this.#sets.set(name, { options, elements });
    return this;
  }

  /** What a declared set is to hold, in place of what was said before. */
  setElements(name: string, elements: readonly Element[]): this {
    const entry = this.#sets.get(name);
    this.#sets.set(name, { options: entry?.options, elements });
    return this;
  }

  /** Declares a counter, quota, limit, helper or flowtable: `object("counter", "web", { packets: 0, bytes: 0 })`. */
  object(kind: ObjectKind, name: string, body: JsonObject = {}): this {
    this.#objects.push({ [kind]: { family: this.family, table: this.name, name, ...body } });
    return this;
  }

  /** The objects of the table, in an order in which each finds what it refers to. */
  objects(): JsonObject[] {
    const { family, name: table } = this;
    const result: JsonObject[] = [{ table: { family, name: table } }];
    for (const chain of this.#chains.values()) result.push(chain.declaration());
    result.push(...this.#objects);
    for (const [name, { options, elements }] of this.#sets) {
      if (options !== undefined) {
        result.push({ [options.map === undefined ? "set" : "map"]: { family, table, name, ...options } });
      }
      if (elements.length > 0) result.push({ element: { family, table, name, elem: elements } });
    }
    for (const chain of this.#chains.values()) result.push(...chain.rules());
    return result;
  }

  /** One batch that puts this table in the place of the one of its name. */
  commands(): string {
    const { family, name } = this;
    const again = { table: { family, name } };
    return document([{ add: again }, { delete: again }, ...this.#adding()]);
  }

  /** Everything that is wrong with it, without a router; `options` say what interfaces there are. */
  check(options: NftOptions = {}): readonly Diagnostic[] {
    return new Nft(undefined, { ...options, json: true }).run(document(this.#adding())).diagnostics;
  }

  /** Puts this table in place: one transaction. `nft` must have been made with `json: true`. */
  apply(nft: Nft): NftResult {
    return nft.run(this.commands());
  }

  /**
   * The batch that turns the running table into this one with the fewest commands. What is the same stays: elements
   * by their difference, rules by the longest sequence both have, so that they keep handles and counts. Empty when
   * nothing differs; undefined where `check` has something to say. A set that rules fill is left as it is, unless
   * this table says what it holds.
   */
  diff(nft: Nft): string | undefined {
    const options = { ...nft.options, check: false, echo: false, json: true, stateless: true };
    const target = new Nft(undefined, options), running = new Nft(nft.store, options);
    if (!target.run(document(this.#adding())).ok) return undefined;
    const wanted = listed(target, this), there = listed(running, this);
    if (wanted === undefined) return undefined;
    const commands = difference(this, wanted, there ?? [], (set) => this.#filledByRules(set));
    return commands === undefined ? this.commands() : commands.length === 0 ? "" : document(commands);
  }

  #adding(): JsonObject[] {
    return this.objects().map((object): JsonObject => ({ add: object }));
  }

  #filledByRules(name: string): boolean {
    const entry = this.#sets.get(name);
    return entry?.options?.flags?.includes("dynamic") === true && entry.elements.length === 0;
  }
}

export type ObjectKind =
  | "counter"
  | "quota"
  | "limit"
  | "ct helper"
  | "ct timeout"
  | "ct expectation"
  | "synproxy"
  | "secmark"
  | "flowtable";

export type SetOptions = {
  readonly type: string | readonly string[];
  readonly map?: string | readonly string[];
  readonly flags?: readonly string[];
  /** Seconds. */
  readonly timeout?: number;
  readonly size?: number;
  readonly comment?: string;
};

/** A key, or `[key, data]` of a map, in libnftables-json's words: `"192.0.2.1"`, `{ range: [1, 9] }`. */
export type Element = Json;

interface SetEntry {
  readonly options: SetOptions | undefined;
  readonly elements: readonly Element[];
}

/** Begins a table. */
export const table = (family: Family, name: string): TableBuilder => new TableBuilder(family, name);

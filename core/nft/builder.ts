import type { ChainHook, ChainType, Family } from "../ruleset/ruleset.ts";
import { type JsonObject, jsonText } from "./json/json.ts";
import type { Json } from "./json/json.ts";
import { Nft } from "./nft.ts";
import type { NftResult } from "./options.ts";

/**
 * A ruleset written by a program.
 *
 * Overview    a `TableBuilder` collects what a table is to hold, in libnftables-json's words;
 *             `commands()` is one batch for `Nft.run`, `diff()` the batch that turns what runs into it.
 * Life-cycle  made by `table()`, filled, applied as often as wanted; it keeps no store.
 * Errors      nothing is checked here: `run` answers as for any other text, one transaction.
 *
 * ```ts
 * const filter = table("inet", "filter");
 * filter.set("admins", { type: "ipv4_addr" }, ["192.0.2.1", "192.0.2.2"]);
 * filter.chain("input", { type: "filter", hook: "input", priority: 0, policy: "drop" })
 *   .addRule({ expr: [{ match: { op: "in", left: { ct: { key: "state" } }, right: ["established", "related"] } }, { accept: null }] })
 *   .addRule({ expr: [{ match: { op: "==", left: field("tcp", "dport"), right: 22 } }, { accept: null }] });
 * const nft = new Nft(store, { json: true });
 * const { ok, error } = filter.apply(nft);
 * ```
 */
export class TableBuilder {
  readonly family: Family;
  readonly name: string;
  readonly #chains = new Map<string, ChainBuilder>();
  readonly #sets = new Map<string, SetEntry>();

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

  /** The objects of the table, in an order in which each finds what it refers to. */
  objects(): JsonObject[] {
    const { family, name: table } = this;
    const result: JsonObject[] = [{ table: { family, name: table } }];
    for (const chain of this.#chains.values()) result.push(chain.declaration());
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
    const add = this.objects().map((object): JsonObject => ({ add: object }));
    const again = { table: { family, name } };
    return document([{ add: again }, { delete: again }, ...add]);
  }

  /** Puts this table in place: one transaction. `nft` must have been made with `json: true`. */
  apply(nft: Nft): NftResult {
    return nft.run(this.commands());
  }

  /**
   * The batch that turns the running table into this one and leaves alone what is the same: elements that are there
   * keep their counts, chains whose rules are the same are not touched. Empty when nothing differs; undefined where
   * this table or the running one cannot be listed or read.
   */
  diff(nft: Nft): string | undefined {
    const target = new Nft(undefined, { ...nft.options, check: false, json: true, stateless: true });
    const running = new Nft(nft.store, { ...nft.options, check: false, json: true, stateless: true });
    if (!target.run(document(this.objects().map((object) => ({ add: object })))).ok) return undefined;
    const wanted = listed(target, this), there = listed(running, this);
    return wanted === undefined ? undefined : difference(this, wanted, there ?? []);
  }
}

export interface BaseOptions {
  readonly type: ChainType;
  readonly hook: ChainHook;
  readonly priority: number;
  readonly policy?: "accept" | "drop";
  readonly devices?: readonly string[];
}

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

export interface RuleOptions {
  readonly expr: readonly JsonObject[];
  readonly comment?: string;
}

/** A chain of a `TableBuilder`. */
export class ChainBuilder {
  base: BaseOptions | undefined;
  readonly #place: JsonObject;
  readonly #name: string;
  readonly #rules: RuleOptions[] = [];

  constructor(family: Family, table: string, name: string) {
    this.#place = { family, table };
    this.#name = name;
  }

  /** Puts a rule behind those that are there. */
  addRule(rule: RuleOptions): this {
    this.#rules.push(rule);
    return this;
  }

  declaration(): JsonObject {
    const { base } = this;
    return {
      chain: {
        ...this.#place,
        name: this.#name,
        ...(base === undefined ? {} : {
          type: base.type,
          hook: base.hook,
          prio: base.priority,
          policy: base.policy ?? "accept",
          ...(base.devices === undefined ? {} : { dev: base.devices }),
        }),
      },
    };
  }

  rules(): JsonObject[] {
    return this.#rules.map((rule) => ({ rule: { ...this.#place, chain: this.#name, ...rule } }));
  }
}

/** Begins a table. */
export const table = (family: Family, name: string): TableBuilder => new TableBuilder(family, name);

/** A field of a header: `field("tcp", "dport")`. */
export const field = (protocol: string, name: string): JsonObject => ({ payload: { protocol, field: name } });

const document = (commands: readonly JsonObject[]): string => jsonText({ nftables: commands });

/** Objects of the table as listed, without handles; undefined where there is no such table. */
function listed(nft: Nft, { family, name }: TableBuilder): JsonObject[] | undefined {
  const { ok, output } = nft.run(document([{ list: { table: { family, name } } }]));
  if (!ok) return undefined;
  const { nftables } = JSON.parse(output) as { nftables: JsonObject[] };
  return nftables.filter((object) => !("metainfo" in object)).map((object) => {
    const [kind, body] = Object.entries(object)[0]!;
    const { handle: _, ...rest } = body as JsonObject;
    return { [kind]: rest };
  });
}

interface Part {
  readonly kind: string;
  readonly body: JsonObject;
}

function difference(
  builder: TableBuilder,
  wanted: readonly JsonObject[],
  there: readonly JsonObject[],
): string {
  const { family, name: table } = builder;
  const parts = (objects: readonly JsonObject[]): Map<string, Part> =>
    new Map(objects.map((object) => {
      const [kind, body] = Object.entries(object)[0] as [string, JsonObject];
      return [`${kind} ${body.chain ?? body.name}${kind === "rule" ? jsonText(object) : ""}`, { kind, body }];
    }));
  const rules = (objects: readonly JsonObject[], chain: string): string =>
    jsonText(objects.filter((object) => (object.rule as JsonObject | undefined)?.chain === chain));
  const before = parts(there), after = parts(wanted);
  const first: JsonObject[] = [],
    flushes: JsonObject[] = [],
    deletes: JsonObject[] = [],
    late: JsonObject[] = [];
  for (const [key, { kind, body }] of after) {
    if (kind === "rule") continue;
    const old = before.get(key);
    const { elem, ...plain } = body, { elem: oldElements, ...oldPlain } = old?.body ?? {};
    const same = old !== undefined && jsonText(plain) === jsonText(oldPlain);
    if (!same && old !== undefined && kind !== "table") return builder.commands();
    if (!same) first.push({ add: { [kind]: plain } });
    const [more, less] = changed(elem, same ? oldElements : undefined);
    const place = { family, table, name: body.name! };
    if (less.length > 0) deletes.push({ delete: { element: { ...place, elem: less } } });
    if (more.length > 0) late.push({ add: { element: { ...place, elem: more } } });
    if (kind !== "chain" || rules(wanted, `${body.name}`) === rules(there, `${body.name}`)) continue;
    if (old !== undefined) flushes.push({ flush: { chain: place } });
    for (const object of wanted) {
      if ((object.rule as JsonObject | undefined)?.chain === body.name) late.push({ add: object });
    }
  }
  const gone = [...before].filter(([key, { kind }]) => kind !== "rule" && !after.has(key));
  for (const [, { kind, body }] of gone) {
    const place = { family, table, name: body.name! };
    if (kind === "chain") flushes.push({ flush: { chain: place } });
  }
  const removals = gone.map(([, { kind, body }]) => ({
    delete: { [kind]: { family, table, name: body.name! } },
  }));
  const commands = [...flushes, ...first, ...deletes, ...late, ...removals];
  return commands.length === 0 ? "" : document(commands);
}

/** Elements to add and to take out. */
function changed(wanted: Json | undefined, there: Json | undefined): [Json[], Json[]] {
  const list = (value: Json | undefined): Map<string, Json> =>
    new Map((Array.isArray(value) ? value as Json[] : []).map((each) => [jsonText(each), each]));
  const after = list(wanted), before = list(there);
  return [
    [...after].filter(([key]) => !before.has(key)).map(([, each]) => each),
    [...before].filter(([key]) => !after.has(key)).map(([, each]) => each),
  ];
}

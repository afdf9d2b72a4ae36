import type { TraceEvent } from "../../expr/trace_event.ts";
import { type Ruleset, type Table, tableKey } from "../../ruleset/ruleset.ts";
import { type Json, jsonText } from "../json/json.ts";
import { jsonVerdict } from "../json/value.ts";
import { ruleJson } from "../json/rule.ts";
import type { ListOptions } from "../print/context.ts";
import { printRule } from "../print/rule.ts";
import { printVerdict } from "../print/value.ts";
import { packetText } from "./packet_text.ts";

/** Trace events as `nft monitor trace` writes them. */
export class TracePrinter {
  readonly #listing: ListOptions;
  readonly #json: boolean;
  readonly #ruleset: () => Ruleset;

  constructor(listing: ListOptions, json: boolean, ruleset: () => Ruleset) {
    this.#listing = listing;
    this.#json = json;
    this.#ruleset = ruleset;
  }

  print(event: TraceEvent): string {
    const table = this.#ruleset().tables.get(tableKey(event.family, event.table));
    if (this.#json) return `${jsonText({ trace: this.#object(event, table) })}\n`;
    const head = `trace id ${hexadecimal(event.id)} ${event.family} ${event.table} ${event.chain} `;
    const packet = event.packet === undefined
      ? ""
      : `${head}packet: ${packetText(event.packet, this.#listing.types)}\n`;
    return `${packet}${head}${this.#what(event, table)}\n`;
  }

  #what(event: TraceEvent, table: Table | undefined): string {
    const verdict = printVerdict(event.verdict);
    if (event.kind === "policy") return `policy ${verdict} `;
    const rule = ruleOf(event, table);
    // A rule that has gone since is named by its handle.
    const text = rule === undefined || table === undefined
      ? `handle ${event.handle ?? 0}`
      : printRule(rule, table, this.#listing);
    return `rule ${text} (verdict ${verdict})`;
  }

  /** No nft writes traces as JSON: the same, under the names its schema has for such things. */
  #object(event: TraceEvent, table: Table | undefined): Json {
    const rule = ruleOf(event, table);
    const written = rule === undefined || table === undefined
      ? undefined
      : ruleJson(rule, event.chain, table, this.#listing).rule;
    return {
      id: hexadecimal(event.id),
      family: event.family,
      table: event.table,
      chain: event.chain,
      type: event.kind,
      ...(event.packet === undefined
        ? {}
        : { packet: packetText(event.packet, this.#listing.types).trimEnd() }),
      ...(event.handle === undefined ? {} : { handle: event.handle }),
      ...(written === undefined ? {} : { rule: written }),
      verdict: jsonVerdict(event.verdict),
    };
  }
}

const ruleOf = (event: TraceEvent, table: Table | undefined) =>
  table?.chains.get(event.chain)?.rules.find((rule) => rule.handle === event.handle);

const hexadecimal = (id: number): string => (id >>> 0).toString(16).padStart(8, "0");

import type { ChainHook, ChainType, Family } from "../../ruleset/ruleset.ts";
import type { JsonObject } from "../json/json.ts";

export interface BaseOptions {
  readonly type: ChainType;
  readonly hook: ChainHook;
  readonly priority: number;
  readonly policy?: "accept" | "drop";
  readonly devices?: readonly string[];
}

/** A rule in libnftables-json's words. */
export interface RuleOptions {
  readonly expr: readonly JsonObject[];
  readonly comment?: string;
}

/** A rule in the language's own words, or in JSON's. */
export type RuleSource = string | RuleOptions;

/** A chain of a `TableBuilder`. */
export class ChainBuilder {
  base: BaseOptions | undefined;
  readonly #place: JsonObject;
  readonly #name: string;
  readonly #rules: RuleSource[] = [];

  constructor(family: Family, table: string, name: string) {
    this.#place = { family, table };
    this.#name = name;
  }

  /** Puts a rule behind those that are there: `addRule("tcp dport 22 accept")`, `addRule({ expr: [...] })`. */
  addRule(rule: RuleSource): this {
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
    return this.#rules.map((rule) => ({
      rule: { ...this.#place, chain: this.#name, ...(typeof rule === "string" ? { text: rule } : rule) },
    }));
  }
}

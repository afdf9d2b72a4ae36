import type { Expression } from "../../expr/expression.ts";
import {
  OBJECT_CONNLIMIT,
  OBJECT_COUNTER,
  OBJECT_LIMIT,
  OBJECT_QUOTA,
  type Table,
} from "../../ruleset/ruleset.ts";

const STATE_OBJECTS = [OBJECT_COUNTER, OBJECT_QUOTA, OBJECT_LIMIT, OBJECT_CONNLIMIT];

/**
 * What rules write that other rules may ask for: "payload", "meta mark", "ct", "set NAME"; "*" where it is not known.
 * Jumps and gotos write what their chains write. NAT, queue and reject decide: nothing behind them is asked.
 */
export class Effects {
  readonly table: Table;
  private readonly chains = new Map<string, ReadonlySet<string>>();

  constructor(table: Table) {
    this.table = table;
  }

  of(expressions: readonly Expression[]): ReadonlySet<string> {
    const writes = new Set<string>();
    for (const expression of expressions) this.add(expression, writes);
    return writes;
  }

  private ofChain(name: string): ReadonlySet<string> {
    const known = this.chains.get(name);
    if (known !== undefined) return known;
    // A loop is refused at commit; until then it writes anything.
    this.chains.set(name, new Set(["*"]));
    const writes = this.of(this.table.chains.get(name)?.rules.flatMap((rule) => rule.expressions) ?? []);
    this.chains.set(name, writes);
    return writes;
  }

  private add(expression: Expression, writes: Set<string>): void {
    switch (expression.kind) {
      case "payload write":
      case "exthdr write":
      case "exthdr reset":
        for (const name of ["payload", "meta protocol", "meta nfproto", "meta l4proto", "meta len"]) {
          writes.add(name);
        }
        return;
      case "meta set":
        return void writes.add(`meta ${expression.key}`);
      case "ct set":
      case "notrack":
        return void writes.add("ct");
      case "dynset":
        return void writes.add(`set ${expression.set}`);
      case "objref":
        if (!STATE_OBJECTS.includes(expression.type)) writes.add("*");
        return;
      case "objref map":
        if (!STATE_OBJECTS.includes(expression.type)) writes.add("*");
        return;
      case "tproxy":
      case "synproxy":
      case "flow offload":
        return void writes.add("*");
      case "verdict":
        if ("chain" in expression.verdict) this.addAll(expression.verdict.chain, writes);
        return;
      case "lookup":
        if (expression.dreg !== 0) return;
        // Rules of named maps come and go without the rule that asks them.
        if (this.table.sets.get(expression.set)?.anonymous !== true) return void writes.add("*");
        for (const { verdict } of this.table.sets.get(expression.set)!.elements.values()) {
          if (verdict !== undefined && "chain" in verdict) this.addAll(verdict.chain, writes);
        }
    }
  }

  private addAll(chain: string, writes: Set<string>): void {
    for (const name of this.ofChain(chain)) writes.add(name);
  }
}

/** Whether something written may be what is asked for. */
export function meets(writes: ReadonlySet<string>, reads: ReadonlySet<string>): boolean {
  if (writes.size === 0 || reads.size === 0) return false;
  if (writes.has("*") || reads.has("*")) return true;
  for (const name of writes) if (reads.has(name)) return true;
  return false;
}

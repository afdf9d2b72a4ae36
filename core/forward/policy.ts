import { mask, type Prefix } from "../packet/address.ts";
import { type PolicyRulePlan, TABLE_MAIN } from "../plan.ts";
import type { RouteTable } from "./route_table.ts";

/**
 * Policy rules, as `ip rule`: in order of priority, each sends the packets it matches to a table; a table without
 * a route for the packet passes it on to the next rule. The kernel's own three rules are always there: 0 local,
 * 32766 main, 32767 default.
 */
export class PolicyRule {
  readonly priority: number;
  readonly table: RouteTable;
  /** Matches every packet: nothing below is asked. */
  readonly #always: boolean;
  readonly #from: Uint32Array;
  readonly #fromMask: Uint32Array;
  readonly #to: Uint32Array;
  readonly #toMask: Uint32Array;
  readonly #mark: number;
  readonly #markMask: number;
  readonly #incoming: number;

  constructor(plan: Omit<PolicyRulePlan, "table">, table: RouteTable) {
    this.priority = plan.priority;
    this.table = table;
    this.#always = plan.from === undefined && plan.to === undefined && plan.mark === undefined &&
      plan.incoming === undefined;
    this.#fromMask = maskWords(plan.from);
    this.#from = maskedWords(plan.from, this.#fromMask);
    this.#toMask = maskWords(plan.to);
    this.#to = maskedWords(plan.to, this.#toMask);
    this.#markMask = plan.mark?.mask ?? 0;
    this.#mark = ((plan.mark?.value ?? 0) & this.#markMask) >>> 0;
    this.#incoming = plan.incoming ?? 0;
  }

  /** `incoming` is 0 for packets made here; such a packet matches no rule that names an interface. */
  matches(
    to: Uint32Array,
    toLane: number,
    from: Uint32Array,
    fromLane: number,
    mark: number,
    incoming: number,
  ): boolean {
    if (this.#always) return true;
    if (this.#incoming !== 0 && this.#incoming !== incoming) return false;
    if (((mark ^ this.#mark) & this.#markMask) !== 0) return false;
    return within(from, fromLane, this.#from, this.#fromMask) && within(to, toLane, this.#to, this.#toMask);
  }
}

/** The rules of one family in the order they are asked; `table` answers the table of a number. */
export function policyRules(
  family: 4 | 6,
  plans: readonly PolicyRulePlan[],
  table: (id: number) => RouteTable | undefined,
): PolicyRule[] {
  const all: PolicyRulePlan[] = [
    { priority: 0, family, table: TABLE_LOCAL },
    ...plans.filter((plan) => plan.family === family),
    { priority: 32766, family, table: TABLE_MAIN },
    { priority: 32767, family, table: TABLE_DEFAULT },
  ];
  const rules: PolicyRule[] = [];
  for (const plan of all.sort((a, b) => a.priority - b.priority)) {
    const target = table(plan.table);
    if (target !== undefined) rules.push(new PolicyRule(plan, target));
  }
  return rules;
}

function maskWords(prefix: Prefix | undefined): Uint32Array {
  return Uint32Array.from([0, 1, 2, 3], (w) => mask((prefix?.length ?? 0) - 32 * w));
}

function maskedWords(prefix: Prefix | undefined, masks: Uint32Array): Uint32Array {
  return Uint32Array.from([0, 1, 2, 3], (w) => (prefix?.words[w] ?? 0) & masks[w]!);
}

const within = (words: Uint32Array, lane: number, network: Uint32Array, masks: Uint32Array): boolean =>
  ((words[lane]! ^ network[0]!) & masks[0]!) === 0 && ((words[lane + 1]! ^ network[1]!) & masks[1]!) === 0 &&
  ((words[lane + 2]! ^ network[2]!) & masks[2]!) === 0 &&
  ((words[lane + 3]! ^ network[3]!) & masks[3]!) === 0;

/** RT_TABLE_* of linux/rtnetlink.h. */
export const TABLE_LOCAL = 255;
export const TABLE_DEFAULT = 253;

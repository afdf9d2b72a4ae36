import type { Expression } from "../expr/expression.ts";
import type { RulesetError, RulesetReason } from "./error.ts";
import { ruleTargets } from "./references.ts";
import {
  type BaseChain,
  type Chain,
  type Family,
  OBJECT_FLOWTABLE,
  objectKey,
  type Table,
} from "./ruleset.ts";

/** NFT_JUMP_STACK_SIZE: a chain reached by this many jumps and gotos is one too deep. */
export const JUMP_DEPTH = 16;

const PRIORITY_CONNTRACK = -200;
const HOOKS: Readonly<Record<BaseChain["type"], readonly BaseChain["hook"][]>> = {
  filter: ["prerouting", "input", "forward", "output", "postrouting", "ingress", "egress"],
  nat: ["prerouting", "input", "output", "postrouting"],
  route: ["output"],
};

/** Why a base chain may not be made; nft_chain_parse_hook. */
export function baseChainReason(family: Family, base: BaseChain): RulesetReason | undefined {
  if (!HOOKS[base.type].includes(base.hook)) return "unsupported";
  if (base.type !== "filter" && (family === "arp" || family === "bridge" || family === "netdev")) {
    return "missing";
  }
  const link = base.hook === "ingress" || base.hook === "egress";
  if (family === "arp" && base.hook !== "input" && base.hook !== "output") return "unsupported";
  if (link !== (family === "netdev") && !(family === "inet" && base.hook === "ingress")) return "unsupported";
  return base.type === "nat" && base.priority <= PRIORITY_CONNTRACK ? "unsupported" : undefined;
}

/** Why an expression may not stand in this table, apart from chains it goes to. */
export function expressionReason(table: Table, expression: Expression): RulesetReason | undefined {
  switch (expression.kind) {
    case "lookup": {
      const set = table.sets.get(expression.set);
      if (set === undefined) return "missing";
      if (expression.dreg === undefined) return undefined;
      if (set.data === undefined || expression.inverted) return "invalid";
      return (set.data === "verdict") === (expression.dreg === 0) ? undefined : "invalid";
    }
    case "dynset": {
      const set = table.sets.get(expression.set);
      if (set === undefined) return "missing";
      if (set.constant) return "busy";
      if (set.live === 0) return "unsupported";
      if (expression.timeout !== undefined && !set.timeouts) return "unsupported";
      return (set.data === undefined) === (expression.data === undefined) ? undefined : "invalid";
    }
    case "objref map": {
      const set = table.sets.get(expression.set);
      return set === undefined ? "missing" : set.objects === expression.type ? undefined : "invalid";
    }
    case "flow offload":
      return table.objects.has(objectKey(OBJECT_FLOWTABLE, expression.flowtable)) ? undefined : "missing";
    case "objref":
      return table.objects.has(objectKey(expression.type, expression.name)) ? undefined : "missing";
    case "meta":
      // Keys of nft_meta_bridge; the other families have nothing to ask.
      return expression.key.startsWith("bri_") && table.family !== "bridge" ? "unsupported" : undefined;
    case "exthdr write":
      // nft_exthdr_tcp_set_init
      return expression.length === 2 || expression.length === 4 ? undefined : "unsupported";
    case "fib":
      return expression.result !== "type" && expression.flags.includes("oif") ? "invalid" : undefined;
    case "limit":
      return expression.rate > 0 && expression.unit > 0 ? undefined : "invalid";
    default:
      return undefined;
  }
}

/** Checks only the whole can tell: loops, depth, and expressions in hooks they do not work in. */
export function validateTable(table: Table): RulesetError | undefined {
  const targets = new Map<string, readonly string[]>();
  for (const chain of table.chains.values()) targets.set(chain.name, chainTargets(table, chain));
  const depths = new Map<string, number>();
  for (const chain of table.chains.values()) {
    if (chain.base === undefined) continue;
    if (depthBelow(chain.name, targets, depths, new Set()) >= JUMP_DEPTH) {
      return { reason: "loop", what: "chain", name: chain.name };
    }
    const error = misplaced(table, chain.base, chain.name, targets, new Set());
    if (error !== undefined) return error;
  }
  return undefined;
}

const leads = (expression: Expression): boolean =>
  expression.kind === "lookup"
    ? expression.dreg === 0
    : expression.kind === "verdict" && "chain" in expression.verdict;

function chainTargets(table: Table, chain: Chain): string[] {
  const names = new Set<string>();
  for (const rule of chain.rules) {
    // Most rules go nowhere: nothing is made for them.
    if (rule.expressions.some(leads)) { for (const target of ruleTargets(table, rule)) names.add(target); }
  }
  return [...names];
}

/** Jumps below a chain on its longest way; JUMP_DEPTH for a loop. */
function depthBelow(
  name: string,
  targets: ReadonlyMap<string, readonly string[]>,
  known: Map<string, number>,
  open: Set<string>,
): number {
  const depth = known.get(name);
  if (depth !== undefined) return depth;
  if (open.has(name) || open.size > JUMP_DEPTH) return JUMP_DEPTH;
  open.add(name);
  let most = 0;
  for (const target of targets.get(name) ?? []) {
    most = Math.max(most, 1 + depthBelow(target, targets, known, open));
    if (most >= JUMP_DEPTH) break;
  }
  open.delete(name);
  if (most < JUMP_DEPTH) known.set(name, most);
  return most;
}

/** First expression below a base chain that its hook or type does not support (nft_*_validate). */
function misplaced(
  table: Table,
  base: BaseChain,
  name: string,
  targets: ReadonlyMap<string, readonly string[]>,
  seen: Set<string>,
): RulesetError | undefined {
  if (seen.has(name)) return undefined;
  seen.add(name);
  for (const rule of table.chains.get(name)?.rules ?? []) {
    for (const expression of rule.expressions) {
      if (fits(expression, base, table.family)) continue;
      const what = expression.kind === "nat" ? expression.type : expression.kind;
      const detail = `${what} does not work in chains of type ${base.type} at ${base.hook}`;
      return { reason: "unsupported", what: "rule", name, detail, source: rule.source };
    }
  }
  for (const target of targets.get(name) ?? []) {
    const error = misplaced(table, base, target, targets, seen);
    if (error !== undefined) return error;
  }
  return undefined;
}

function fits(expression: Expression, base: BaseChain, family: Family): boolean {
  const { hook, type } = base;
  switch (expression.kind) {
    case "nat":
      return type === "nat" &&
        (expression.type === "snat"
          ? hook === "postrouting" || hook === "input"
          : hook === "prerouting" || hook === "output");
    case "masquerade":
      return type === "nat" && hook === "postrouting";
    case "redirect":
      return type === "nat" && (hook === "prerouting" || hook === "output");
    case "reject":
      // nft_reject_bridge_validate, nft_reject_netdev_validate
      return family === "bridge"
        ? hook === "prerouting" || hook === "input"
        : hook !== "postrouting" && hook !== "egress";
    case "rt":
      return expression.key !== "tcpmss" || hook === "forward" || hook === "output" || hook === "postrouting";
    case "fib":
      return fibHooks(expression).includes(hook);
    default:
      return true;
  }
}

/** nft_fib_validate: an interface can be asked about only where the packet has one. */
function fibHooks({ flags, result }: Extract<Expression, { kind: "fib" }>): readonly BaseChain["hook"][] {
  if (result !== "type" || flags.includes("iif")) return ["ingress", "prerouting", "input", "forward"];
  return flags.includes("oif") ? ["forward", "output", "postrouting"] : HOOKS.filter;
}

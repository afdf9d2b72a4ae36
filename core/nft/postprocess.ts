import type { Family } from "../ruleset/ruleset.ts";
import { fieldsOf, resolvePayload } from "./postprocess_payload.ts";
import { adopt, writtenField } from "./postprocess_assign.ts";
import { simplifyMatch } from "./postprocess_match.ts";
import { ProtocolContext } from "./protocol_context.ts";
import type { HeaderBase } from "./protocol/protocol.ts";
import type { Expr, PayloadExpr, Statement } from "./typed.ts";
import { valueOf } from "./types.ts";

type Match = Extract<Statement, { kind: "match" }>;

/** Values of a set's elements, for what a match on it says of the protocol. */
export interface SetMembers {
  /** Single keys and whether they are in network order; undefined for intervals and concatenations. */
  members(set: string): { readonly keys: readonly Uint8Array[]; readonly big: boolean } | undefined;
}

/**
 * Makes what delinearizing gave readable: payload loads become header fields, masks become bit fields, prefixes
 * and flags, and matches that only guard a header field are left out, as the field implies them.
 */
export function postprocess(statements: readonly Statement[], family: Family, sets: SetMembers): Statement[] {
  const work = new Postprocess(family, sets);
  for (const statement of statements) work.take(statement);
  return work.result.filter((statement) => !work.dropped.has(statement));
}

class Postprocess {
  readonly result: Statement[] = [];
  readonly dropped = new Set<Statement>();
  private readonly context: ProtocolContext;
  private readonly family: Family;
  private readonly sets: SetMembers;
  /** For each base the match that made its protocol known, as long as it may be left out. */
  private readonly guards = new Map<HeaderBase, Match>();

  constructor(family: Family, sets: SetMembers) {
    this.family = family;
    this.sets = sets;
    this.context = new ProtocolContext(family);
  }

  take(statement: Statement): void {
    switch (statement.kind) {
      case "match":
        for (const part of splitMerged(statement, this.context)) this.match(part);
        return;
      case "verdict map":
        return void this.result.push({ ...statement, key: this.resolve(statement.key) });
      case "assign": {
        const written = writtenField(statement, this.context);
        if (written !== undefined) this.drop(written.target);
        const target = written?.target ?? (this.resolve(statement.target) as typeof statement.target);
        const value = written?.value ?? adopt(this.resolve(statement.value), target);
        return void this.result.push({ ...statement, target, value });
      }
      case "set update":
        return void this.result.push({ ...statement, key: this.resolve(statement.key) });
      case "nat": {
        const { nat } = statement;
        const address = nat.address === undefined ? {} : { address: this.resolve(nat.address) };
        const port = nat.port === undefined ? {} : { port: this.resolve(nat.port) };
        return void this.result.push({ ...statement, nat: { ...nat, ...address, ...port } });
      }
      case "reject":
        return this.reject(statement);
      case "plain":
        this.guards.clear();
        return void this.result.push(statement);
      default:
        return void this.result.push(statement);
    }
  }

  private reject(statement: Extract<Statement, { kind: "reject" }>): void {
    const network = this.context.network.protocol?.name;
    const family = this.family === "ip" || this.family === "ip6" ? this.family : network === "ip" || network === "ip6" ? network : undefined;
    if (statement.how === "icmp" && this.family !== "ip" && this.family !== "ip6") {
      const guard = this.guards.get("network");
      if (guard !== undefined && guard.left.kind === "meta") this.dropped.add(guard);
    }
    this.result.push({ ...statement, ...(family === undefined ? {} : { family }) });
  }

  private match(statement: Match): void {
    const resolved = this.resolve(statement.left);
    const match = simplifyMatch({ ...statement, left: resolved }, this.context);
    this.drop(match.left);
    this.result.push(match);
    if (match.op !== "eq" || match.left.kind === "concatenation") return;
    const { left, right } = match;
    const isGuard = (left.kind === "payload" && left.field !== undefined && left.protocol?.nextField === left.field.name) ||
      (left.kind === "meta" && ["nfproto", "l4proto", "protocol", "iiftype"].includes(left.row.name));
    if (right.kind === "set") {
      if (isGuard) this.learnSet(left, right.set.kind === "named" ? right.set.name : "");
      return;
    }
    if (right.kind !== "value" || !isGuard) return;
    if (left.kind === "meta") this.dropForMeta(left.row.name, right.value);
    const before = new Map((["link", "network", "transport"] as const).map((base) => [base, this.context.at(base).protocol]));
    this.context.learnFrom(left, [right.value], match.span);
    for (const [base, protocol] of before) if (this.context.at(base).protocol !== protocol) this.guards.set(base, match);
    // An unknown upper protocol guards nothing; neither does one known already.
    if (left.kind === "meta" && left.row.name === "l4proto" && !this.guards.has("transport") && this.context.transport.protocol !== undefined) {
      this.guards.set("transport", match);
    }
  }

  private learnSet(left: Expr, name: string): void {
    const found = this.sets.members(name);
    if (found === undefined) return;
    const order = found.big ? "big" : left.order;
    this.context.learnFrom(left, found.keys.map((key) => valueOf(key, order)), left.span);
  }

  /** ICMP and ICMPv6 say which family they belong to (meta_may_dependency_kill). */
  private dropForMeta(key: string, value: bigint): void {
    if (key !== "l4proto") return;
    const guard = this.guards.get("network");
    if (guard === undefined || guard.right.kind !== "value") return;
    const v4 = guard.left.kind === "meta" && guard.left.row.name === "nfproto" ? guard.right.value === 2n : guard.right.value === 0x0800n;
    if ((value === 1n && v4) || (value === 58n && !v4)) {
      this.dropped.add(guard);
      this.guards.delete("network");
    }
  }

  /** Resolves payload loads in an expression and leaves out the matches they imply. */
  private resolve(expr: Expr): Expr {
    switch (expr.kind) {
      case "payload": {
        const found = resolvePayload(expr, this.context);
        this.drop(found);
        return found;
      }
      case "binary": {
        const left = this.resolve(expr.left);
        return retype({ ...expr, left }, left);
      }
      case "concatenation":
        return { ...expr, parts: expr.parts.map((part) => simplifyPart(this.resolve(part), this.context)) };
      case "map":
        return { ...expr, key: this.resolve(expr.key) };
      case "extension":
        this.dropGuard("network", undefined);
        return expr;
      default:
        return expr;
    }
  }

  private drop(expr: Expr): void {
    if (expr.kind === "payload" && expr.protocol !== undefined && expr.field !== undefined) this.dropGuard(expr.base, expr);
  }

  private dropGuard(base: HeaderBase, payload: PayloadExpr | undefined): void {
    const guard = this.guards.get(base);
    if (guard === undefined || !this.mayDrop(guard, base, payload)) return;
    this.dropped.add(guard);
    this.guards.delete(base);
  }

  /** `ip protocol` and `ip6 nexthdr` also say the family where a table has both, so they stay. */
  private mayDrop(guard: Match, base: HeaderBase, payload: PayloadExpr | undefined): boolean {
    if (payload?.protocol?.name === "th") return false;
    const mixed = this.family !== "ip" && this.family !== "ip6" && this.family !== "arp";
    if (!mixed || base !== "transport" || guard.left.kind !== "payload") return true;
    return guard.left.base !== "network";
  }
}

function retype(expr: Extract<Expr, { kind: "binary" }>, left: Expr): Expr {
  const right = expr.right.kind === "value" ? { ...expr.right, type: left.type } : expr.right;
  return { ...expr, type: left.type, right };
}

/** In a concatenation a masked and shifted load is a bit field too. */
function simplifyPart(part: Expr, context: ProtocolContext): Expr {
  let at = part;
  let shift = 0n;
  if (at.kind === "binary" && at.op === ">>" && at.right.kind === "value") {
    shift = at.right.value;
    at = at.left;
  }
  if (at.kind !== "binary" || at.op !== "&" || at.left.kind !== "payload" || at.right.kind !== "value") return part;
  return fieldsOf(at.left, at.right.value, shift, context) ?? part;
}

/** One compare over several neighbouring fields is several matches (payload_expr_expand). */
function splitMerged(match: Match, context: ProtocolContext): Match[] {
  const { left, right } = match;
  if (left.kind !== "payload" || right.kind !== "value" || match.op !== "eq" && match.op !== "neq") return [match];
  const whole = resolvePayload(left, context);
  if (whole.kind !== "payload" || whole.field !== undefined || match.op === "neq") return [match];
  const parts: Match[] = [];
  let offset = left.offset;
  const end = left.offset + left.bits;
  while (offset < end) {
    const field = resolvePayload({ ...left, offset, bits: 0 }, context);
    const bits = field.kind === "payload" && field.field !== undefined ? field.bits : 0;
    if (bits === 0 || offset + bits > end) return [match];
    const value = (right.value >> BigInt(end - offset - bits)) & ((1n << BigInt(bits)) - 1n);
    parts.push({ ...match, left: { ...left, offset, bits }, right: { ...right, value, bits } });
    offset += bits;
  }
  return parts.length > 1 ? parts : [match];
}

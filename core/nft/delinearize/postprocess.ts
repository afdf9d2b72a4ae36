import type { Family } from "../../ruleset/ruleset.ts";
import { fieldsOf, maskPlace, resolvePayload } from "./postprocess_payload.ts";
import { adopt, writtenField } from "./postprocess_assign.ts";
import { simplifyMatch } from "./postprocess_match.ts";
import { PROTOCOLS } from "../protocol/registry.ts";
import type { Tunnel } from "../protocol/tunnel.ts";
import { NOWHERE } from "../text/source.ts";
import { ProtocolContext } from "../check/protocol_context.ts";
import type { HeaderBase } from "../protocol/protocol.ts";
import {
  type Action,
  type Expr,
  type PayloadExpr,
  type SetUse,
  type Statement,
  tunnelOf,
} from "../tree/typed.ts";
import { type DataType, valueOf } from "../types.ts";

type Match = Extract<Statement, { kind: "match" }>;

/** Values of a set's elements, for what a match on it says of the protocol. */
export interface SetMembers {
  /** Single keys and whether they are in network order; undefined for intervals and concatenations. */
  members(set: string): { readonly keys: readonly Uint8Array[]; readonly big: boolean } | undefined;
  /** Fields may be changed in part (nft 1.1.2). */
  readonly newest?: boolean;
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
  readonly result: Statement[];
  readonly dropped: Set<Statement>;
  private readonly context: ProtocolContext;
  private readonly family: Family;
  private readonly sets: SetMembers;
  /** For each base the match that made its protocol known, as long as it may be left out. */
  /** The `ether type` match left out for the one being worked on; and for those before. */
  private tagDropped: Match | undefined;
  private readonly tagGuards = new Map<Match, Match>();
  private icmpGuard: Match | undefined;
  private readonly guards = new Map<HeaderBase, Match>();

  /** The same for packets inside tunnels. */
  private readonly inner = new Map<string, Postprocess>();

  /** Whether this is about packets inside a tunnel. */
  private readonly nested: boolean;

  constructor(family: Family, sets: SetMembers, round?: Postprocess) {
    this.family = family;
    this.sets = sets;
    this.nested = round !== undefined;
    this.result = round?.result ?? [];
    this.dropped = round?.dropped ?? new Set();
    this.context = new ProtocolContext(family, sets.newest !== false);
  }

  take(statement: Statement): void {
    switch (statement.kind) {
      case "match":
        for (const part of splitMerged(statement, this.context)) this.match(part);
        return;
      case "verdict map":
        return void this.push({ ...statement, ...this.resolveKey(statement.key, statement.set) });
      case "assign": {
        const written = writtenField(statement, this.context, this.sets.newest !== false);
        if (written !== undefined) this.drop(written.target);
        const target = written?.target ?? (this.resolve(statement.target) as typeof statement.target);
        const value = written?.value ?? adopt(this.fields(this.resolve(statement.value)), target);
        return void this.push({ ...statement, target, value });
      }
      case "set update":
        return void this.push({
          ...statement,
          key: this.resolveKey(statement.key, undefined).key,
          ...(statement.data === undefined ? {} : { data: this.resolve(statement.data) }),
        });
      case "nat": {
        const { nat } = statement;
        const address = nat.address === undefined ? {} : { address: this.resolve(nat.address) };
        // What guards the ports of a translation stays (nft does not look into port maps).
        this.guards.clear();
        const port = nat.port === undefined ? {} : { port: this.resolve(nat.port) };
        return void this.push({ ...statement, nat: { ...nat, ...address, ...port } });
      }
      case "action":
        return void this.push({ ...statement, action: this.action(statement.action) });
      case "reject":
        return this.reject(statement);
      default:
        return void this.push(statement);
    }
  }

  private action(action: Action): Action {
    switch (action.name) {
      case "queue":
        return action.number === undefined ? action : { ...action, number: this.resolve(action.number) };
      case "dup":
        return {
          ...action,
          ...(action.address === undefined ? {} : { address: this.resolve(action.address) }),
          ...(action.device === undefined ? {} : { device: this.resolve(action.device) }),
        };
      case "fwd":
        return {
          ...action,
          device: this.resolve(action.device),
          ...(action.address === undefined ? {} : { address: this.resolve(action.address) }),
        };
      case "tproxy":
        // A proxy asks for the transport protocol itself, so what says it stays.
        this.guards.clear();
        return {
          ...action,
          ...(action.address === undefined ? {} : { address: this.resolve(action.address) }),
          ...(action.port === undefined ? {} : { port: this.resolve(action.port) }),
        };
      case "object":
        return { ...action, ...this.resolveKey(action.key, action.set) };
    }
  }

  /** Statements that act end the reach of guards: what comes later is another question. */
  private push(statement: Statement): void {
    this.result.push(statement);
    this.guards.clear();
    for (const inner of this.inner.values()) inner.guards.clear();
  }

  private reject(statement: Extract<Statement, { kind: "reject" }>): void {
    const network = this.context.network.protocol?.name;
    const family = this.family === "ip" || this.family === "ip6"
      ? this.family
      : network === "ip" || network === "ip6"
      ? network
      : undefined;
    if (statement.how === "icmp" && this.family !== "ip" && this.family !== "ip6") {
      const guard = this.guards.get("network");
      if (guard !== undefined && (guard.left.kind === "meta" || this.family !== "inet")) {
        this.dropped.add(guard);
      }
    }
    this.push({ ...statement, ...(family === undefined ? {} : { family }) });
  }

  /** Work on packets inside; what guards the tunnel is implied. */
  private inside(tunnel: Tunnel): Postprocess {
    if (tunnel.over === "gre") this.dropGuard("transport", undefined);
    let found = this.inner.get(tunnel.name);
    if (found === undefined) {
      this.inner.set(tunnel.name, found = new Postprocess("netdev", this.sets, this));
      if ((tunnel.flags & 2) !== 0) found.context.learn(PROTOCOLS.get("ether")!, NOWHERE);
    }
    return found;
  }

  private match(statement: Match): void {
    const first = statement.left.kind === "concatenation" ? statement.left.parts[0]! : statement.left;
    const tunnel = this.nested ? undefined : tunnelOf(first);
    if (tunnel !== undefined) return this.inside(tunnel).matchHere(statement);
    this.matchHere(statement);
  }

  private matchHere(statement: Match): void {
    this.tagDropped = undefined;
    const resolved = this.resolve(statement.left);
    const match = simplifyMatch({ ...statement, left: resolved }, this.context);
    this.drop(match.left);
    this.result.push(match);
    if (this.tagDropped !== undefined) this.tagGuards.set(match, this.tagDropped);
    if (match.op !== "eq" || match.left.kind === "concatenation") return;
    const { left, right } = match;
    const isGuard =
      (left.kind === "payload" && left.field !== undefined && left.protocol?.nextField === left.field.name) ||
      (left.kind === "meta" && ["nfproto", "l4proto", "protocol", "iiftype"].includes(left.row.name));
    this.learnIcmp(left, right, match);
    if (right.kind === "set") {
      if (isGuard) this.learnSet(left, right.set.kind === "named" ? right.set.name : "");
      return;
    }
    if (right.kind !== "value" || !isGuard) return;
    if (left.kind === "meta") this.dropForMeta(left.row.name, right.value);
    // A protocol the table does not know guards nothing.
    const learned = this.context.learnFrom(this.nested ? outside(left) : left, [right.value], match.span);
    if (learned !== undefined) this.guards.set(learned, match);
  }

  /** The message type decides which of the fields at one place is meant. */
  private learnIcmp(left: Expr, right: Match["right"], match: Match): void {
    if (left.kind !== "payload" || left.field?.name !== "type" || match.op !== "eq") return;
    if (right.kind === "value") {
      this.context.icmpTypes = [Number(right.value)];
      this.icmpGuard = match;
    } else if (right.kind === "set" && right.set.kind === "named") {
      this.context.icmpTypes = this.sets.members(right.set.name)?.keys.map((key) => key[0] ?? 0) ?? [];
    }
  }

  private learnSet(left: Expr, name: string): void {
    const found = this.sets.members(name);
    if (found === undefined) return;
    const order = found.big ? "big" : left.order;
    this.context.learnFrom(
      this.nested ? outside(left) : left,
      found.keys.map((key) => valueOf(key, order)),
      left.span,
    );
  }

  /** ICMP and ICMPv6 say which family they belong to (meta_may_dependency_kill). */
  private dropForMeta(key: string, value: bigint): void {
    if (key !== "l4proto") return;
    const guard = this.guards.get("network");
    if (guard === undefined || guard.right.kind !== "value") return;
    const v4 = guard.left.kind === "meta" && guard.left.row.name === "nfproto"
      ? guard.right.value === 2n
      : guard.right.value === 0x0800n;
    if ((value === 1n && v4) || (value === 58n && !v4)) {
      this.dropped.add(guard);
      this.guards.delete("network");
    }
  }

  /** Resolves payload loads in an expression and leaves out the matches they imply. */
  private resolve(expr: Expr): Expr {
    switch (expr.kind) {
      case "payload": {
        if (expr.tunnel !== undefined && !this.nested) return this.inside(expr.tunnel).resolve(expr);
        // A tunnel's own header is told already.
        if (expr.tunnel !== undefined && expr.protocol === expr.tunnel.row) return expr;
        const found = resolvePayload(expr, this.context);
        this.drop(found);
        return found;
      }
      case "binary": {
        const left = this.resolve(expr.left);
        const right = expr.right.kind === "value" ? expr.right : this.resolve(expr.right);
        return retype({ ...expr, left, right }, left);
      }
      case "byteorder":
        return this.resolve(expr.operand);
      case "concatenation":
        return { ...expr, parts: expr.parts.map((part) => this.part(this.resolve(part))) };
      case "map":
        return { ...expr, ...this.resolveKey(expr.key, expr.set) };
      case "hash":
        return expr.key === undefined ? expr : { ...expr, key: this.resolveKey(expr.key, undefined).key };
      case "option":
        if (expr.of === "ip") this.dropGuard("network", undefined);
        return expr;
      case "extension":
        this.dropGuard("network", undefined);
        return expr;
      default:
        return expr;
    }
  }

  private part(expr: Expr): Expr {
    const tunnel = this.nested ? undefined : tunnelOf(expr);
    return simplifyPart(expr, tunnel === undefined ? this.context : this.inside(tunnel).context);
  }

  /** Bit fields among what a statement computes with. */
  private fields(expr: Expr): Expr {
    if (expr.kind !== "binary") return expr;
    const simple = this.part(expr);
    if (simple !== expr) {
      this.drop(simple);
      return simple;
    }
    const left = this.fields(expr.left);
    const typed = retype({ ...expr, left, right: this.fields(expr.right) }, left);
    // What is moved up is no longer one of the field's values.
    return expr.op === "<<" || expr.op === ">>" ? { ...typed, type: nameless(typed.type) } : typed;
  }

  /** What a set or map is asked for; there a masked load is a bit field as well. */
  private resolveKey(expr: Expr, set: SetUse): { key: Expr; set: SetUse };
  private resolveKey(expr: Expr, set: undefined): { key: Expr };
  private resolveKey(expr: Expr, set: SetUse | undefined): { key: Expr; set?: SetUse } {
    const resolved = this.resolve(expr);
    const simple = this.part(resolved);
    this.drop(simple);
    if (set === undefined) return { key: simple };
    // A mask without its shift: the keys of the set are shifted instead.
    const low = resolved !== simple && resolved.kind === "binary" && resolved.op === "&" &&
        resolved.right.kind === "value"
      ? maskPlace(resolved.right.value, resolved.left.bits)?.low ?? 0
      : 0;
    return { key: simple, set: low > 0 && set.kind === "named" ? { ...set, shift: low } : set };
  }

  private drop(expr: Expr): void {
    const tunnel = this.nested ? undefined : tunnelOf(expr);
    if (tunnel !== undefined) return this.inside(tunnel).drop(expr);
    // One type alone is said by its field: `icmp mtu`; of several types the match stays.
    if (expr.kind === "payload" && expr.field?.onlyIn?.length === 1 && this.icmpGuard !== undefined) {
      this.dropped.add(this.icmpGuard);
    }
    // A field that several types have needs it.
    if (expr.kind === "payload" && (expr.field?.onlyIn?.length ?? 0) > 1) this.icmpGuard = undefined;
    if (expr.kind === "payload" && expr.protocol !== undefined && expr.field !== undefined) {
      this.dropGuard(expr.base, expr);
    }
  }

  private dropGuard(base: HeaderBase, payload: PayloadExpr | undefined): void {
    const guard = this.guards.get(base);
    if (guard === undefined || !this.mayDrop(guard, base, payload)) return;
    this.dropped.add(guard);
    this.guards.delete(base);
    // A tag that only a left-out match looked at still has to be said.
    const below = this.tagGuards.get(guard);
    if (below !== undefined) this.dropped.delete(below);
    if (base === "link" && guard.left.kind === "payload") this.tagDropped = guard;
  }

  /** `ip protocol` and `ip6 nexthdr` also say the family where a table has both, so they stay. */
  private mayDrop(guard: Match, base: HeaderBase, payload: PayloadExpr | undefined): boolean {
    if (payload?.protocol?.name === "th") return false;
    if (base === "link" && guard.left.kind === "payload" && payload?.protocol?.name === "vlan") {
      if (payload.field?.name === "type") return false;
      // A tag is implied where it is the usual one right behind the Ethernet header.
      return guard.left.protocol?.name === "ether" && guard.right.kind === "value" &&
        guard.right.value === 0x8100n;
    }
    const mixed = this.family !== "ip" && this.family !== "ip6" && this.family !== "arp";
    if (!mixed || base !== "transport" || guard.left.kind !== "payload") return true;
    return guard.left.base !== "network";
  }
}

function retype(expr: Extract<Expr, { kind: "binary" }>, left: Expr): Expr {
  const shift = expr.op === "<<" || expr.op === ">>";
  const right = expr.right.kind === "value" && !shift ? { ...expr.right, type: left.type } : expr.right;
  return { ...expr, type: left.type, right };
}

/** The same of a packet by itself. */
function outside(expr: Expr): Expr {
  if (expr.kind !== "payload" && expr.kind !== "meta") return expr;
  const { tunnel: _tunnel, ...plain } = expr;
  return plain;
}

function nameless({ symbols: _symbols, ...type }: DataType): DataType {
  return type;
}

/** In a concatenation a masked and shifted load is a bit field too. */
function simplifyPart(part: Expr, context: ProtocolContext): Expr {
  let at = part;
  let shift = 0n;
  if (at.kind === "binary" && at.op === ">>" && at.right.kind === "value") {
    shift = at.right.value;
    at = at.left;
  }
  if (
    shift === 0n && at.kind === "binary" && at.op === "&" && at.left.kind === "payload" &&
    at.right.kind === "value"
  ) {
    shift = BigInt(maskPlace(at.right.value, at.left.bits)?.low ?? 0);
  }
  if (at.kind !== "binary" || at.op !== "&" || at.left.kind !== "payload" || at.right.kind !== "value") {
    return part;
  }
  return fieldsOf(at.left, at.right.value, shift, context) ?? part;
}

/** One compare over several neighbouring fields is several matches (payload_expr_expand). */
function splitMerged(match: Match, context: ProtocolContext): Match[] {
  const { left, right } = match;
  if (left.kind !== "payload" || right.kind !== "value" || match.op !== "eq" && match.op !== "neq") {
    return [match];
  }
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

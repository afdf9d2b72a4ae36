import type { Expression } from "../../expr/expression.ts";
import { hashOperand } from "../check/generated.ts";
import { ctByKey, metaByKey } from "../keys.ts";
import { Registers } from "../linearize/registers.ts";
import { NOWHERE } from "../text/source.ts";
import {
  type Constant,
  type Expr,
  type MatchOp,
  type Operand,
  paddedBits,
  type SetUse,
  type Statement,
} from "../tree/typed.ts";
import { type ByteOrder, type DataType, integerType, isText, rawType, valueOf } from "../types.ts";
import { actionOf } from "./action.ts";
import { natStatement } from "./nat.ts";
import { operandOf } from "./operand.ts";
import { OPTION_BY_TYPE } from "./option.ts";
import { bitwise, concatenationOf, rawValue, retyped, typeOf, widened } from "./value.ts";

/** How many bits each part of a set's key has, for loads that make up a concatenation. */
export interface SetShapes {
  keyBits(set: string): readonly number[] | undefined;
  interval(set: string): boolean;
  /** Type of a map's data, for constants that rules put there. */
  data?(set: string): DataType | undefined;
}

/** Bytecode as checked statements: what each register holds is followed, comparisons become matches. */
export function delinearize(expressions: readonly Expression[], shapes: SetShapes): Statement[] {
  const machine = new Machine(shapes);
  for (const expression of expressions) machine.step(expression);
  return machine.statements;
}

const span = NOWHERE;

class Machine {
  readonly statements: Statement[] = [];
  private readonly slots = new Map<number, Expr>();
  private readonly shapes: SetShapes;

  constructor(shapes: SetShapes) {
    this.shapes = shapes;
  }

  private put(register: number, expr: Expr): void {
    this.slots.set(Registers.slot(register), expr);
  }
  private get(register: number): Expr {
    return this.slots.get(Registers.slot(register)) ?? rawValue(new Uint8Array(4));
  }

  /** The operand a set is asked for: one register, or as many as the key has parts. */
  private key(register: number, set: string): Expr {
    const bits = this.shapes.keyBits(set);
    if (bits === undefined || bits.length < 2) return this.get(register);
    let slot = Registers.slot(register);
    const parts = bits.map((width) => {
      const part = this.slots.get(slot) ?? rawValue(new Uint8Array((width + 7) >> 3));
      slot += paddedBits(width) / 32;
      return part;
    });
    return concatenationOf(parts);
  }

  private hash(e: Extract<Expression, { kind: "hash" }>): Operand {
    const { mode, modulus, offset, seed, sreg, length = 0 } = e;
    const key = sreg === undefined ? undefined : this.run(sreg, length);
    return hashOperand({
      mode,
      modulus,
      offset,
      span,
      ...(seed === undefined ? {} : { seed }),
      ...(key === undefined ? {} : { key }),
    });
  }

  /** What lies in so many bytes from a register on: one operand or several. */
  private run(register: number, length: number): Expr {
    const parts: Expr[] = [];
    let slot = Registers.slot(register);
    const end = slot + ((length + 3) >> 2);
    while (slot < end) {
      const part = this.slots.get(slot);
      if (part === undefined) break;
      parts.push(part);
      slot += paddedBits(Math.max(part.bits, 1)) / 32;
    }
    return parts.length > 1 ? concatenationOf(parts) : this.get(register);
  }

  private use(set: string): SetUse {
    return { kind: "named", name: set, interval: this.shapes.interval(set) };
  }

  private match(
    op: MatchOp,
    left: Expr,
    right: Extract<Statement, { kind: "match" }>["right"],
    implicit = false,
  ): void {
    this.statements.push({ kind: "match", op, left, right, implicit, span });
  }

  step(e: Expression): void {
    if (e.kind === "hash") return this.put(e.dreg, this.hash(e));
    const operand = operandOf(e);
    if (operand !== undefined && "dreg" in e && e.dreg !== undefined) return this.put(e.dreg, operand);
    switch (e.kind) {
      case "bitwise":
        return this.put(e.dreg, bitwise(widened(this.get(e.sreg), e.mask.length * 8), e.mask, e.xor));
      case "bitwise registers": {
        const left = this.get(e.sreg), right = this.get(e.sreg2);
        return this.put(e.dreg, { ...typeOf(left), kind: "binary", op: e.op, left, right });
      }
      case "shift": {
        const left = widened(this.get(e.sreg), e.length * 8);
        const right: Constant = {
          kind: "value",
          value: BigInt(e.bits),
          type: integerType,
          bits: 32,
          order: "host",
          span,
        };
        return this.put(e.dreg, { ...typeOf(left), kind: "binary", op: e.op, left, right });
      }
      case "byteorder": {
        // Both directions only turn the bytes about: the value stays, its order is the other one.
        const value = this.get(e.sreg);
        return this.put(e.dreg, { ...value, order: value.order === "big" ? "host" : "big" } as Expr);
      }
      case "immediate":
        return this.put(e.dreg, rawValue(e.data));
      case "verdict":
        return void this.statements.push({ kind: "verdict", verdict: e.verdict, span });
      case "cmp":
        return this.compare(e);
      case "range": {
        const left = this.get(e.sreg);
        const from = valueOf(e.from, left.order), to = valueOf(e.to, left.order);
        return this.match(e.op, left, { kind: "range", from, to, ...typeOf(left), bits: e.from.length * 8 });
      }
      case "lookup":
        return this.lookup(e);
      case "dynset": {
        const { op, set, timeout, statements } = e;
        const key = this.key(e.key, set);
        const held = e.data === undefined ? undefined : this.get(e.data);
        const type = this.shapes.data?.(set);
        const data = held?.kind === "value" && type !== undefined
          ? retyped(held, { ...held, type, bits: type.bits, order: type.order })
          : held;
        return void this.statements.push({
          kind: "set update",
          op,
          set,
          key,
          span,
          ...(data === undefined ? {} : { data }),
          ...(timeout === undefined ? {} : { timeout }),
          ...(statements === undefined ? {} : { statements }),
        });
      }
      case "meta set": {
        const row = metaByKey(e.key);
        if (row === undefined) return;
        const target: Operand = { kind: "meta", row, type: row.type, bits: row.bits, order: row.order, span };
        return this.assign(target, e.sreg);
      }
      case "ct set": {
        const row = ctByKey(e.key);
        if (row === undefined) return;
        const target: Operand = {
          kind: "ct",
          row,
          type: row.type,
          bits: row.bits,
          order: row.order,
          span,
          ...(e.direction === undefined ? {} : { direction: e.direction }),
        };
        return this.assign(target, e.sreg);
      }
      case "payload write": {
        const base = e.base === "inner" ? "transport" : e.base;
        const target: Operand = {
          kind: "payload",
          base,
          offset: e.offset * 8,
          bits: e.length * 8,
          type: rawType,
          order: "big",
          span,
          ...(e.base === "inner" ? { behind: true } : {}),
        };
        return this.assign(target, e.sreg);
      }
      case "exthdr write": {
        const target = OPTION_BY_TYPE(e.type, e.offset * 8, e.length * 8);
        return this.assign(target, e.sreg);
      }
      case "queue":
      case "dup":
      case "fwd":
      case "tproxy": {
        const action = actionOf(e, (register) => this.get(register))!;
        return void this.statements.push({ kind: "action", action, span });
      }
      case "objref map": {
        const action = {
          name: "object",
          type: e.type,
          key: this.key(e.sreg, e.set),
          set: this.use(e.set),
        } as const;
        return void this.statements.push({ kind: "action", action, span });
      }
      case "reject":
        return void this.statements.push({ kind: "reject", how: e.type, code: e.code, span });
      case "nat":
      case "masquerade":
      case "redirect": {
        const nat = natStatement(e, (register) => this.get(register));
        return void this.statements.push({ kind: "nat", nat, span });
      }
      default:
        return void this.statements.push({ kind: "plain", expression: e, span });
    }
  }

  private assign(target: Operand, register: number): void {
    const held = this.get(register);
    const value = held.kind === "value" ? retyped(held, target) : held;
    this.statements.push({ kind: "assign", target, value, span });
  }

  private lookup(e: Extract<Expression, { kind: "lookup" }>): void {
    const key = this.key(e.sreg, e.set);
    const set = this.use(e.set);
    if (e.dreg === undefined) {
      return this.match(e.inverted ? "neq" : "eq", key, { kind: "set", set, span }, !e.inverted);
    }
    if (e.dreg === 0) return void this.statements.push({ kind: "verdict map", key, set, span });
    this.put(e.dreg, { kind: "map", key, set, type: integerType, bits: 32, order: "big", span });
  }

  private compare(e: Extract<Expression, { kind: "cmp" }>): void {
    const left = this.get(e.sreg);
    const bits = e.data.length * 8;
    const before = this.statements[this.statements.length - 1];
    // `>= a` and `<= b` of one register are a range.
    if (
      e.op === "lte" && before?.kind === "match" && before.op === "gte" && before.left === left &&
      before.right.kind === "value"
    ) {
      const to = valueOf(e.data, left.order);
      this.statements.pop();
      return this.match(
        "eq",
        left,
        { kind: "range", from: before.right.value, to, ...typeOf(left), bits },
        true,
      );
    }
    const prefix = left.kind === "ct" && left.order === "big" && (e.op === "eq" || e.op === "neq");
    if ((isText(left.type) || prefix) && bits < left.bits) {
      const value = valueOf(e.data, "big") << BigInt(left.bits - bits);
      return this.match(
        e.op,
        left,
        { kind: "prefix", value, length: bits, ...typeOf(left), order: "big" },
        e.op === "eq",
      );
    }
    const order: ByteOrder = isText(left.type) ? "big" : left.order;
    this.match(
      e.op,
      left,
      { kind: "value", value: valueOf(e.data, order), ...typeOf(left), order, bits },
      e.op === "eq",
    );
  }
}

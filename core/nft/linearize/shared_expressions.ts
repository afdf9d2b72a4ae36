import type { Expression, MetaKey, PayloadBase, Verdict } from "../../expr/expression.ts";
import type { ByteOrder } from "../types.ts";
import { sharedMask, sharedZeros } from "./shared_bytes.ts";

/**
 * Expressions that many rules have in common, made once. None of them keeps state, so a rule's cells, which are
 * found by the expression itself, are never mistaken.
 */
const payloads = new Map<number, Expression>();
const metas = new Map<MetaKey, Expression[]>();
const masks = new Map<number, Expression>();
const verdicts = new Map<string, Expression>();

const BASES: Readonly<Record<PayloadBase, number>> = { link: 0, network: 1, transport: 2, inner: 3 };

/** Loads bytes of a header. */
export function payloadLoad(base: PayloadBase, offset: number, length: number, dreg: number): Expression {
  if (offset > 1023 || length > 255) return { kind: "payload", base, offset, length, dreg };
  const key = ((BASES[base] << 10 | offset) << 8 | length) << 6 | dreg;
  let found = payloads.get(key);
  if (found === undefined) payloads.set(key, found = { kind: "payload", base, offset, length, dreg });
  return found;
}

export function metaLoad(key: MetaKey, dreg: number): Expression {
  let found = metas.get(key);
  if (found === undefined) metas.set(key, found = []);
  return found[dreg] ??= { kind: "meta", key, dreg };
}

/** Keeps the first `length` bits of a register. */
export function prefixMask(bits: number, length: number, order: ByteOrder, sreg: number): Expression {
  const key = ((bits * 4096 + length) * 64 + sreg) * 2 + (order === "big" ? 1 : 0);
  let found = masks.get(key);
  if (found === undefined) {
    const mask = sharedMask(bits, length, order), xor = sharedZeros(mask.length);
    masks.set(key, found = { kind: "bitwise", sreg, dreg: sreg, length: mask.length, mask, xor });
  }
  return found;
}

export function verdictOnly(verdict: Verdict): Expression {
  if ("chain" in verdict) return { kind: "verdict", verdict };
  let found = verdicts.get(verdict.code);
  if (found === undefined) verdicts.set(verdict.code, found = { kind: "verdict", verdict });
  return found;
}

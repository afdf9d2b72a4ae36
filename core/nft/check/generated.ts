import type { SocketKey, XfrmKey } from "../../expr/expression.ts";
import { ipv4Type, ipv6Type } from "../datatype/address.ts";
import { markType } from "../datatype/symbolic.ts";
import { refuse } from "../text/diagnostic.ts";
import { NOWHERE } from "../text/source.ts";
import type { Node } from "../tree/tree.ts";
import type { Expr, Operand } from "../tree/typed.ts";
import { type DataType, integerType, stringType } from "../types.ts";

/** A number below the modulus, `offset` further up. */
const below = (modulus: number, offset: number): DataType => ({
  ...integerType,
  base: integerType,
  most: BigInt(Math.max(modulus, 1) - 1 + offset),
});

function requireModulus(modulus: number, span: Operand["span"]): void {
  if (modulus === 0) refuse(span, "Could not process rule: Numerical result out of range", [], ["modulus 0"]);
}

export const numgenOperand = (
  node: { mode: "inc" | "random"; modulus: number; offset: number; span: Operand["span"] },
): Operand => {
  const { mode, modulus, offset, span } = node;
  requireModulus(modulus, span);
  return {
    kind: "numgen",
    mode,
    modulus,
    offset,
    type: below(modulus, offset),
    bits: 32,
    order: "host",
    span,
  };
};

/** A hash; `key` is what it is of. */
export function checkHash(node: Extract<Node, { kind: "hash" }>, key: Expr | undefined): Operand {
  const { mode, modulus, offset, seed, span } = node;
  requireModulus(modulus, span);
  return hashOperand({ mode, modulus, offset, span, ...defined("seed", seed), ...defined("key", key) });
}

export const hashOperand = (
  hash: {
    mode: "jhash" | "symhash";
    modulus: number;
    offset: number;
    seed?: number;
    key?: Expr;
    span: Operand["span"];
  },
): Operand => ({ kind: "hash", ...hash, type: below(hash.modulus, hash.offset), bits: 32, order: "host" });

const defined = <K extends string, V>(name: K, value: V | undefined): { [key in K]?: V } =>
  value === undefined ? {} : { [name]: value } as { [key in K]?: V };

/** What the socket a packet would go to is like. */
export const socketOperand = (key: SocketKey, span = NOWHERE): Operand =>
  key === "mark"
    ? { kind: "socket", key, type: markType, bits: 32, order: "host", span }
    : { kind: "socket", key, type: integerType, bits: 1, order: "host", span };

const NAME_BITS = 128;

/** Name of the operating system a SYN looks like. */
export const fingerprintOperand = (ttl: number, version: boolean, span = NOWHERE): Operand => ({
  kind: "osf",
  ttl,
  version,
  type: stringType,
  bits: NAME_BITS,
  order: "host",
  span,
});

const XFRM_TYPES: Readonly<Record<XfrmKey, readonly [DataType, bits: number, order: "big" | "host"]>> = {
  reqid: [integerType, 32, "host"],
  spi: [integerType, 32, "big"],
  saddr4: [ipv4Type, 32, "big"],
  daddr4: [ipv4Type, 32, "big"],
  saddr6: [ipv6Type, 128, "big"],
  daddr6: [ipv6Type, 128, "big"],
};

/** A property of the IPsec state a packet came or will go through. */
export function xfrmOperand(
  direction: "in" | "out",
  key: XfrmKey,
  template: number,
  span = NOWHERE,
): Operand {
  const [type, bits, order] = XFRM_TYPES[key];
  if (template > 255) refuse(span, "value too large");
  return { kind: "xfrm", direction, key, template, type, bits, order, span };
}

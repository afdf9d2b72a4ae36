import type { SetDefinition } from "../../ruleset/ruleset.ts";
import type { Wanted } from "./constant.ts";
import { type CheckContext, setSource } from "./context.ts";
import { refuse } from "../text/diagnostic.ts";
import type { Span } from "../text/source.ts";
import type { Node } from "../tree/tree.ts";
import type { Expr } from "../tree/typed.ts";
import { type DataType, isInteger, nearest } from "../types.ts";

/** What a value compared with this operand must be. */
export const asWanted = (operand: Expr): Wanted => ({
  type: operand.kind === "concatenation"
    ? {
      ...operand.type,
      parts: operand.parts.map((part) => ({ ...unbounded(part.type), order: part.order, bits: part.bits })),
    }
    : operand.type,
  bits: operand.bits,
  order: operand.order,
  ...(operand.kind === "concatenation" ? { partBits: operand.parts.map((part) => part.bits) } : {}),
});

/** A type without the bound that what makes its values has (`numgen ... mod 4`); maps and concatenations know none. */
export const unbounded = (type: DataType): DataType =>
  type.most === undefined || type.base === undefined || type.base.name !== type.name ? type : type.base;

/** Intervals and order compare byte by byte: host-order operands are turned to network order. */
export function bigEndian(operand: Expr): Expr {
  if (operand.kind === "concatenation") {
    return { ...operand, parts: operand.parts.map(turned) };
  }
  if (operand.order === "big" || operand.bits <= 8 || !isInteger(operand.type)) return operand;
  const bytes = (operand.bits + 7) >> 3;
  return { ...operand, kind: "byteorder", op: "hton", operand, size: bytes, order: "big" } as Expr;
}

/** nft turns the single bytes of a concatenation too. */
const turned = (part: Expr): Expr =>
  part.bits <= 8 && (part.kind === "meta" || part.kind === "ct") && isInteger(part.type)
    ? { ...part, kind: "byteorder", op: "hton", operand: part, size: 2, order: "big" } as Expr
    : bigEndian(part);

/** The set `@name` stands for; refused where the table has none. */
export function namedSet(context: CheckContext, node: Node, what: "set" | "map"): SetDefinition {
  if (node.kind === "variable") return namedSet(context, node.value, what);
  if (node.kind !== "set reference") return refuse(node.span, `a ${what} was expected here`);
  const found = context.table?.sets.get(node.name);
  if (found !== undefined) return found;
  const names = [...(context.table?.sets.values() ?? [])].filter((set) => !set.anonymous).map((set) =>
    set.name
  );
  const near = nearest(node.name, names);
  const table = context.table;
  return refuse(
    node.span,
    near === undefined || table === undefined
      ? "No such file or directory"
      : `No such file or directory; did you mean set ‘${near}’ in table ${table.family} ‘${table.name}’?`,
    [],
    [`the table has no set ${node.name}`],
  );
}

/** Key type and operand must agree, part by part. */
export function requireType(set: SetDefinition, operand: Expr, span: Span): void {
  const wanted = setSource(set)?.key;
  if (wanted === undefined) return;
  if (typesAgree(wanted, operand)) return;
  const parts = operand.kind === "concatenation" ? operand.parts : [operand];
  refuse(
    span,
    `datatype mismatch, expected ${describeTypes(parts.map((part) => part.type))}, expression has type ${
      describeTypes(wanted)
    }`,
    [operand.span],
  );
}

/** Whether an operand may be asked for in a set of these key types. */
export function typesAgree(wanted: readonly DataType[], operand: Expr): boolean {
  const parts = operand.kind === "concatenation" ? operand.parts : [operand];
  return wanted.length === parts.length && wanted.every((type, index) => {
    const part = parts[index]!;
    return type.name === part.type.name;
  });
}

/** Types as messages name them. */
export const describeTypes = (types: readonly DataType[]): string =>
  types.length === 1
    ? types[0]!.description
    : `concatenation of (${types.map((type) => type.description).join(", ")})`;

import { type Expr, tunnelOf } from "../tree/typed.ts";

/** What an answer hangs on, as `effects.ts` names what is written: a `*` for what may hang on anything. */
export type Reads = ReadonlySet<string>;

/** Clocks and generators answer differently each time they are asked; these counts grow by themselves. */
const FICKLE_META = new Set(["time", "hour", "day", "random", "cpu"]);
const FICKLE_CT = new Set(["expiration", "packets", "bytes", "avgpkt"]);

/**
 * The name of what is looked at: the same name is the same bytes, whatever the field is called (`tcp dport` and
 * `th dport`), and the same answer as long as nothing it reads is written. Undefined for what has no such name.
 */
export function subjectOf(expr: Expr): string | undefined {
  const tunnel = tunnelOf(expr);
  if (tunnel !== undefined && (expr.kind === "payload" || expr.kind === "meta")) {
    const { tunnel: _tunnel, ...plain } = expr;
    const name = expr.kind === "payload" ? expr.protocol?.name : "";
    return `${tunnel.name} ${name} ${subjectOf(plain)}`;
  }
  switch (expr.kind) {
    case "payload":
      return `payload ${expr.behind ? "inner" : expr.base} ${expr.offset} ${expr.bits}`;
    case "meta":
      return FICKLE_META.has(expr.row.key) ? undefined : `meta ${expr.row.key}`;
    case "ct":
      return FICKLE_CT.has(expr.row.key)
        ? undefined
        : `ct ${expr.row.key} ${expr.direction ?? ""} ${expr.row.bits}`;
    case "option":
      return `option ${expr.of ?? "tcp"} ${expr.option.type} ${expr.offset} ${expr.bits} ${
        expr.field === undefined && expr.raw === undefined ? "there" : ""
      }`;
    case "extension":
      return `extension ${expr.header.name} ${expr.offset} ${expr.bits} ${
        expr.field === undefined ? "there" : ""
      }`;
    case "byteorder":
      return subjectOf(expr.operand);
    case "binary": {
      if (expr.right.kind !== "value") return undefined;
      const left = subjectOf(expr.left);
      return left === undefined ? undefined : `(${left} ${expr.op} ${expr.right.value})`;
    }
    default:
      return undefined;
  }
}

/** Adds what the answer hangs on. */
export function addReads(expr: Expr, reads: Set<string>): void {
  switch (expr.kind) {
    case "payload":
    case "option":
    case "extension":
      return void reads.add("payload");
    case "meta":
      return void reads.add(`meta ${expr.row.key}`);
    case "ct":
      return void reads.add("ct");
    case "byteorder":
      return addReads(expr.operand, reads);
    case "binary":
      addReads(expr.left, reads);
      return addReads(expr.right, reads);
    case "concatenation":
      return expr.parts.forEach((part) => addReads(part, reads));
    case "value":
    case "prefix":
    case "range":
    case "constants":
    case "wildcard":
    case "verdict":
      return;
    default:
      return void reads.add("*");
  }
}

/** Whether asking twice gives the same and leaves no trace, though the answer may have no name. */
export function isQuiet(expr: Expr): boolean {
  switch (expr.kind) {
    case "meta":
    case "ct":
      return subjectOf(expr) !== undefined;
    case "payload":
    case "option":
    case "extension":
    case "rt":
    case "fib":
    case "socket":
    case "xfrm":
      return true;
    case "byteorder":
      return isQuiet(expr.operand);
    case "binary":
      return isQuiet(expr.left) && (expr.right.kind === "value" || isQuiet(expr.right));
    case "concatenation":
      return expr.parts.every(isQuiet);
    default:
      return false;
  }
}

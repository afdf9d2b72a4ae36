import { OPTION_LISTS } from "../protocol/option_list.ts";
import { printConstant, printFlags } from "./value.ts";
import type { Expr, PayloadExpr, SetUse } from "../tree/typed.ts";
import { isBitmask, type TypeContext } from "../types.ts";

/** Prints a set: `{ ... }` for one written in a rule, `@name` for others. */
export type SetPrinter = (use: SetUse) => string;

const noSet: SetPrinter = () => "{ }";

/** What is looked at, as the language writes it. */
export function printOperand(expr: Expr, types: TypeContext, set: SetPrinter = noSet): string {
  switch (expr.kind) {
    case "payload":
      return payload(expr);
    case "meta":
      return expr.row.bare ? expr.row.name : `meta ${expr.row.name}`;
    case "ct": {
      const family = expr.row.key.endsWith("_ip6") ? "ip6 " : expr.row.key.endsWith("_ip") ? "ip " : "";
      const directed = expr.direction !== undefined && expr.row.name !== "protocol" &&
        expr.row.name !== "l3proto";
      return `ct ${directed ? expr.direction + " " : ""}${family}${expr.row.name}`;
    }
    case "option": {
      if (expr.raw === true) {
        return `${OPTION_LISTS[expr.of ?? "tcp"].words} @${expr.option.type},${expr.offset},${expr.bits}`;
      }
      const { words } = OPTION_LISTS[expr.of ?? "tcp"];
      return `${words} ${expr.option.name}${expr.field === undefined ? "" : ` ${expr.field.name}`}`;
    }
    case "extension": {
      if (expr.field === undefined) return `exthdr ${expr.header.name}`;
      const index = expr.field.indexed === true
        ? `[${(expr.offset - expr.field.offset) / expr.field.bits + 1}]`
        : "";
      return `${expr.header.name} ${expr.field.name}${index}`;
    }
    case "rt":
      return expr.key === "tcpmss"
        ? "rt mtu"
        : expr.key === "nexthop4"
        ? "rt ip nexthop"
        : expr.key === "nexthop6"
        ? "rt ip6 nexthop"
        : `rt ${expr.key}`;
    case "fib":
      return `fib ${expr.flags.join(" . ")} ${fibResult(expr, types)}`;
    case "numgen":
      return `numgen ${expr.mode} mod ${expr.modulus}${offset(expr.offset)}`;
    case "hash": {
      const key = expr.key === undefined ? "" : ` ${printOperand(expr.key, types, set)}`;
      const seed = expr.seed === undefined ? "" : ` seed 0x${expr.seed.toString(16)}`;
      return `${expr.mode}${key} mod ${expr.modulus}${seed}${offset(expr.offset)}`;
    }
    case "socket":
      return `socket ${expr.key}`;
    case "osf":
      return `osf ${TTL_WORDS[expr.ttl] ?? ""}${expr.version ? "version" : "name"}`;
    case "xfrm": {
      const template = expr.template === 0 ? "" : ` spnum ${expr.template}`;
      const key = expr.key.replace(
        /^(.)addr([46])$/,
        (_all, side, version) => `${version === "4" ? "ip" : "ip6"} ${side}addr`,
      );
      return `ipsec ${expr.direction}${template} ${key}`;
    }
    case "byteorder":
      return printOperand(expr.operand, types, set);
    case "binary":
      return binary(expr, types, set);
    case "concatenation":
      return expr.parts.map((part) => printOperand(part, types, set)).join(" . ");
    case "map":
      return `${printOperand(expr.key, types, set)} map ${set(expr.set)}`;
    default:
      return printConstant(expr, types);
  }
}

/** What is asked of the routes: whether there is one has a word of its own since nft 1.1.4. */
export const fibResult = (expr: Extract<Expr, { kind: "fib" }>, { newest }: TypeContext): string =>
  newest && expr.present && expr.result === "oif" ? "check" : expr.result;

const offset = (value: number): string => (value === 0 ? "" : ` offset ${value}`);
/** NF_OSF_TTL_*: the packet's and the fingerprint's must be as near as routers make them, or not at all. */
export const TTL_WORDS: readonly string[] = ["", "ttl loose ", "ttl skip "];

function payload(expr: PayloadExpr): string {
  if (expr.protocol !== undefined && expr.field !== undefined) {
    const { name } = expr.protocol;
    const tunnel = expr.tunnel === undefined || expr.tunnel.row === expr.protocol
      ? ""
      : `${expr.tunnel.name} `;
    return `${tunnel}${name} ${expr.field.name}`;
  }
  const base = expr.behind ? "ih" : expr.base === "link" ? "ll" : expr.base === "network" ? "nh" : "th";
  return `@${base},${expr.offset},${expr.bits}`;
}

const LEVEL: Readonly<Record<string, number>> = { "|": 0, "^": 1, "&": 2, "<<": 3, ">>": 3 };

function binary(expr: Extract<Expr, { kind: "binary" }>, types: TypeContext, set: SetPrinter): string {
  const { left, right, op } = expr;
  const inner = printOperand(left, types, set);
  const lower = left.kind === "binary" && LEVEL[left.op]! < LEVEL[op]!;
  const binds = right.kind === "binary" && LEVEL[right.op]! <= LEVEL[op]!;
  const text = right.kind === "value" && isBitmask(expr.type)
    ? printFlags(expr.type, right.value, " | ", types)
    : printOperand(right, types, set);
  const several = binds || (right.kind === "value" && text.includes(" | ")) ? `(${text})` : text;
  return `${lower ? `(${inner})` : inner} ${op} ${several}`;
}

import { booleanType } from "../datatype/symbolic.ts";
import { EXTENSIONS } from "../protocol/extension.ts";
import { OPTION_LISTS } from "../protocol/option_list.ts";
import { PROTOCOLS } from "../protocol/registry.ts";
import { refuse } from "../text/diagnostic.ts";
import type { Node } from "../tree/tree.ts";
import type { Expr, Operand } from "../tree/typed.ts";
import { integerType } from "../types.ts";
import type { CheckContext } from "./context.ts";
import { fieldPayload, requireProtocol } from "./dependency.ts";
import { maskAndShift } from "./field.ts";

/** Options of TCP and IPv4, chunks of SCTP. */
export function listedOption(context: CheckContext, node: Extract<Node, { kind: "option" }>): Expr {
  const { span, of } = node;
  if (of === "ip") {
    const ip = PROTOCOLS.get("ip")!;
    carriedBy(context, "ip", span);
    requireProtocol(context, fieldPayload(ip, ip.fields[0]!, span), true);
  }
  if (node.raw !== undefined) {
    const { type, offset, bits } = node.raw;
    const option = { name: `@${type},${offset},${bits}`, type, fields: [] };
    return { kind: "option", option, offset, bits, type: integerType, order: "big", span, raw: true };
  }
  const listed = of === undefined ? {} : { of };
  const named = OPTION_LISTS[of ?? "tcp"].options.get(node.option);
  const option = named ?? { name: node.option, type: Number(node.option), fields: [] };
  const field = option.fields.find((known) => known.name === node.field);
  if (field === undefined) {
    return { kind: "option", ...listed, option, offset: 0, bits: 8, type: booleanType, order: "host", span };
  }
  return bitField({
    kind: "option",
    ...listed,
    option,
    field,
    offset: field.offset,
    bits: field.bits,
    type: field.type,
    order: "big",
    span,
  });
}

/** Extension headers and options of a network header need that header. */
function carriedBy(context: CheckContext, name: "ip" | "ip6", span: Node["span"]): void {
  const known = context.protocols.network.protocol?.name;
  if (known !== undefined && known !== name) {
    refuse(span, `cannot use exthdr with ${known}`, [], [`only ${name} has such headers`]);
  }
}

function bitField(expr: Extract<Operand, { kind: "option" | "extension" }>): Expr {
  const first = expr.offset & ~7;
  const last = (expr.offset + expr.bits + 7) & ~7;
  if (last - first === expr.bits) return expr;
  const shift = last - expr.offset - expr.bits;
  return maskAndShift(
    { ...expr, offset: first, bits: last - first },
    last - first,
    expr.bits,
    shift,
    expr.type,
    expr.span,
  );
}

/** Extension headers of IPv6. */
export function extension(context: CheckContext, node: Extract<Node, { kind: "extension" }>): Expr {
  const header = EXTENSIONS.get(node.header)!;
  const { span } = node;
  const ip6 = PROTOCOLS.get("ip6")!;
  carriedBy(context, "ip6", span);
  requireProtocol(context, fieldPayload(ip6, ip6.fields[0]!, span), true);
  const field = header.fields.find((known) => known.name === node.field);
  if (field === undefined) {
    return { kind: "extension", header, offset: 0, bits: 8, type: booleanType, order: "host", span };
  }
  if (node.index === 0) refuse(span, "elements are counted from 1");
  const offset = field.offset + ((node.index ?? 1) - 1) * field.bits;
  return bitField({
    kind: "extension",
    header,
    field,
    offset,
    bits: field.bits,
    type: field.type,
    order: "big",
    span,
  });
}

import { CT_KEYS, ctAddress } from "../keys.ts";
import { refuse } from "../text/diagnostic.ts";
import type { Node } from "../tree/tree.ts";
import type { Expr } from "../tree/typed.ts";
import { invalidType } from "../types.ts";
import type { CheckContext } from "./context.ts";

/** `ct state`, `ct original saddr`: of which family an address is, the table or the rule says. */
export function ctKey(context: CheckContext, node: Extract<Node, { kind: "ct" }>): Expr {
  let row = CT_KEYS.get(node.key)!;
  if (row.key === "src" || row.key === "dst") {
    const family = node.family ??
      (context.family === "ip" || context.family === "ip6" ? context.family : undefined);
    if (family === undefined) {
      refuse(node.span, 'cannot determine ip protocol version, use "ip saddr" or "ip6 saddr" instead');
    }
    const known = context.protocols.network.protocol?.name;
    if ((known === "ip" || known === "ip6") && known !== family) {
      const where = context.protocols.network.span;
      refuse(
        node.span,
        `conflicting protocols specified: ${known} vs. ${family}`,
        where === undefined ? [] : [where],
      );
    }
    row = ctAddress(node.key, family)!;
  }
  // What a port is, the transport protocol says.
  const port = row.key === "proto_src" || row.key === "proto_dst";
  const { transport } = context.protocols;
  const known = !port || transport.protocol !== undefined || transport.candidates.length > 0 ||
    context.statements.some((statement) =>
      statement.kind === "match" && statement.left.kind === "ct" && statement.left.row.key === "protocol"
    );
  return {
    kind: "ct",
    row,
    type: known ? row.type : invalidType,
    bits: row.bits,
    order: row.order,
    span: node.span,
    ...(node.direction === undefined ? {} : { direction: node.direction }),
  };
}

/** Where a set decides by the address, its family must be said. */
export function requireFamily(node: Node): void {
  if (node.kind !== "ct" || node.family !== undefined || (node.key !== "saddr" && node.key !== "daddr")) {
    return;
  }
  refuse(node.span, "specify either ip or ip6 for address matching");
}

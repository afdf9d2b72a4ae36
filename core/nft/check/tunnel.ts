import { fieldOf, PROTOCOLS } from "../protocol/registry.ts";
import { GRE, greRow, type Tunnel, TUNNELS } from "../protocol/tunnel.ts";
import { refuse } from "../text/diagnostic.ts";
import type { Span } from "../text/source.ts";
import type { Node } from "../tree/tree.ts";
import type { Expr } from "../tree/typed.ts";
import type { CheckContext } from "./context.ts";
import { fieldPayload, requireNumber } from "./dependency.ts";
import { aligned, payloadField } from "./field.ts";

/** `vxlan ip saddr`: a field of a packet inside; `vxlan vni`: one of the header it comes in. */
export function tunnelField(context: CheckContext, node: Extract<Node, { kind: "tunnel" }>): Expr {
  const { span } = node;
  const tunnel = TUNNELS.get(node.tunnel);
  if (tunnel === undefined || !context.types.newest) {
    return refuse(span, `nft 1.0.6 does not look into ${node.tunnel}`);
  }
  requireOuter(context, tunnel, span);
  if (node.inner.protocol === tunnel.name) {
    const own = fieldOf(tunnel.row, node.inner.field);
    if (own === undefined) return refuse(span, `${tunnel.name} has no field ${node.inner.field}`);
    const plain = aligned(fieldPayload(tunnel.row, own, span));
    // GRE's own header is the packet's transport header.
    return tunnel.row === greRow ? plain : inside(plain, tunnel);
  }
  const link = PROTOCOLS.get(node.inner.protocol)?.base === "link";
  if (link && (tunnel.flags & 2) === 0) refuse(span, `no link header inside ${tunnel.name}`);
  const protocols = context.protocols.inside(tunnel.name);
  if (link && protocols.link.protocol === undefined) protocols.learn(PROTOCOLS.get("ether")!, span);
  const sub: CheckContext = { ...context, family: "netdev", protocols, statements: [] };
  const found = payloadField(sub, node.inner);
  for (const statement of sub.statements) {
    if (statement.kind === "match") {
      context.statements.push({ ...statement, left: inside(statement.left, tunnel) });
    }
  }
  return { ...inside(found, tunnel), span };
}

function requireOuter(context: CheckContext, tunnel: Tunnel, span: Span): void {
  if (context.declared) return;
  const { transport } = context.protocols;
  const known = transport.candidates.length > 1 ? undefined : transport.protocol;
  if (tunnel.over === "gre" && transport.protocol === undefined) {
    return requireNumber(context, "l4proto", GRE, span);
  }
  if (known === undefined) {
    refuse(span, "missing transport protocol match", [], [
      `write it first: udp dport 4789 ${tunnel.name} ...`,
    ]);
  }
  if (known !== (tunnel.over === "gre" ? greRow : PROTOCOLS.get("udp"))) {
    refuse(span, `unexpected transport protocol ${known!.name}`, [], [
      `${tunnel.name} is carried by ${tunnel.over}`,
    ]);
  }
}

/** What is loaded is looked for inside the tunnel. */
function inside<E extends Expr>(expr: E, tunnel: Tunnel): E {
  switch (expr.kind) {
    case "payload":
    case "meta":
      return { ...expr, tunnel };
    case "binary":
      return { ...expr, left: inside(expr.left, tunnel) };
    case "byteorder":
      return { ...expr, operand: inside(expr.operand, tunnel) };
    default:
      return expr;
  }
}

import { OBJECT_FLOWTABLE, objectKey } from "../../ruleset/ruleset.ts";
import { asConstant, type Wanted } from "./constant.ts";
import type { CheckContext } from "./context.ts";
import { asWanted } from "./lookup.ts";
import { checkMap } from "./map.ts";
import { checkOperand } from "./operand.ts";
import { ipv4Type, ipv6Type } from "../datatype/address.ts";
import { interfaceIndexType } from "../datatype/interface.ts";
import { inetServiceType } from "../datatype/protocol.ts";
import { refuse } from "../text/diagnostic.ts";
import type { Node, StatementNode } from "../tree/tree.ts";
import type { Action, Expr } from "../tree/typed.ts";
import { integerType } from "../types.ts";

const QUEUE: Wanted = { type: integerType, bits: 16, order: "host" };
const DEVICE: Wanted = { type: interfaceIndexType, bits: 32, order: "host" };
const PORT: Wanted = { type: inetServiceType, bits: 16, order: "big" };
const LAST_QUEUE = 0xffff;

const addressOf = (family: "ip" | "ip6"): Wanted =>
  family === "ip" ? { type: ipv4Type, bits: 32, order: "big" } : { type: ipv6Type, bits: 128, order: "big" };

type Of<K extends StatementNode["kind"]> = Extract<StatementNode, { kind: K }>;

const act = (context: CheckContext, node: StatementNode, action: Action): void =>
  void context.statements.push({ kind: "action", action, span: node.span });

export function checkQueue(context: CheckContext, node: Of<"queue">): void {
  const { bypass, fanout, number } = node;
  const computed = number?.kind === "map" || number?.kind === "numgen" || number?.kind === "hash";
  const value = number === undefined
    ? undefined
    : number.kind === "map"
    ? checkMap(context, number, QUEUE)
    : computed
    ? checkOperand(context, number)
    : asConstant(context, number, QUEUE);
  if (fanout && value?.kind !== "range") {
    refuse(number?.span ?? node.span, "fanout requires a range to be specified", [], ["queue to 1-4"]);
  }
  if (value?.kind === "numgen" || value?.kind === "hash") {
    if (value.modulus + value.offset - 1 > LAST_QUEUE) {
      refuse(value.span, `queue expression max value exceeds ${LAST_QUEUE}`);
    }
  }
  const flags = { name: "queue", bypass, fanout } as const;
  if (value === undefined) return act(context, node, { ...flags, from: 0, to: 0 });
  if (computed) return act(context, node, { ...flags, from: 0, to: 0, number: value });
  if (value.kind === "range") {
    return act(context, node, { ...flags, from: Number(value.from), to: Number(value.to) });
  }
  if (value.kind !== "value") return refuse(value.span, "a queue number was expected here");
  const from = Number(value.value);
  return act(context, node, { ...flags, from, to: from });
}

/** An operand, a map or a constant of the type a statement takes. */
function argument(context: CheckContext, node: Node, wanted: Wanted): Expr {
  const found = checkOperand(context, node, wanted);
  if (
    found.kind === "range" || found.kind === "prefix" || found.kind === "wildcard" || found.kind === "verdict"
  ) {
    return refuse(node.span, "a single value was expected here");
  }
  const given = asWanted(found).type;
  if (given.name !== wanted.type.name && given.name !== "integer") {
    refuse(
      node.span,
      `datatype mismatch: expected ${wanted.type.description}, expression has type ${given.description}`,
    );
  }
  return found;
}

export function checkDup(context: CheckContext, node: Of<"dup">): void {
  const { family } = context;
  if (family === "netdev") {
    if (node.device !== undefined) refuse(node.span, "cannot specify device");
    return act(context, node, { name: "dup", device: argument(context, node.to, DEVICE) });
  }
  if (family !== "ip" && family !== "ip6") {
    return refuse(node.span, "unsupported family", [], ["dup works in tables of family ip, ip6 and netdev"]);
  }
  const address = argument(context, node.to, addressOf(family));
  const device = node.device === undefined ? {} : { device: argument(context, node.device, DEVICE) };
  act(context, node, { name: "dup", address, ...device });
}

export function checkFwd(context: CheckContext, node: Of<"fwd">): void {
  if (context.family !== "netdev") {
    refuse(node.span, "unsupported family", [], ["fwd works in tables of family netdev"]);
  }
  const { family, device } = node;
  if (family === undefined || device === undefined) {
    return act(context, node, { name: "fwd", device: argument(context, node.to, DEVICE) });
  }
  const out = argument(context, device, DEVICE);
  act(context, node, {
    name: "fwd",
    device: out,
    address: argument(context, node.to, addressOf(family)),
    family,
  });
}

export function checkTproxy(context: CheckContext, node: Of<"tproxy">): void {
  const { span } = node;
  if (!["ip", "ip6", "inet"].includes(context.family)) {
    refuse(span, "tproxy is only supported for IPv4/IPv6/INET");
  }
  const { transport } = context.protocols;
  if (transport.protocol === undefined && transport.candidates.length === 0) {
    refuse(span, "Transparent proxy support requires transport protocol match", [], [
      "match the protocol first: meta l4proto { tcp, udp }",
    ]);
  }
  if (node.address?.kind === "range") {
    refuse(span, "Address ranges are not supported for tproxy.");
  }
  if (node.port?.kind === "range") refuse(span, "Port ranges are not supported for tproxy.");
  const family = tproxyFamily(context, node);
  const address = node.address === undefined || family === undefined
    ? {}
    : { address: argument(context, node.address, addressOf(family)) };
  const port = node.port === undefined ? {} : { port: argument(context, node.port, PORT) };
  act(context, node, { name: "tproxy", ...(family === undefined ? {} : { family }), ...address, ...port });
}

function tproxyFamily(context: CheckContext, node: Of<"tproxy">): "ip" | "ip6" | undefined {
  const { span, family } = node;
  const plain = context.family === "ip" || context.family === "ip6";
  const known = context.protocols.network.protocol?.name;
  if (family !== undefined && (known === "ip" || known === "ip6") && known !== family) {
    const where = context.protocols.network.span;
    refuse(
      span,
      `conflicting protocols specified: ${known} vs. ${family}. You must specify ip or ip6 family in tproxy statement`,
      plain || where === undefined ? [] : [where],
    );
  }
  if (plain) return context.family as "ip" | "ip6";
  if (family !== undefined) return family;
  if (node.address === undefined) return undefined;
  if (known === "ip" || known === "ip6") return known;
  return refuse(span, "ip or ip6 must be specified with address for inet tables.", [], [
    "write tproxy ip to ... or tproxy ip6 to ...",
  ]);
}

/** `flow add @name`: the table must have the flowtable. */
export function checkFlow(context: CheckContext, node: Of<"flow">): void {
  const { table } = context;
  if (table !== undefined && !table.objects.has(objectKey(OBJECT_FLOWTABLE, node.flowtable))) {
    refuse(node.span, "Could not process rule: No such file or directory", [], [
      `the table has no flowtable ${node.flowtable}`,
    ]);
  }
  const expression = { kind: "flow offload", flowtable: node.flowtable } as const;
  context.statements.push({ kind: "plain", expression, span: node.span });
}

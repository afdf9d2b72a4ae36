import { asConstant, single } from "./constant.ts";
import type { CheckContext } from "./context.ts";
import { icmpCodeType, icmpv6CodeType, icmpxCodeType } from "../datatype/icmp.ts";
import { fieldPayload, metaOperand, requireProtocol } from "./dependency.ts";
import { refuse } from "../text/diagnostic.ts";
import { PROTOCOLS } from "../protocol/registry.ts";
import type { Span } from "../text/source.ts";
import type { StatementNode } from "../tree/tree.ts";
import type { Operand, Statement } from "../tree/typed.ts";

type RejectNode = Extract<StatementNode, { kind: "reject" }>;

/** NFT_REJECT_ICMPX_PORT_UNREACH, ICMP and ICMPv6 port unreachable. */
const DEFAULT_CODE = { icmpx: 1, ip: 3, ip6: 4 } as const;

export function checkReject(context: CheckContext, node: RejectNode): void {
  const { span } = node;
  const word: Span = { ...span, end: span.start + "reject".length };
  const known = context.protocols.network.protocol?.name;
  const family = known === "ip" || known === "ip6" ? known : undefined;
  if (context.family === "arp" && (node.how === "icmp" || node.how === "icmpv6")) {
    refuse(word, "cannot use reject with arp");
  }
  if (context.family === "arp" || known === "arp") {
    refuse(word, "cannot reject this network family", spanOf(context, "network"));
  }
  const push = (how: "icmp" | "tcp reset" | "icmpx", code: number, only?: "ip" | "ip6") =>
    void context.statements.push({
      kind: "reject",
      how,
      code,
      span,
      ...(only === undefined ? {} : { family: only }),
    });
  if (node.how === undefined) {
    return family === undefined
      ? push("icmpx", DEFAULT_CODE.icmpx)
      : push("icmp", DEFAULT_CODE[family], family);
  }
  if (node.how === "tcp reset") {
    tcpOnly(context, word);
    return push("tcp reset", 0);
  }
  const type = node.how === "icmp" ? icmpCodeType : node.how === "icmpv6" ? icmpv6CodeType : icmpxCodeType;
  const code = single(asConstant(context, node.code!, { type, bits: 8, order: "big" }));
  if (node.how === "icmpx") {
    if (context.family === "ip" || context.family === "ip6") {
      refuse(node.code!.span, "abstracted ICMP unreachable not supported");
    }
    return push("icmpx", Number(code.value));
  }
  const wanted = node.how === "icmp" ? "ip" : "ip6";
  if (family !== undefined && family !== wanted) {
    const where = spanOf(context, "network");
    refuse(
      node.code!.span,
      `conflicting protocols specified: ${family === "ip" ? "ip vs ip6" : "ip vs ip6"}`,
      where.length === 0 ? [word] : where,
    );
  }
  if (family === undefined) {
    atStart(
      context,
      () => void requireProtocol(context, fieldPayload(row(wanted), row(wanted).fields[0]!, span)),
    );
  }
  push("icmp", Number(code.value), wanted);
}

const row = (name: string) => PROTOCOLS.get(name)!;

function spanOf(context: CheckContext, base: "network" | "transport"): Span[] {
  const { span } = context.protocols.at(base);
  return span === undefined ? [] : [span];
}

function tcpOnly(context: CheckContext, word: Span): void {
  const { protocol } = context.protocols.transport;
  if (protocol?.name === "tcp") return;
  if (protocol !== undefined) {
    refuse(word, "you cannot use tcp reset with this protocol", spanOf(context, "transport"));
  }
  atStart(context, () => {
    const left: Operand = metaOperand("l4proto", word);
    const { type, bits, order, span } = left;
    const right = { kind: "value" as const, value: 6n, type, bits, order, span };
    context.statements.push({ kind: "match", op: "eq", left, right, implicit: true, generated: true, span });
    context.protocols.learnFrom(left, [6n], word);
  });
}

/** What `write` adds goes before everything else, as nft does for reject. */
function atStart(context: CheckContext, write: () => void): void {
  const before: Statement[] = context.statements.splice(0);
  write();
  context.statements.push(...before);
}

import type { Cursor } from "../text/cursor.ts";
import { parsePrimary } from "./expression.ts";
import { QUOTED } from "../text/token.ts";
import type { StatementNode } from "../tree/tree.ts";

const FAMILIES = ["icmp", "icmpv6", "icmpx"] as const;

/** `reject [with tcp reset | icmp|icmpv6|icmpx [type] CODE]`. */
export function parseReject(c: Cursor): StatementNode {
  const start = c.at;
  c.expect("reject");
  if (!c.skip("with")) return { kind: "reject", span: c.since(start) };
  if (c.skip("tcp")) {
    c.expect("reset");
    return { kind: "reject", how: "tcp reset", span: c.since(start) };
  }
  const how = FAMILIES.find((family) => c.is(family));
  if (how === undefined) return c.unexpected("expected tcp reset, icmp, icmpv6 or icmpx");
  c.take();
  c.skip("type");
  if (c.kind() === QUOTED) c.unexpected("codes are written without quotes");
  const code = parsePrimary(c, "right");
  return { kind: "reject", how, code, span: c.since(start) };
}

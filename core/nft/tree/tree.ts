import type { SocketKey, XfrmKey } from "../../expr/expression.ts";
import type { Span } from "../text/source.ts";

/**
 * The syntax tree: what was written, where, before anything is known of its types. Lists and sets keep their
 * order. Every node carries its span to the end.
 */
export type Node =
  | { kind: "symbol"; text: string; quoted: boolean; span: Span }
  | { kind: "variable"; name: string; value: Node; span: Span }
  | { kind: "set reference"; name: string; span: Span }
  | { kind: "wildcard"; span: Span }
  | { kind: "prefix"; base: Node; length: number; span: Span }
  | { kind: "range"; from: Node; to: Node; span: Span }
  | { kind: "list"; items: Node[]; span: Span }
  | { kind: "concatenation"; parts: Node[]; span: Span }
  | { kind: "set"; elements: ElementNode[]; span: Span }
  | { kind: "binary"; op: BinaryOp; left: Node; right: Node; span: Span }
  | { kind: "map"; key: Node; mapping: Node; span: Span }
  | { kind: "payload"; protocol: string; field: string; fieldSpan: Span; span: Span }
  | {
    kind: "tunnel";
    tunnel: string;
    /** A field inside; of the tunnel's own header where the protocol is the tunnel. */
    inner: { kind: "payload"; protocol: string; field: string; fieldSpan: Span; span: Span };
    span: Span;
  }
  | {
    kind: "raw payload";
    base: "link" | "network" | "transport" | "inner";
    offset: number;
    bits: number;
    span: Span;
  }
  | {
    kind: "option";
    /** Absent: a TCP option. */
    of?: "ip" | "sctp";
    option: string;
    field?: string;
    fieldSpan?: Span;
    raw?: RawOption;
    span: Span;
  }
  | { kind: "extension"; header: string; field?: string; index?: number; span: Span }
  | { kind: "meta"; key: string; span: Span }
  | { kind: "ct"; key: string; direction?: "original" | "reply"; family?: "ip" | "ip6"; span: Span }
  | { kind: "rt"; key: string; family?: "ip" | "ip6"; span: Span }
  | { kind: "fib"; flags: string[]; flagSpan: Span; result: string; span: Span }
  | { kind: "numgen"; mode: "inc" | "random"; modulus: number; offset: number; span: Span }
  | {
    kind: "hash";
    mode: "jhash" | "symhash";
    key?: Node;
    modulus: number;
    seed?: number;
    offset: number;
    span: Span;
  }
  | { kind: "socket"; key: SocketKey; span: Span }
  | { kind: "osf"; ttl: number; version: boolean; span: Span }
  | { kind: "xfrm"; direction: "in" | "out"; key: XfrmKey; template: number; span: Span }
  | VerdictNode;

export interface RawOption {
  readonly type: number;
  readonly offset: number;
  readonly bits: number;
}

export interface VerdictNode {
  kind: "verdict";
  code: "accept" | "drop" | "continue" | "return" | "jump" | "goto";
  chain?: Node;
  span: Span;
}

export type BinaryOp = "&" | "|" | "^" | "<<" | ">>";
export type RelationOp = "==" | "!=" | "<" | ">" | "<=" | ">=" | "implicit" | "!";

/** `key [timeout 1h] [expires ...] [counter ...] [comment "..."] [: data]`. */
export interface ElementNode {
  readonly key: Node;
  readonly data?: Node;
  readonly timeout?: bigint;
  readonly expires?: bigint;
  readonly comment?: string;
  readonly counter?: { readonly packets: number; readonly bytes: number };
  /** Statements run when the element is made by a rule (`limit rate ...`). */
  readonly statements?: StatementNode[];
  readonly span: Span;
}

export type StatementNode =
  | { kind: "match"; left: Node; op: RelationOp; opSpan: Span; right: Node; mask?: Node; span: Span }
  | { kind: "verdict"; verdict: VerdictNode; span: Span }
  | { kind: "verdict map"; map: Node; span: Span }
  | { kind: "counter"; packets: number; bytes: number; span: Span }
  | { kind: "object"; type: string; name: Node; span: Span }
  | { kind: "limit"; limit: LimitNode; span: Span }
  | { kind: "quota"; inverted: boolean; bytes: number; used: number; span: Span }
  | { kind: "connlimit"; count: number; inverted: boolean; span: Span }
  | { kind: "last"; used?: number; span: Span }
  | { kind: "log"; log: LogNode; span: Span }
  | { kind: "reject"; how?: "tcp reset" | "icmp" | "icmpv6" | "icmpx"; code?: Node; span: Span }
  | { kind: "nat"; nat: NatNode; span: Span }
  | { kind: "set value"; target: Node; value: Node; span: Span }
  | { kind: "reset option"; option: Node; span: Span }
  | { kind: "notrack"; span: Span }
  | {
    kind: "set update";
    op: "add" | "update" | "delete";
    set: Node;
    element: ElementNode;
    data?: Node;
    span: Span;
  }
  | { kind: "queue"; number?: Node; simple: boolean; bypass: boolean; fanout: boolean; span: Span }
  | { kind: "dup"; to: Node; device?: Node; span: Span }
  | { kind: "fwd"; family?: "ip" | "ip6"; to: Node; device?: Node; span: Span }
  | { kind: "tproxy"; family?: "ip" | "ip6"; address?: Node; port?: Node; span: Span }
  | { kind: "synproxy"; synproxy: SynproxyNode; span: Span }
  | { kind: "flow"; flowtable: string; span: Span }
  | { kind: "meter"; name: string; size?: number; element: ElementNode; span: Span }
  | { kind: "other"; name: string; span: Span };

export interface LimitNode {
  readonly rate: number;
  /** Seconds of the unit. */
  readonly unit: number;
  readonly burst: number;
  readonly type: "packets" | "bytes";
  readonly inverted: boolean;
}

export interface SynproxyNode {
  readonly mss: number;
  readonly wscale: number;
  /** NF_SYNPROXY_OPT_* bits. */
  readonly flags: number;
}

export interface LogNode {
  prefix?: string;
  prefixSpan?: Span;
  group?: number;
  snaplen?: number;
  threshold?: number;
  level?: string;
  levelSpan?: Span;
  flags?: number;
}

export interface NatNode {
  type: "snat" | "dnat" | "masquerade" | "redirect";
  typeSpan: Span;
  family?: "ip" | "ip6";
  /** `interval` or `prefix` after the family. */
  spread?: "prefix" | "interval";
  address?: Node;
  port?: Node;
  portSpan?: Span;
  flags: number;
}

export interface RuleNode {
  readonly statements: StatementNode[];
  readonly comment?: string;
  readonly span: Span;
  /** Only of a rule that was passed over: the rule itself. */
  read?(): RuleNode;
}

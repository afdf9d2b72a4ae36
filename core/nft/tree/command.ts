import type { Family } from "../../ruleset/ruleset.ts";
import type { Span } from "../text/source.ts";
import type { ElementNode, LimitNode, Node, RuleNode, StatementNode, SynproxyNode } from "./tree.ts";

/** Commands as written: what to do with which object. Made by the grammar, carried out by `execute.ts`. */
export type Command =
  | { kind: "table"; verb: Verb; table: TableRef; body?: TableBody; span: Span }
  | { kind: "chain"; verb: Verb; table: TableRef; chain: Name; body?: ChainBody; span: Span }
  | {
    kind: "rule";
    verb: Verb;
    table: TableRef;
    chain: Name;
    position?: Position;
    rule?: RuleNode;
    span: Span;
  }
  | { kind: "set"; verb: Verb; table: TableRef; set: Name; body?: SetBody; map: boolean; span: Span }
  | { kind: "element"; verb: Verb; table: TableRef; set: Name; elements: Node; span: Span }
  | {
    kind: "object";
    verb: Verb;
    type: ObjectType;
    table: TableRef;
    object: Name;
    body?: ObjectBody;
    span: Span;
  }
  | { kind: "rename"; table: TableRef; chain: Name; to: Name; span: Span }
  | { kind: "ruleset"; verb: "flush" | "list"; family?: Family; span: Span }
  | { kind: "list"; what: string; table?: TableRef; family?: Family; name?: Name; span: Span }
  | {
    kind: "reset all";
    what: "counters" | "quotas" | "rules";
    table?: TableRef;
    chain?: Name;
    family?: Family;
    span: Span;
  }
  | { kind: "monitor"; event?: MonitorEvent; what?: MonitorObject; json: boolean; span: Span }
  | { kind: "define"; op: "define" | "redefine" | "undefine"; name: string; value?: Node; span: Span }
  | { kind: "describe"; node: Node; span: Span };

export type MonitorEvent = "new" | "destroy";
export type MonitorObject = "tables" | "chains" | "rules" | "sets" | "elements" | "ruleset" | "trace";
export type Verb = "add" | "create" | "insert" | "replace" | "delete" | "flush" | "reset" | "get" | "destroy";
export type ObjectType =
  | "counter"
  | "quota"
  | "limit"
  | "ct helper"
  | "ct timeout"
  | "ct expectation"
  | "flowtable"
  | "synproxy"
  | "secmark";

export interface Name {
  readonly text: string;
  readonly span: Span;
}
export interface TableRef {
  readonly family: Family;
  readonly name: string;
  readonly handle?: number;
  readonly span: Span;
}
export interface Position {
  readonly kind: "handle" | "index" | "position";
  readonly value: number;
  readonly span: Span;
}
export interface TableBody {
  readonly flags: Name[];
  readonly comment?: string;
  readonly commands: Command[];
}
export interface HookNode {
  readonly type: Name;
  readonly hook: Name;
  readonly devices: Node[];
  readonly priority: PriorityNode;
  readonly span: Span;
}
export interface PriorityNode {
  readonly base?: Name;
  readonly baseVariable?: Node;
  readonly offset: number;
  readonly span: Span;
}
export interface ChainBody {
  hook?: HookNode;
  policy?: { readonly value: Node; readonly span: Span };
  comment?: string;
  rules: RuleNode[];
}
export interface SetBody {
  key?: TypeSpec;
  data?: TypeSpec | { readonly object: string };
  /** Data may be ranges: `type KEY : interval DATA`. */
  dataInterval?: boolean;
  flags: { readonly name: string; readonly span: Span }[];
  timeout?: bigint;
  gcInterval?: bigint;
  size?: number;
  policy?: "performance" | "memory";
  autoMerge: boolean;
  counter: boolean;
  /** Where elements do more than count. */
  statements?: StatementNode[];
  comment?: string;
  elements?: Node;
  /** From the brace to the last word inside. */
  span?: Span;
}
export type TypeSpec =
  | { readonly kind: "names"; readonly names: Name[]; readonly span: Span }
  | { readonly kind: "typeof"; readonly node: Node; readonly span: Span };
export interface ObjectBody {
  limit?: LimitNode;
  counter?: { readonly packets: number; readonly bytes: number };
  quota?: { readonly inverted: boolean; readonly bytes: number; readonly used: number };
  comment?: string;
  synproxy?: SynproxyNode;
  helper?: { readonly name: string; readonly protocol: "tcp" | "udp" };
  protocol?: "tcp" | "udp";
  family?: "ip" | "ip6" | "inet";
  policy?: { readonly state: string; readonly seconds: number; readonly span: Span }[];
  port?: number;
  timeout?: bigint;
  size?: number;
  secmark?: string;
  flowtable?: {
    hook?: Name;
    priority?: PriorityNode;
    devices: Node[];
    readonly flags: string[];
    counter: boolean;
  };
}
export type { ElementNode };

import type { ElementStatement, Expression, SocketKey, Verdict, XfrmKey } from "../../expr/expression.ts";
import type { SetElement } from "../../ruleset/ruleset.ts";
import type { CtRow, MetaRow } from "../keys.ts";
import type { ExtensionField, ExtensionHeader } from "../protocol/extension.ts";
import type { Field, HeaderBase, Protocol } from "../protocol/protocol.ts";
import type { Tunnel } from "../protocol/tunnel.ts";
import type { TcpOption } from "../protocol/tcp_option.ts";
import type { Span } from "../text/source.ts";
import type { BinaryOp } from "./tree.ts";
import type { ByteOrder, DataType } from "../types.ts";

/**
 * The checked tree: every node has a datatype, a width and a byte order. The checker makes it from the syntax
 * tree, the delinearizer from bytecode; both ends meet here, so what is listed parses back to the same.
 */
export interface Typed {
  readonly type: DataType;
  readonly bits: number;
  readonly order: ByteOrder;
  readonly span: Span;
}

export type Expr = Operand | Constant;

/** What is known when the rule is loaded. */
export type Constant =
  | (Typed & { readonly kind: "value"; readonly value: bigint })
  | (Typed & { readonly kind: "prefix"; readonly value: bigint; readonly length: number })
  | (Typed & { readonly kind: "range"; readonly from: bigint; readonly to: bigint })
  | (Typed & { readonly kind: "constants"; readonly parts: readonly Constant[] })
  | (Typed & { readonly kind: "wildcard" })
  | (Typed & { readonly kind: "verdict"; readonly verdict: Verdict });

/** What a packet decides. */
export type Operand =
  | PayloadExpr
  | (Typed & {
    readonly kind: "meta";
    readonly row: MetaRow;
    /** Of the packet inside. */
    readonly tunnel?: Tunnel;
  })
  | (Typed & { readonly kind: "ct"; readonly row: CtRow; readonly direction?: "original" | "reply" })
  | OptionExpr
  | (Typed & {
    readonly kind: "extension";
    readonly header: ExtensionHeader;
    /** Absent: whether the header is there. */
    readonly field?: ExtensionField;
    readonly offset: number;
  })
  | (Typed & { readonly kind: "rt"; readonly key: "classid" | "nexthop4" | "nexthop6" | "tcpmss" | "ipsec" })
  | (Typed & {
    readonly kind: "fib";
    readonly flags: readonly ("saddr" | "daddr" | "mark" | "iif" | "oif")[];
    readonly result: "oif" | "oifname" | "type";
    readonly present: boolean;
  })
  | (Typed & {
    readonly kind: "numgen";
    readonly mode: "inc" | "random";
    readonly modulus: number;
    readonly offset: number;
  })
  | (Typed & {
    readonly kind: "hash";
    readonly mode: "jhash" | "symhash";
    readonly key?: Expr;
    readonly modulus: number;
    readonly seed?: number;
    readonly offset: number;
  })
  | (Typed & { readonly kind: "socket"; readonly key: SocketKey })
  | (Typed & { readonly kind: "osf"; readonly ttl: number; readonly version: boolean })
  | (Typed & {
    readonly kind: "xfrm";
    readonly direction: "in" | "out";
    readonly key: XfrmKey;
    readonly template: number;
  })
  | (Typed & { readonly kind: "binary"; readonly op: BinaryOp; readonly left: Expr; readonly right: Expr })
  | (Typed & {
    readonly kind: "byteorder";
    readonly op: "hton" | "ntoh";
    readonly operand: Expr;
    readonly size: number;
  })
  | (Typed & { readonly kind: "concatenation"; readonly parts: readonly Expr[] })
  | (Typed & { readonly kind: "map"; readonly key: Expr; readonly set: SetUse });

export type PayloadExpr = Typed & {
  readonly kind: "payload";
  readonly base: HeaderBase;
  /** Bits from the start of the base's header. */
  readonly offset: number;
  readonly protocol?: Protocol;
  readonly field?: Field;
  /** Counted from behind the transport header. */
  readonly behind?: true;
  /** Of the packet inside, or of the tunnel's own header. */
  readonly tunnel?: Tunnel;
};

/** The tunnel a value is looked for in. */
export function tunnelOf(expr: Expr): Tunnel | undefined {
  switch (expr.kind) {
    case "payload":
    case "meta":
      return expr.tunnel;
    case "binary":
      return tunnelOf(expr.left);
    case "byteorder":
      return tunnelOf(expr.operand);
    default:
      return undefined;
  }
}

export type OptionExpr = Typed & {
  readonly kind: "option";
  readonly option: TcpOption;
  /** Absent: whether the option is there. */
  readonly field?: Field;
  readonly offset: number;
  readonly raw?: true;
  /** Absent: an option of TCP. */
  readonly of?: "ip" | "sctp";
};

/** A set a rule looks up: by name, or written in the rule. */
export type SetUse =
  | {
    readonly kind: "named";
    readonly name: string;
    readonly interval: boolean;
    /** Keys hold a bit field this many bits up (a mask without its shift). */
    readonly shift?: number;
  }
  | { readonly kind: "literal"; readonly literal: SetLiteral };

/** A set as the rule or the declaration spells it out. */
export interface SetLiteral {
  readonly key: DataType;
  readonly keyBits: readonly number[];
  readonly data?: DataType | "verdict";
  readonly dataBits?: readonly number[];
  readonly interval: boolean;
  readonly elements: readonly SetElement[];
  /** Type of the objects the keys lead to. */
  readonly objects?: number;
  /** A meter's set has a name, and rules fill it. */
  readonly meter?: {
    readonly name: string;
    readonly size?: number;
    readonly timeouts: boolean;
    readonly counts: boolean;
  };
  readonly span: Span;
}

export type MatchOp = "eq" | "neq" | "lt" | "lte" | "gt" | "gte" | "flags" | "not flags";

export type Statement =
  | {
    kind: "match";
    op: MatchOp;
    left: Expr;
    right: Constant | MatchSet;
    implicit: boolean;
    generated?: boolean;
    span: Span;
  }
  | { kind: "verdict"; verdict: Verdict; span: Span }
  | { kind: "verdict map"; key: Expr; set: SetUse; span: Span }
  | { kind: "assign"; target: Operand; value: Expr; span: Span }
  | { kind: "nat"; nat: NatStatement; span: Span }
  | { kind: "reject"; how: "icmp" | "tcp reset" | "icmpx"; code: number; family?: "ip" | "ip6"; span: Span }
  | {
    kind: "set update";
    op: "add" | "update" | "delete";
    set: string;
    /** The set is a meter's own, made with the rule. */
    meter?: SetLiteral;
    key: Expr;
    data?: Expr;
    timeout?: number;
    statements?: readonly ElementStatement[];
    span: Span;
  }
  | { kind: "action"; action: Action; span: Span }
  | { kind: "plain"; expression: Expression; span: Span };

/** Statements that hand the packet, or a copy, to something else, with operands of their own. */
export type Action =
  | {
    readonly name: "queue";
    readonly from: number;
    readonly to: number;
    /** Instead of `from` and `to`: computed. */
    readonly number?: Expr;
    readonly bypass: boolean;
    readonly fanout: boolean;
  }
  | { readonly name: "dup"; readonly address?: Expr; readonly device?: Expr }
  | { readonly name: "fwd"; readonly device: Expr; readonly address?: Expr; readonly family?: "ip" | "ip6" }
  | { readonly name: "tproxy"; readonly family?: "ip" | "ip6"; readonly address?: Expr; readonly port?: Expr }
  | { readonly name: "object"; readonly type: number; readonly key: Expr; readonly set: SetUse };

export interface MatchSet {
  readonly kind: "set";
  readonly set: SetUse;
  readonly span: Span;
}

export interface NatStatement {
  readonly type: "snat" | "dnat" | "masquerade" | "redirect";
  readonly family?: "ip" | "ip6" | "inet";
  readonly address?: Expr;
  readonly addressMax?: Expr;
  readonly port?: Expr;
  readonly portMax?: Expr;
  /** The address is a map whose data are address and port, or ranges. */
  readonly parts?: NatMapParts;
  readonly flags: number;
}

/** What a map's data hold, in the order of their 4-byte registers. */
export interface NatMapParts {
  readonly addressMin: boolean;
  readonly addressMax: boolean;
  readonly portMin: boolean;
  readonly portMax: boolean;
}

/** Constants of one type concatenated lie in 4-byte steps. */
export const paddedBits = (bits: number): number => ((bits + 31) >>> 5) * 32;

export const concatenatedType = (types: readonly DataType[]): DataType => ({
  name: types.map((type) => type.name).join(" . "),
  description: "concatenation",
  bits: types.reduce((sum, type) => sum + paddedBits(type.bits), 0),
  order: "big",
  parts: types,
});

import type { ElementStatement, Expression, Verdict } from "../expr/expression.ts";

/**
 * The ruleset as data: tables of chains, rules, sets and stateful objects.
 *
 * Overview    a snapshot is immutable; a `Transaction` copies what it writes and swaps the whole at commit.
 * Life-cycle  `RulesetStore` holds the current snapshot, `generation` grows with every commit.
 * Ownership   the control plane. The data plane gets a `Program` assembled from it; only the numbers in the
 *             `CellStore` are shared, which is why they outlive generations.
 * Names       maps keep insertion order, which is the order of listing.
 */
export interface Ruleset {
  readonly generation: number;
  /** By `tableKey(family, name)`. */
  readonly tables: ReadonlyMap<string, Table>;
}

export type Family = "ip" | "ip6" | "inet" | "arp" | "bridge" | "netdev";

/** Key of `Ruleset.tables`. */
export const tableKey = (family: Family, name: string): string => `${family} ${name}`;

export interface Table {
  readonly family: Family;
  readonly name: string;
  readonly handle: number;
  /** `dormant`, `owner`, `persist`. A dormant table's chains are not hooked. */
  readonly flags: readonly string[];
  readonly comment?: string;
  readonly chains: ReadonlyMap<string, Chain>;
  /** Named and anonymous sets and maps. */
  readonly sets: ReadonlyMap<string, SetDefinition>;
  /** By `objectKey(type, name)`. */
  readonly objects: ReadonlyMap<string, StatefulObject>;
  /** Handle given last; chains, rules, sets and objects of a table draw from one sequence, as in the kernel. */
  readonly lastHandle: number;
  readonly source?: unknown;
}

export interface Chain {
  readonly name: string;
  readonly handle: number;
  /** Present for a base chain. */
  readonly base?: BaseChain;
  readonly rules: readonly Rule[];
  readonly comment?: string;
  /** Grows with every chain made: of base chains with one priority the youngest runs first, as in the kernel. */
  readonly order: number;
  readonly source?: unknown;
}

export type ChainType = "filter" | "nat" | "route";
export type ChainHook = "prerouting" | "input" | "forward" | "output" | "postrouting" | "ingress" | "egress";

export interface BaseChain {
  readonly type: ChainType;
  readonly hook: ChainHook;
  readonly priority: number;
  readonly policy: "accept" | "drop";
  readonly devices?: readonly string[];
}

export interface Rule {
  readonly handle: number;
  readonly expressions: readonly Expression[];
  /** For each expression the first cell of its state (see `CellStore`), -1 where it has none. */
  readonly cells: readonly number[];
  readonly comment?: string;
  /** Whatever the language keeps for listing (tree, source location). */
  readonly source?: unknown;
}

/** Type of a set's key or of a map's data, as much as the model must know of it. */
export interface SetType {
  /** As listed: `ipv4_addr . inet_service`. */
  readonly name: string;
  /**
   * Bits of each component; one entry for a plain type. A component takes its bytes in a key, padded to four
   * when there are several.
   */
  readonly bits: readonly number[];
  /** Whatever the language keeps (datatype, byte order, `typeof` expression). */
  readonly source?: unknown;
}

export interface SetDefinition {
  readonly name: string;
  readonly handle: number;
  /** Made for one rule (`{ 1, 2 }`), gone with it. */
  readonly anonymous: boolean;
  readonly key: SetType;
  /** A map's data type; `"verdict"` for a verdict map; undefined for a set. */
  readonly data?: SetType | "verdict";
  /** The keys lead to objects of this type (OBJECT_*). */
  readonly objects?: number;
  /** What every element does for itself, where that is more than counting. */
  readonly statements?: readonly ElementStatement[];
  readonly constant: boolean;
  readonly interval: boolean;
  readonly autoMerge: boolean;
  /** Elements may have timeouts. */
  readonly timeouts: boolean;
  /** Rules may change it from the packet path. */
  readonly dynamic: boolean;
  /** Default timeout, milliseconds. */
  readonly timeout?: number;
  readonly gcInterval?: number;
  /** Most elements it may hold. */
  readonly size?: number;
  readonly policy?: "performance" | "memory";
  /** Every element counts packets and bytes. */
  readonly counter: boolean;
  readonly comment?: string;
  readonly elements: ElementTable;
  /** Number of the storage of a set that rules change (see `sets/live.ts`); 0 for others. Outlives generations. */
  readonly live: number;
  /** How often it was flushed: tells the data plane to forget what rules added. */
  readonly flushes: number;
  /** Elements that rules added and a command deleted, for the data plane to take out. */
  readonly removals: readonly Removal[];
  readonly source?: unknown;
}

export interface Removal {
  /** Grows over all sets; the storage remembers how far it came. */
  readonly sequence: number;
  readonly key: Uint8Array;
}

/** Elements by `elementKey`, in order of insertion. */
export type ElementTable = ReadonlyMap<string, SetElement>;

export interface SetElement {
  /** Bytes as they lie in registers; concatenations padded to four bytes a component. Empty for the catch-all `*`. */
  readonly key: Uint8Array;
  /** Last key of an interval, inclusive (for concatenations: component by component); undefined: `key` alone. */
  readonly end?: Uint8Array;
  readonly catchall?: boolean;
  /** Data of a map's element. */
  readonly data?: Uint8Array;
  /** Of a verdict map's element. */
  readonly verdict?: Verdict;
  /** Name of the object its key leads to. */
  readonly object?: string;
  /** As written for it; the set's where it says nothing. */
  readonly statements?: readonly ElementStatement[];
  /** Milliseconds it lives; the set's default when not given. */
  readonly timeout?: number;
  /** Milliseconds left when it is added; the timeout when not given. */
  readonly expires?: number;
  /** When it expires, by the store's clock; set by the transaction. */
  readonly deadline?: number;
  readonly comment?: string;
  /** Counter to start with; the cell is given by the transaction. */
  readonly counter?: { readonly packets: number; readonly bytes: number };
  /** First cell of its first statement's state; -1 or absent for none. */
  readonly cell?: number;
  /** First cells of all its statements, where there are several. */
  readonly cells?: readonly number[];
  readonly source?: unknown;
}

/** NFT_OBJECT_* numbers, as `objref` has them. */
export const OBJECT_COUNTER = 1;
export const OBJECT_QUOTA = 2;
export const OBJECT_CT_HELPER = 3;
export const OBJECT_LIMIT = 4;
export const OBJECT_CONNLIMIT = 5;
export const OBJECT_CT_TIMEOUT = 7;
export const OBJECT_CT_EXPECTATION = 9;
/** Flowtables are kept with the objects, though they are none to the kernel. */
export const OBJECT_FLOWTABLE = 0x100;

/** What an object is: a stateful expression, or settings that others use by its name. */
export type ObjectDefinition =
  | Extract<Expression, { kind: "counter" | "quota" | "limit" | "connlimit" | "synproxy" }>
  | { kind: "ct helper"; helper: string; protocol: "tcp" | "udp"; family: "ip" | "ip6" | "inet" }
  | {
    kind: "ct timeout";
    protocol: "tcp" | "udp";
    family: "ip" | "ip6" | "inet";
    /** State of the flow and seconds it may stay in it. */
    policy: readonly (readonly [state: string, seconds: number])[];
  }
  | {
    kind: "ct expectation";
    protocol: "tcp" | "udp";
    family: "ip" | "ip6" | "inet";
    port: number;
    /** Milliseconds. */
    timeout: number;
    /** Most expectations at a time. */
    size: number;
  }
  | { kind: "secmark"; context: string }
  | {
    kind: "flowtable";
    hook: string;
    priority: number;
    devices: readonly string[];
    flags: readonly string[];
    counter: boolean;
  };

export interface StatefulObject {
  readonly name: string;
  readonly handle: number;
  /** OBJECT_*. */
  readonly type: number;
  /** What it does and starts with. */
  readonly expression: ObjectDefinition;
  /** First cell of its state. */
  readonly cell: number;
  readonly comment?: string;
  readonly source?: unknown;
}

/** Key of `Table.objects`. */
export const objectKey = (type: number, name: string): string => `${type} ${name}`;

/** Bytes of a key or data of this type. */
export function typeLength(type: SetType): number {
  if (type.bits.length === 1) return (type.bits[0]! + 7) >>> 3;
  let length = 0;
  for (const bits of type.bits) length += ((bits + 31) >>> 5) * 4;
  return length;
}

/** Key of `SetDefinition.elements`: the bytes as text, the interval's end behind a slash. */
export function elementKey(element: Pick<SetElement, "key" | "end" | "catchall">): string {
  if (element.catchall) return "*";
  const key = characters(element.key);
  return element.end === undefined || sameBytes(element.key, element.end)
    ? key
    : key + "/" + characters(element.end);
}

/** A character a byte. Keys of four bytes, most of all, without the cost of a call with many arguments. */
function characters(bytes: Uint8Array): string {
  if (bytes.length === 4) return String.fromCharCode(bytes[0]!, bytes[1]!, bytes[2]!, bytes[3]!);
  let text = "";
  for (let at = 0; at < bytes.length; at++) text += String.fromCharCode(bytes[at]!);
  return text;
}

export function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
}

export const EMPTY_RULESET: Ruleset = { generation: 0, tables: new Map() };

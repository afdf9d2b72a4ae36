import type { CheckContext } from "./check/context.ts";
import { checkOperand } from "./check/operand.ts";
import { PROTOCOLS as PROTOCOL_NAMES } from "./datatype/protocol_names.ts";
import { inetProtocolType, inetServiceType } from "./datatype/protocol.ts";
import { DATA_TYPES } from "./datatype/registry.ts";
import { Refusal } from "./text/diagnostic.ts";
import { EXTENSIONS } from "./protocol/extension.ts";
import { TUNNELS } from "./protocol/tunnel.ts";
import { PROTOCOLS } from "./protocol/registry.ts";
import { ProtocolContext } from "./check/protocol_context.ts";
import type { Node } from "./tree/tree.ts";
import {
  type DataType,
  integerType,
  invalidType,
  isText,
  rawType,
  stringType,
  type TypeContext,
} from "./types.ts";

/** What `describe` calls each kind of expression. */
const WORDS: Readonly<Partial<Record<Node["kind"], string>>> = {
  payload: "payload",
  "raw payload": "payload",
  option: "exthdr",
  extension: "exthdr",
  meta: "meta",
  ct: "ct",
  rt: "rt",
  fib: "fib",
  numgen: "numgen",
  hash: "hash",
  socket: "socket",
  osf: "osf",
  xfrm: "xfrm",
};

/** `describe EXPRESSION` or `describe DATATYPE`: type, width and symbols, as nft writes them. */
export function describe(node: Node, types: TypeContext): string {
  if (node.kind === "variable") return describe(node.value, types);
  if (node.kind === "symbol") {
    const type = DATA_TYPES.get(node.text) ?? ONLY_DESCRIBED.get(node.text);
    if (type === undefined) return "symbol expression, datatype invalid (invalid)";
    return `datatype ${typeText(type)}, ${type.bits} bits\n${symbolTable(type, true)}`;
  }
  const word = WORDS[node.kind] ?? node.kind;
  const found = typeOf(node, types);
  // nft ends no line here
  if (found === undefined) return `${word} expression, datatype invalid (invalid)`;
  const { type, bits } = asShown(node, found);
  const width = isText(type) ? `${bits >> 3} characters` : `${bits} bits`;
  return `${word} expression, datatype ${typeText(type)}, ${width}\n${symbolTable(type)}`;
}

/** Types no set may be declared with. */
const ONLY_DESCRIBED: ReadonlyMap<string, DataType> = new Map(
  [
    invalidType,
    { ...integerType, name: "bitmask", description: "bitmask", base: integerType },
    { ...integerType, name: "cgroupsv2", description: "cgroupsv2 path", bits: 64, base: integerType },
  ].map((type) => [type.name, type]),
);

/** Where nft tells a type or width other than the one it computes with. */
function asShown(
  node: Node,
  { type, bits }: { type: DataType; bits: number },
): { type: DataType; bits: number } {
  switch (node.kind) {
    case "meta":
    case "rt":
      return { type, bits: type.name === "boolean" ? 8 : bits };
    case "socket":
      return { type, bits: Math.max(bits, 8) };
    case "fib":
      return { type: type.name === "ifname" ? stringType : type, bits };
    case "numgen":
    case "hash":
      return { type: integerType, bits };
    case "raw payload": {
      const port = node.base === "transport" && bits === 16 && (node.offset === 0 || node.offset === 16);
      return { type: port ? inetServiceType : { ...rawType, base: integerType }, bits };
    }
  }
  return { type, bits };
}

/** Type and width of an expression by itself; undefined where it has none without its family. */
export function typeOf(node: Node, types: TypeContext): { type: DataType; bits: number } | undefined {
  // A header or option without a field is asked for its first one.
  if (node.kind === "extension" && node.field === undefined) return { type: inetProtocolType, bits: 8 };
  if (node.kind === "extension" && node.index !== undefined) {
    const field = EXTENSIONS.get(node.header)?.fields.find((known) => known.name === node.field);
    if (node.index > 0 && field !== undefined) return { type: field.type, bits: field.bits };
    // Of the first address nft tells what lies before it.
    return { type: integerType, bits: node.header === "srh" ? 16 : 8 };
  }
  if (node.kind === "option" && node.field === undefined && node.raw === undefined) {
    return { type: integerType, bits: 8 };
  }
  if (node.kind === "tunnel") {
    const { protocol, field } = node.inner;
    const row = protocol === node.tunnel ? TUNNELS.get(protocol)?.row : PROTOCOLS.get(protocol);
    const found = row?.fields.find((known) => known.name === field);
    return found === undefined ? undefined : { type: found.type, bits: found.bits };
  }
  if (node.kind === "payload") {
    const field = PROTOCOLS.get(node.protocol)?.fields.find((known) => known.name === node.field);
    return field === undefined ? undefined : { type: field.type, bits: field.bits };
  }
  const context: CheckContext = {
    family: "inet",
    types,
    table: undefined,
    protocols: new ProtocolContext("inet"),
    statements: [],
  };
  try {
    const { type, bits } = checkOperand(context, node);
    return type.name === "invalid" ? undefined : { type, bits };
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    return undefined;
  }
}

function typeText(type: DataType): string {
  const bases: string[] = [];
  for (let at = type.base; at !== undefined; at = at.base) bases.push(at.description);
  return `${type.name} (${type.description})${bases.length === 0 ? "" : ` (basetype ${bases.join(", ")})`}`;
}

const HEAD = "\npre-defined symbolic constants ";

function symbolTable(type: DataType, plain = false): string {
  if (type.name === inetProtocolType.name) {
    // One name a number, as getprotobynumber knows it.
    const first = new Map<number, string>();
    for (const [name, value] of PROTOCOL_NAMES) if (value < 256 && !first.has(value)) first.set(value, name);
    const rows = [...first].map(([value, name]) => [name, value] as const).sort((a, b) => a[1] - b[1]);
    return rows.map(([name, value]) => `\t${name.padEnd(30)}\t${value}\n`).join("");
  }
  if (type.symbols === undefined || type.symbols.length === 0) return "";
  if (FROM_FILES.has(type.name)) return "";
  const digits = type.hexDigits || (HEXADECIMAL.has(type.name) ? 2 * ((type.bits + 7) >> 3) : 0);
  const rows = type.symbols.map(([name, value]) => {
    const shown = plain ? swapped(type, value) : value;
    return digits > 0
      ? `\t${name.padEnd(30)}\t0x${shown.toString(16).padStart(digits, "0")}\n`
      : `\t${name.padEnd(30)}\t${shown.toString().padStart(20)}\n`;
  });
  return `${HEAD}(in ${digits > 0 ? "hexadecimal" : "decimal"}):\n${rows.join("")}`;
}

/** Types whose tables nft shows in hexadecimal though their numbers print in decimal. */
const HEXADECIMAL = new Set(["iface_type", "ct_state", "ct_status", "ct_event", "arp_op", "ecn"]);
/** Types whose names come from files of the machine. */
const FROM_FILES = new Set(["devgroup", "realm"]);

/** Of a datatype by itself nft shows the table as it lies in memory. */
const swapped = (type: DataType, value: number): number =>
  type.bits === 16 && type.order === "big" ? ((value & 0xff) << 8) | (value >> 8) : value;

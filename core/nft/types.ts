import { freshBytes } from "./byte_pool.ts";

/**
 * Datatypes of the language: what a symbol on the right-hand side may be, how wide it is, and how it prints.
 * A value is a non-negative bigint; `order` says how it lies in a register. One file per family of types under
 * `datatype/`; `registry.ts` there lists them.
 */
export type ByteOrder = "big" | "host";

/** What parsing and printing need to know of the surroundings. */
export interface TypeContext {
  interfaceIndex(name: string): number | undefined;
  interfaceName(index: number): string | undefined;
  readonly numericProtocol: boolean;
  readonly numericSymbols: boolean;
  readonly serviceNames: boolean;
  /** Durations as seconds only. */
  readonly seconds?: boolean;
  /** Ends of a range: symbols as plain decimal numbers. */
  readonly rangeEnds?: boolean;
  readonly timezoneOffset: number;
  /** What came after nft 1.0.6 is understood. */
  readonly newest?: boolean;
  readonly accounts?: Accounts | undefined;
  /** Users and groups by name. */
  readonly accountNames?: boolean;
}

/** Users and groups of the machine, as `meta skuid` and `meta skgid` name them. */
export interface Accounts {
  number(kind: "user" | "group", name: string): number | undefined;
  name(kind: "user" | "group", number: number): string | undefined;
}

/** A value, or why there is none. */
export type Parsed = bigint | { readonly error: string; readonly hint?: string };

export interface DataType {
  readonly name: string;
  /** As messages name it: "packet mark". */
  readonly description: string;
  /** 0: any width. */
  readonly bits: number;
  readonly order: ByteOrder;
  readonly base?: DataType;
  /** Values are sets of flags: a bare value asks for any of them. */
  readonly bitmask?: boolean;
  /** Registers hold characters, padded with zero bytes. */
  readonly text?: boolean;
  readonly symbols?: readonly Symbolic[];
  /** Largest value, where it is less than the width allows. */
  readonly most?: bigint;
  /** Columns in the symbol table of `describe`, and numbers outside it, are hexadecimal of this many digits. */
  readonly hexDigits?: number;
  /** Hexadecimal digits of symbols printed as numbers. */
  readonly symbolDigits?: number;
  /** Quoted when printed. */
  readonly quoted?: boolean;
  parse?(text: string, context: TypeContext): Parsed;
  print?(value: bigint, bits: number, context: TypeContext): string;
  /** Members of a concatenation, first to last. */
  readonly parts?: readonly DataType[];
  /** Ranges print with spaces about the dash never; this type prints ranges in its own way. */
  printPrefixAs?: "address";
}

export type Symbolic = readonly [name: string, value: number];

export const isError = (parsed: Parsed): parsed is { readonly error: string; readonly hint?: string } =>
  typeof parsed !== "bigint";

export const integerType: DataType = {
  name: "integer",
  description: "integer",
  bits: 0,
  order: "host",
  parse: (text) => parseNumber(text) ?? { error: "Could not parse integer" },
  print: (value) => value.toString(),
};

/** What raw payload expressions hold: a number in network order, written in hexadecimal. */
export const rawType: DataType = { ...integerType, order: "big", hexDigits: 0 };

export const stringType: DataType = {
  name: "string",
  description: "string",
  bits: 0,
  order: "host",
  text: true,
  quoted: true,
};

export const verdictType: DataType = {
  name: "verdict",
  description: "netfilter verdict",
  bits: 0,
  order: "host",
};

export const invalidType: DataType = { name: "invalid", description: "invalid", bits: 0, order: "host" };

const NUMBER = /^(?:0[xX][0-9a-fA-F]+|[0-9]+)$/;

/** Characters; reading more would take more than linear time, and nothing is as wide. */
const LONGEST_NUMBER = 65536;

/** strtoull with base 0: hexadecimal after 0x, octal after 0, else decimal. */
export function parseNumber(text: string): bigint | undefined {
  if (text.length > LONGEST_NUMBER || !NUMBER.test(text)) return undefined;
  if (text.length > 1 && text[0] === "0" && text[1] !== "x" && text[1] !== "X") {
    return /^[0-7]+$/.test(text) ? BigInt("0o" + text) : undefined;
  }
  return BigInt(text);
}

/** Follows the base types to one that satisfies `test`. */
export function baseWhere(type: DataType, test: (type: DataType) => boolean): DataType | undefined {
  for (let at: DataType | undefined = type; at !== undefined; at = at.base) if (test(at)) return at;
  return undefined;
}

export const isText = (type: DataType): boolean => baseWhere(type, (at) => at.text === true) !== undefined;
export const isBitmask = (type: DataType): boolean =>
  baseWhere(type, (at) => at.bitmask === true) !== undefined;
export const isInteger = (type: DataType): boolean =>
  baseWhere(type, (at) => at === integerType) !== undefined;

/** Reads a symbol as a value of `type`: its own parser, its table, then its base types. */
export function parseSymbol(type: DataType, text: string, context: TypeContext): Parsed {
  if (isText(type)) return textValue(text);
  const own = type.symbols?.find(([name]) => name === text);
  if (own !== undefined) return BigInt(own[1]);
  const parser = baseWhere(type, (at) => at.parse !== undefined);
  if (parser === undefined) return { error: `Can't parse symbolic ${type.description} expressions` };
  const parsed = parser.parse!(text, context);
  if (isError(parsed) && parser === integerType) {
    const near = type.symbols === undefined ? undefined : nearest(text, type.symbols.map(([name]) => name));
    return {
      error: `Could not parse ${type.description}`,
      ...(type.symbols === undefined ? {} : { hint: symbolHint(near, type.symbols) }),
    };
  }
  return parsed;
}

const symbolHint = (near: string | undefined, symbols: readonly Symbolic[]): string =>
  near === undefined
    ? `one of ${symbols.slice(0, 24).map(([name]) => name).join(", ")}`
    : `did you mean ${near}?`;

/** A value as the language writes it, numbers in the base its type prefers. */
export function printValue(type: DataType, value: bigint, bits: number, context: TypeContext): string {
  if (isText(type)) return `"${valueText(value, bits)}"`;
  if (type.print !== undefined && type.name !== "integer") return type.print(value, bits, context);
  if (type.symbols !== undefined && !context.numericSymbols) {
    const own = type.symbols.find(([, number]) => BigInt(number) === value);
    if (own !== undefined) return type.quoted === true ? `"${own[0]}"` : own[0];
  }
  if (type.symbolDigits !== undefined && context.numericSymbols && context.rangeEnds !== true) {
    return "0x" + value.toString(16).padStart(type.symbolDigits, "0");
  }
  if (type.hexDigits !== undefined) {
    return "0x" + value.toString(16).padStart(isBitmask(type) ? 0 : type.hexDigits, "0");
  }
  return type.base === undefined || type.base.print === undefined
    ? value.toString()
    : type.base.print(value, bits, context);
}

/** Characters as a number whose first byte is the most significant of the 16 of an interface name. */
export function textValue(text: string): bigint {
  let value = 0n;
  for (const byte of new TextEncoder().encode(text)) value = (value << 8n) | BigInt(byte);
  return value;
}

/** The characters of a text value: leading and trailing zero bytes are padding. */
export function valueText(value: bigint, bits: number): string {
  const bytes = bytesOf(value, Math.max(bits, 8), "big");
  let from = 0;
  let to = bytes.length;
  while (from < to && bytes[from] === 0) from++;
  while (to > from && bytes[to - 1] === 0) to--;
  return new TextDecoder().decode(bytes.subarray(from, to));
}

/** Largest value of four bytes. */
const SMALL = 0xffffffffn;

/** Bytes of a value as they lie in a register; `bits` rounded up to bytes. */
export function bytesOf(value: bigint, bits: number, order: ByteOrder): Uint8Array {
  const length = (bits + 7) >> 3;
  const bytes = freshBytes(length);
  let rest = value;
  if (length <= 4) {
    const small = Number(rest <= SMALL ? rest : BigInt.asUintN(length * 8, rest));
    for (let index = 0; index < length; index++) {
      bytes[order === "big" ? length - 1 - index : index] = small >>> (8 * index);
    }
    return bytes;
  }
  for (let index = 0; index < length; index++) {
    bytes[order === "big" ? length - 1 - index : index] = Number(rest & 0xffn);
    rest >>= 8n;
  }
  return bytes;
}

export function valueOf(bytes: Uint8Array, order: ByteOrder): bigint {
  if (bytes.length <= 4) {
    let small = 0;
    for (let index = 0; index < bytes.length; index++) {
      small = small * 256 + bytes[order === "big" ? index : bytes.length - 1 - index]!;
    }
    return BigInt(small);
  }
  let value = 0n;
  for (let index = 0; index < bytes.length; index++) {
    value = (value << 8n) | BigInt(bytes[order === "big" ? index : bytes.length - 1 - index]!);
  }
  return value;
}

/** The name closest to `text`, where it is close enough to be a slip of the pen. */
export function nearest(text: string, names: readonly string[]): string | undefined {
  let best: string | undefined;
  let bestDistance = Infinity;
  for (const name of names) {
    const most = Math.floor((Math.max(text.length, name.length) + 2) / 3);
    if (Math.abs(text.length - name.length) > most) continue;
    const distance = editDistance(text.slice(0, 64), name.slice(0, 64));
    if (distance < bestDistance && distance <= most) {
      best = name;
      bestDistance = distance;
    }
  }
  return best;
}

function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      next.push(Math.min(row[j]! + 1, next[j - 1]! + 1, row[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1)));
    }
    row = next;
  }
  return row[b.length]!;
}

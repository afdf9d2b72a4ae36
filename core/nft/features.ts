import { DATA_TYPES } from "./datatype/registry.ts";
import { booleanType } from "./datatype/symbolic.ts";
import { EXPRESSION_ROWS, type ExpressionRow } from "./expression_rows.ts";
import { CT_KEYS, META_KEYS } from "./keys.ts";
import { EXTENSIONS } from "./protocol/extension.ts";
import { OPTION_LISTS } from "./protocol/option_list.ts";
import type { Field } from "./protocol/protocol.ts";
import { TUNNELS } from "./protocol/tunnel.ts";
import { PROTOCOLS } from "./protocol/registry.ts";
import { STATEMENT_ROWS, type StatementRow } from "./statement_rows.ts";
import { type DataType, isBitmask, isText } from "./types.ts";

/** A datatype: what may stand on the right of a relation. */
export interface TypeFeature {
  readonly name: string;
  readonly help: string;
  /** 0: any width. */
  readonly bits: number;
  readonly base?: string;
  readonly kind: "number" | "flags" | "text";
  readonly byteOrder: "big" | "host";
  /** Names of values; other values of the type may be written too. */
  readonly values?: readonly { readonly name: string; readonly value: number }[];
}

/** Something a rule may look at. */
export interface FieldFeature {
  /** As written: `tcp dport`. */
  readonly name: string;
  /** What it is of: a protocol, `meta`, `ct`. */
  readonly group: string;
  readonly kind: "field" | "key" | "extension" | "option";
  readonly type: string;
  readonly bits: number;
  readonly help: string;
  /** Bits from the start of its header. */
  readonly offset?: number;
}

/** Something a rule may look at that takes operands: a route lookup, a hash. */
export interface ExpressionFeature extends Omit<ExpressionRow, "type"> {
  readonly type: string;
}

export interface Features {
  readonly types: readonly TypeFeature[];
  readonly fields: readonly FieldFeature[];
  readonly expressions: readonly ExpressionFeature[];
  readonly statements: readonly StatementRow[];
}

/** All the language knows, from its descriptors: enough to offer what nobody has written a form for. */
export function features(): Features {
  const types = new Map(DATA_TYPES);
  const seen = (type: DataType) => {
    if (!types.has(type.name)) types.set(type.name, type);
  };
  const all = fields(seen);
  const expressions = EXPRESSION_ROWS.map((row) => {
    seen(row.type);
    return { ...row, type: row.type.name };
  });
  return {
    types: [...types.values()].map(typeFeature),
    fields: all,
    expressions,
    statements: STATEMENT_ROWS,
  };
}

const typeFeature = (type: DataType): TypeFeature => ({
  name: type.name,
  help: type.description,
  bits: type.bits,
  ...(type.base === undefined ? {} : { base: type.base.name }),
  kind: isText(type) ? "text" : isBitmask(type) ? "flags" : "number",
  byteOrder: type.order,
  ...(type.symbols === undefined ? {} : { values: type.symbols.map(([name, value]) => ({ name, value })) }),
});

function fields(seen: (type: DataType) => void): FieldFeature[] {
  const all: FieldFeature[] = [];
  const put = (kind: FieldFeature["kind"], group: string, field: Field) => {
    seen(field.type);
    all.push({
      name: `${group} ${field.name}`,
      group,
      kind,
      type: field.type.name,
      bits: field.bits,
      help: helpOf(field.name, field.type),
      offset: field.offset,
    });
  };
  for (const protocol of PROTOCOLS.values()) {
    for (const field of protocol.fields) put("field", protocol.name, field);
  }
  for (const { row } of TUNNELS.values()) {
    for (const field of row.fields) put("field", row.name, field);
  }
  for (const header of EXTENSIONS.values()) {
    for (const field of header.fields) put("extension", header.name, field);
  }
  for (const { words, options } of Object.values(OPTION_LISTS)) {
    for (const option of options.values()) {
      for (const field of option.fields) {
        if (field.name !== "kind") put("option", `${words} ${option.name}`, field);
      }
      // By itself an option is looked for, and its kind has no name of its own.
      put("option", words, { ...option.fields[0]!, name: option.name, type: booleanType, bits: 1 });
    }
  }
  for (const [group, rows] of [["meta", META_KEYS], ["ct", CT_KEYS]] as const) {
    for (const row of new Set<{ name: string; type: DataType; bits: number }>(rows.values())) {
      const { name, type, bits } = row;
      seen(type);
      const width = bits === 0 ? type.bits : bits;
      all.push({
        name: `${group} ${name}`,
        group,
        kind: "key",
        type: type.name,
        bits: width,
        help: helpOf(name, type),
      });
    }
  }
  return all;
}

/** What the type says, where it says more than that it is a number. */
const helpOf = (name: string, type: DataType): string =>
  ["integer", "string", "invalid"].includes(type.name) ? name.replaceAll("-", " ") : type.description;

/** The same as lines of text: one feature a line. */
export function featuresText({ types, fields, expressions, statements }: Features): string {
  const lines = [
    ...statements.map((row) => `statement ${row.name.padEnd(28)} ${row.syntax}: ${row.help}`),
    ...fields.map((field) => {
      const width = field.bits === 0 ? "" : ` ${field.bits} bits`;
      return `${field.kind.padEnd(9)} ${field.name.padEnd(28)} ${field.type}${width}: ${field.help}`;
    }),
    ...expressions.map(({ name, syntax, type, bits, help, operands }) => {
      const words = Object.entries(operands).filter(([, some]) => some.length > 0)
        .map(([operand, some]) => `; ${operand}: ${some.join(", ")}`).join("");
      return `expression ${name.padEnd(27)} ${type} ${bits} bits: ${syntax}: ${help}${words}`;
    }),
    ...types.map((type) => {
      const values = type.values?.slice(0, 8).map((value) => value.name).join(", ") ?? "";
      const more = (type.values?.length ?? 0) > 8 ? ", ..." : "";
      return `type      ${type.name.padEnd(28)} ${type.bits} bits: ${type.help}${
        values === "" ? "" : `: ${values}${more}`
      }`;
    }),
  ];
  return lines.join("\n") + "\n";
}

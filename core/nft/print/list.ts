import {
  type Chain,
  OBJECT_FLOWTABLE,
  type SetDefinition,
  type SetElement,
  type SetType,
  type StatefulObject,
  type Table,
} from "../../ruleset/ruleset.ts";
import { setSource } from "../check/context.ts";
import { OBJECT_TYPES } from "../check/stateful.ts";
import { timeType } from "../datatype/time.ts";
import { priorityText } from "../priority.ts";
import { printRule } from "./rule.ts";
import { elementPieces } from "./set.ts";
import { settingLines } from "./list_settings.ts";
import { printLimit, printPlain, printQuota } from "./plain.ts";
import type { ListOptions } from "./context.ts";

/** What is listed, in pieces as they are made. */
type Block = Iterable<string>;

/** A whole table as `nft list table` writes it. */
export function* tablePieces(table: Table, options: ListOptions): Generator<string> {
  yield* inTable(table, blocks(table, options), options, true);
}

function* blocks(table: Table, options: ListOptions): Generator<Block> {
  const objects = [...table.objects.values()];
  const isFlowtable = (object: StatefulObject) => object.type === OBJECT_FLOWTABLE;
  for (const object of objects) if (!isFlowtable(object)) yield [listObject(object, options)];
  for (const set of table.sets.values()) if (!set.anonymous) yield setPieces(set, options, table);
  for (const object of objects) if (isFlowtable(object)) yield [listObject(object, options)];
  for (const chain of table.chains.values()) yield chainPieces(chain, table, options);
}

/** The table's own line around what is listed of it. */
export function* inTable(
  table: Table,
  blocks: Iterable<Block>,
  options: ListOptions,
  whole = false,
): Generator<string> {
  yield `table ${table.family} ${table.name} {${
    options.handles && whole ? ` # handle ${table.handle}` : ""
  }\n`;
  let before = "";
  if (whole) {
    if (table.flags.length > 0) yield `\tflags ${table.flags.join(",")}\n`;
    if (table.comment !== undefined) yield `\tcomment "${table.comment}"\n`;
    if (table.flags.length > 0) before = "\n";
  }
  for (const block of blocks) {
    yield before;
    yield* block;
    before = whole ? "\n" : "";
  }
  yield "}\n";
}

export const listChain = (chain: Chain, table: Table, options: ListOptions): string =>
  [...chainPieces(chain, table, options)].join("");

export function* chainPieces(chain: Chain, table: Table, options: ListOptions): Generator<string> {
  const { base } = chain;
  let text = `\tchain ${chain.name} {${handle(chain.handle, options)}\n`;
  if (chain.comment !== undefined) text += `\t\tcomment "${chain.comment}"\n`;
  if (base !== undefined) {
    const devices = base.devices === undefined
      ? ""
      : base.devices.length === 1
      ? ` device "${base.devices[0]}"`
      : ` devices = { ${base.devices.map((device) => `"${device}"`).join(", ")} }`;
    const priority = priorityText(table.family, base.hook, base.priority, options.numericPriority);
    text +=
      `\t\ttype ${base.type} hook ${base.hook}${devices} priority ${priority}; policy ${base.policy};\n`;
  }
  yield text;
  for (const rule of chain.rules) yield `\t\t${printRule(rule, table, options)}\n`;
  yield "\t}\n";
}

const handle = (
  number: number,
  options: ListOptions,
): string => (options.handles ? ` # handle ${number}` : "");

/** Most elements of a set that rules fill, where it does not say. */
const FILLED_SIZE = 65535;

export function sizeOf(set: SetDefinition, table: Table): number | undefined {
  if (set.size !== undefined) return set.size;
  const filled = [...table.chains.values()].some((chain) =>
    chain.rules.some((rule) => rule.expressions.some((e) => e.kind === "dynset" && e.set === set.name))
  );
  return filled ? FILLED_SIZE : undefined;
}

export const listSet = (set: SetDefinition, options: ListOptions, table: Table): string =>
  [...setPieces(set, options, table)].join("");

export function* setPieces(declared: SetDefinition, options: ListOptions, table: Table): Generator<string> {
  const set = options.terse ? declared : options.listed?.(declared) ?? declared;
  let text = `\t${isMap(set) ? "map" : "set"} ${set.name} {${handle(set.handle, options)}\n`;
  const source = setSource(set);
  const data = set.objects !== undefined
    ? ` : ${objectWord(set.objects)}`
    : set.data === undefined
    ? ""
    : ` : ${set.data === "verdict" ? "verdict" : typeName(set.data)}`;
  text += source?.typeofText === undefined
    ? `\t\ttype ${typeName(set.key)}${data}\n`
    : `\t\ttypeof ${source.typeofText}\n`;
  if (set.policy === "memory") text += "\t\tpolicy memory\n";
  const size = sizeOf(set, table);
  if (size !== undefined) text += `\t\tsize ${size}\n`;
  const flags = [
    set.constant && "constant",
    set.dynamic && "dynamic",
    set.interval && "interval",
    set.timeouts && "timeout",
  ].filter((flag) => flag !== false);
  // A default timeout says by itself that elements may have one.
  const implied = set.timeout !== undefined && flags.length === 1 && set.timeouts;
  if (flags.length > 0 && !implied) text += `\t\tflags ${flags.join(",")}\n`;
  if (set.counter) text += "\t\tcounter\n";
  else if (set.statements !== undefined) {
    const context = { types: options.types, stateless: true, family: table.family, set: () => "" };
    text += `\t\t${set.statements.map((statement) => printPlain(statement, context)).join(" ")}\n`;
  }
  if (set.autoMerge) text += "\t\tauto-merge\n";
  if (set.timeout !== undefined) text += `\t\ttimeout ${duration(set.timeout, options)}\n`;
  if (set.gcInterval !== undefined) text += `\t\tgc-interval ${duration(set.gcInterval, options)}\n`;
  if (set.comment !== undefined) text += `\t\tcomment "${set.comment}"\n`;
  if (set.elements.size > 0 && !options.terse) {
    const { counts, now } = options;
    const printing = {
      types: options.types,
      stateless: options.stateless,
      ...(counts === undefined
        ? {}
        : { counts: (e: SetElement) => (e.cell === undefined || e.cell < 0 ? undefined : counts(e.cell)) }),
      ...(now === undefined
        ? {}
        : { left: (e: SetElement) => (e.deadline === undefined ? e.expires : e.deadline - now()) }),
    };
    const single = source?.key.length === 1 ? source.key[0]!.name : "";
    yield `${text}\t\telements = { `;
    yield* elementPieces(set, printing, single);
    text = " }\n";
  }
  yield `${text}\t}\n`;
}

const duration = (milliseconds: number, options: ListOptions): string =>
  timeType.print!(BigInt(milliseconds), 64, options.types);

const typeName = (type: SetType): string => type.name;

/** Maps to values, to verdicts and to objects. */
export const isMap = (set: SetDefinition): boolean => set.data !== undefined || set.objects !== undefined;

const objectWord = (number: number): string =>
  [...OBJECT_TYPES].find(([, type]) => type === number)?.[0] ?? "counter";

export function listObject(object: StatefulObject, options: ListOptions): string {
  const word = objectWord(object.type);
  const now = options.counts?.(object.cell);
  let text = `\t${word} ${object.name} {${handle(object.handle, options)}\n`;
  if (object.comment !== undefined) text += `\t\tcomment "${object.comment}"\n`;
  const { expression } = object;
  switch (expression.kind) {
    case "counter": {
      const [packets, bytes] = now ?? [expression.packets, expression.bytes];
      text += options.stateless ? "" : `\t\tpackets ${packets} bytes ${bytes}\n`;
      break;
    }
    case "quota":
      text += `\t\t${printQuota(expression, options.stateless ? 0 : now?.[0] ?? expression.used)}\n`;
      break;
    case "limit":
      text += `\t\t${printLimit(expression)}\n`;
      break;
    default:
      for (const line of settingLines(expression, options)) text += `\t\t${line}\n`;
      break;
    case "connlimit":
      text += `\t\tct count ${expression.inverted ? "over " : ""}${expression.count}\n`;
      break;
  }
  return `${text}\t}\n`;
}

import {
  elementKey,
  type SetDefinition,
  type SetElement,
  type SetType,
  type Table,
} from "../../ruleset/ruleset.ts";
import { type CheckContext, type SetSource, setSource } from "../check/context.ts";
import type { Wanted } from "../check/constant.ts";
import { elementStatement, OBJECT_TYPES } from "../check/stateful.ts";
import { checkOperand } from "../check/operand.ts";
import { checkElements, setOf } from "../check/set.ts";
import type { Command, Name, SetBody, TypeSpec } from "../tree/command.ts";
import { DATA_TYPES } from "../datatype/registry.ts";
import { refuse } from "../text/diagnostic.ts";
import { check, type Execution } from "./execution.ts";
import { requireSet, requireTable } from "./named.ts";
import { clearElements, executeResetSet } from "./reset.ts";
import { getElements } from "./state.ts";
import type { Span } from "../text/source.ts";
import { printOperand } from "../print/operand.ts";
import { ProtocolContext } from "../check/protocol_context.ts";
import { concatenatedType, paddedBits } from "../tree/typed.ts";
import { type DataType, nearest } from "../types.ts";

type SetCommand = Extract<Command, { kind: "set" }>;

export function executeSet(execution: Execution, command: SetCommand): void {
  const { transaction } = execution;
  const { set, body, verb } = command;
  const table = requireTable(execution, command.table);
  switch (verb) {
    case "add":
    case "create": {
      if (body === undefined) {
        refuse(set.span, "set definition does not specify key", [], ["write { type NAME; }"]);
      }
      const spec = specOf(execution, table, command, body);
      return check(transaction.addSet(table.family, table.name, spec, verb === "create"), set.span);
    }
    case "delete":
      return check(transaction.deleteSet(table.family, table.name, requireSet(table, set).name), set.span);
    case "flush":
      return check(transaction.flushSet(table.family, table.name, requireSet(table, set).name), set.span);
    case "reset":
      return executeResetSet(execution, command);
    default:
      return refuse(command.span, "sets can be added, created, deleted and flushed");
  }
}

function specOf(execution: Execution, table: Table, command: SetCommand, body: SetBody) {
  if (body.key === undefined) {
    refuse(body.span ?? command.set.span, `${command.map ? "map" : "set"} definition does not specify key`);
  }
  const key = resolve(execution, table, body.key, body.span);
  if (body.autoMerge && !body.flags.some(({ name }) => name === "interval")) {
    refuse(command.set.span, "auto-merge only works with interval sets", [], ["add: flags interval"]);
  }
  const has = (flag: string) => body.flags.some((written) => written.name === flag);
  const { data } = body;
  const object = data !== undefined && "object" in data ? data.object : undefined;
  const objects = object === undefined ? undefined : OBJECT_TYPES.get(object);
  const statements = body.statements?.map(elementStatement);
  const dataTypes = data === undefined || "object" in data
    ? undefined
    : resolve(execution, table, data, body.span);
  const verdict = dataTypes?.types[0]?.name === "verdict";
  const spread = body.dataInterval === true && !verdict ? "interval " : "";
  const source: SetSource = {
    key: key.types,
    ...(dataTypes === undefined || verdict ? {} : { data: dataTypes.types }),
    ...(key.text === undefined
      ? {}
      : { typeofText: `${key.text}${dataTypes?.text === undefined ? "" : ` : ${spread}${dataTypes.text}`}` }),
    ...(spread === "" ? {} : { dataInterval: true }),
  };
  return {
    name: command.set.text,
    key: setType(key.types),
    interval: has("interval"),
    constant: has("constant"),
    dynamic: has("dynamic") || execution.filled.has(`${table.family} ${table.name} ${command.set.text}`),
    timeouts: has("timeout") || body.timeout !== undefined,
    autoMerge: body.autoMerge,
    counter: statements === undefined && body.counter,
    source,
    ...(objects === undefined ? {} : { objects }),
    ...(statements === undefined ? {} : { statements }),
    ...(dataTypes === undefined
      ? {}
      : { data: verdict ? ("verdict" as const) : dataType(dataTypes.types, spread !== "") }),
    ...(body.timeout === undefined ? {} : { timeout: Number(body.timeout) }),
    ...(body.gcInterval === undefined ? {} : { gcInterval: Number(body.gcInterval) }),
    ...(body.size === undefined ? {} : { size: body.size }),
    ...(body.policy === undefined ? {} : { policy: body.policy }),
    ...(body.comment === undefined ? {} : { comment: body.comment }),
  };
}

const setType = (types: readonly DataType[]): SetType => ({
  name: types.map((type) => type.name).join(" . "),
  bits: types.map((type) => type.bits),
});

/** Ranges lie as first and last, one behind the other. */
function dataType(types: readonly DataType[], ranges: boolean): SetType {
  const { name, bits } = setType(types);
  return ranges ? { name: `interval ${name}`, bits: [...bits, ...bits] } : { name, bits };
}

function resolve(
  execution: Execution,
  table: Table,
  spec: TypeSpec,
  body: Span | undefined,
): { types: DataType[]; text?: string } {
  if (spec.kind === "names") return { types: spec.names.map((name) => namedType(name, body)) };
  if (spec.node.kind === "symbol" && spec.node.text === "verdict") {
    return { types: [namedType({ text: "verdict", span: spec.span }, body)], text: "verdict" };
  }
  const context: CheckContext = {
    family: table.family,
    types: execution.types,
    table,
    protocols: new ProtocolContext(table.family, execution.types.newest),
    declared: true,
    statements: [],
  };
  const operand = checkOperand(context, spec.node);
  const parts = operand.kind === "concatenation" ? operand.parts : [operand];
  const types = parts.map((part) => ({ ...part.type, bits: part.bits, order: part.order }));
  return { types, text: printOperand(operand, execution.types) };
}

function namedType(name: Name, body: Span | undefined): DataType {
  const type = DATA_TYPES.get(name.text);
  if (type === undefined) {
    const near = nearest(name.text, [...DATA_TYPES.keys()]);
    return refuse(
      name.span,
      `unknown datatype ${name.text}`,
      [],
      near === undefined ? [] : [`did you mean ${near}?`],
    );
  }
  if (type.bits === 0 && type.name !== "verdict") {
    refuse(
      body ?? name.span,
      `unqualified type ${name.text} specified in set definition. Try "typeof expression" instead of "type datatype".`,
    );
  }
  return type;
}

type ElementCommand = Extract<Command, { kind: "element" }>;

export function executeElements(execution: Execution, command: ElementCommand): void {
  const { transaction } = execution;
  const table = requireTable(execution, command.table);
  const set = requireSet(table, command.set);
  const written = setOf(command.elements);
  if (written === undefined) {
    return refuse(command.elements.span, "elements were expected here", [], [
      "write them in braces: { a, b }",
    ]);
  }
  const source = setSource(set);
  const context: CheckContext = {
    family: table.family,
    types: execution.types,
    table,
    protocols: new ProtocolContext(table.family, execution.types.newest),
    declared: true,
    statements: [],
  };
  const data = set.data === undefined
    ? undefined
    : set.data === "verdict"
    ? "verdict" as const
    : wantedOf(source?.data ?? []);
  const literal = checkElements(context, written.elements, {
    key: wantedOf(source?.key ?? []),
    ...(data === undefined ? {} : { data }),
    interval: set.interval,
    timeouts: set.timeouts,
    dataRanges: source?.dataInterval === true,
    keysOnly: ["get", "delete", "destroy", "reset"].includes(command.verb),
    statements: set.statements?.length ?? (set.counter ? 1 : 0),
    ...(set.objects === undefined ? {} : { objects: set.objects }),
    merge: set.autoMerge,
  }, written.span);
  const { family, name } = table;
  switch (command.verb) {
    case "add":
      return check(transaction.addElements(family, name, set.name, literal.elements), written.span);
    case "create":
      return check(transaction.createElements(family, name, set.name, literal.elements), written.span);
    case "get":
      return void getElements(execution, table, set, literal.elements, command.span);
    case "reset":
      return clearElements(
        execution,
        table,
        set,
        getElements(execution, table, set, literal.elements, command.span),
      );
    case "delete":
      if (!set.autoMerge && !(set.interval && set.key.bits.length > 1)) {
        requireElements(execution.listing.listed?.(set) ?? set, literal.elements);
      }
      return check(transaction.deleteElements(family, name, set.name, literal.elements), written.span);
    case "destroy":
      return check(
        transaction.deleteElements(family, name, set.name, those(execution, set, literal.elements)),
        written.span,
      );
    default:
      return refuse(command.span, "elements can be added, created and deleted");
  }
}

/** Those of the elements that are in the set, each once. */
function those(execution: Execution, set: SetDefinition, elements: readonly SetElement[]): SetElement[] {
  const now = execution.listing.listed?.(set) ?? set, there = new Map<string, SetElement>();
  for (const element of elements) {
    const key = elementKey(element);
    if (now.elements.has(key)) there.set(key, element);
  }
  return [...there.values()];
}

/** Only what is there can be taken out. */
function requireElements(set: SetDefinition, elements: readonly SetElement[]): void {
  for (const element of elements) {
    if (set.elements.has(elementKey(element)) || element.source === undefined) continue;
    const missing = set.interval
      ? "element does not exist"
      : "Could not process rule: No such file or directory";
    refuse(element.source as Span, missing, [], [
      "the set has no such element",
    ]);
  }
}

function wantedOf(types: readonly DataType[]): Wanted {
  const [only] = types;
  if (types.length === 1 && only !== undefined) return { type: only, bits: only.bits, order: only.order };
  const type = concatenatedType(types);
  return {
    type,
    bits: types.reduce((sum, part) => sum + paddedBits(part.bits), 0),
    order: "big",
    partBits: types.map((t) => t.bits),
  };
}

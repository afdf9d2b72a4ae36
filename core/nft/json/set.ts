import type { SetDefinition, SetElement, SetType } from "../../ruleset/ruleset.ts";
import { OBJECT_TYPES } from "../check/stateful.ts";
import type { ListOptions } from "../print/context.ts";
import { componentsOf, sortedElements } from "../print/set.ts";
import type { Constant } from "../tree/typed.ts";
import { isBitmask, type TypeContext } from "../types.ts";
import { type Json, type JsonObject, jsonText } from "./json.ts";
import { jsonConstant, jsonVerdict } from "./value.ts";

export interface ElementJson {
  readonly types: TypeContext;
  readonly stateless: boolean;
  /** Keys are a bit field this many bits up. */
  readonly shift?: number;
  /** Milliseconds until an element goes. */
  readonly left?: (element: SetElement) => number | undefined;
  readonly counts?: (element: SetElement) => readonly [number, number] | undefined;
}

/** Elements in the order nft lists them. */
export const elementsJson = (
  set: SetDefinition,
  context: ElementJson,
): Json[] => [...eachElement(set, context)];

function* eachElement(set: SetDefinition, context: ElementJson): Generator<Json> {
  for (const element of sortedElements(set)) yield elementJson(set, element, context);
}

export function elementJson(set: SetDefinition, element: SetElement, context: ElementJson): Json {
  const value = element.catchall ? "*" : keyJson(set, element, context);
  const key = withOptions(set, element, value, context);
  if (element.verdict !== undefined) return [key, jsonVerdict(element.verdict)];
  if (element.object !== undefined) return [key, element.object];
  if (element.data === undefined) return key;
  return [key, joined(componentsOf(set, element, "data"), context.types)];
}

const keyJson = (set: SetDefinition, element: SetElement, context: ElementJson): Json =>
  joined(componentsOf(set, element, "key", context.shift), context.types);

const joined = (parts: readonly Constant[], types: TypeContext): Json => {
  const all = parts.map((part) => jsonConstant(part, types, isBitmask(part.type) ? "joined" : "list"));
  return all.length === 1 ? all[0]! : { concat: all };
};

/** An element with a timeout, comment or counter stands in an object of its own. */
function withOptions(set: SetDefinition, element: SetElement, val: Json, context: ElementJson): Json {
  const left = context.stateless ? undefined : context.left?.(element);
  const counts = context.counts?.(element) ??
    (element.counter && [element.counter.packets, element.counter.bytes]);
  const own = element.timeout !== undefined && element.timeout !== set.timeout;
  const options: JsonObject = {
    ...(own ? { timeout: Math.floor(element.timeout! / 1000) } : {}),
    ...(left === undefined ? {} : { expires: Math.max(0, Math.floor(left / 1000)) }),
    ...(element.comment === undefined ? {} : { comment: element.comment }),
    ...(counts === undefined && !set.counter
      ? {}
      : { counter: context.stateless ? null : { packets: counts?.[0] ?? 0, bytes: counts?.[1] ?? 0 } }),
  };
  return Object.keys(options).length === 0 ? val : { elem: { val, ...options } };
}

const typeJson = (type: SetType): Json => {
  const names = type.name.split(" . ");
  return names.length === 1 ? names[0]! : names;
};

export interface PlaceJson {
  readonly family: string;
  readonly table: string;
}

/** A named set or map. `newest`: with what nft 1.0.6 leaves out. */
export function setJson(...asked: Parameters<typeof partsOf>): JsonObject {
  const { word, before, elements, behind } = partsOf(...asked);
  const elem = [...elements];
  return { [word]: { ...before, ...(elem.length === 0 ? {} : { elem }), ...behind } };
}

/** The same as text, a piece an element: a set of a million is never a tree. */
export function* setJsonPieces(...asked: Parameters<typeof partsOf>): Generator<string> {
  const { word, before, elements, behind } = partsOf(...asked);
  yield `{${jsonText(word)}: ${jsonText(before).slice(0, -1)}`;
  let any = false;
  for (const element of elements) {
    yield `${any ? ", " : ', "elem": ['}${jsonText(element)}`;
    any = true;
  }
  if (any) yield "]";
  yield Object.keys(behind).length === 0 ? "}}" : `, ${jsonText(behind).slice(1)}}`;
}

/** What stands before the elements, the elements as they are asked for, and what stands behind them. */
interface SetParts {
  readonly word: "set" | "map";
  readonly before: JsonObject;
  readonly elements: Iterable<Json>;
  readonly behind: JsonObject;
}

function partsOf(
  declared: SetDefinition,
  place: PlaceJson,
  size: number | undefined,
  options: ListOptions,
  newest: boolean,
): SetParts {
  const set = options.terse ? declared : options.listed?.(declared) ?? declared;
  const flags = [
    set.constant && "constant",
    set.interval && "interval",
    set.timeouts && "timeout",
    newest && set.dynamic && "dynamic",
  ].filter((flag) => typeof flag === "string");
  const { counts, now } = options;
  const elements = options.terse ? [] : eachElement(set, {
    types: options.types,
    stateless: options.stateless,
    ...(counts === undefined
      ? {}
      : { counts: (e) => (e.cell === undefined || e.cell < 0 ? undefined : counts(e.cell)) }),
    ...(now === undefined
      ? {}
      : { left: (e) => (e.deadline === undefined ? e.expires : e.deadline - now()) }),
  });
  const object = set.objects === undefined
    ? undefined
    : [...OBJECT_TYPES].find(([, type]) => type === set.objects)?.[0] ?? "counter";
  const data = object ??
    (set.data === undefined ? undefined : set.data === "verdict" ? "verdict" : set.data.name);
  return {
    word: data === undefined ? "set" : "map",
    before: {
      family: place.family,
      name: set.name,
      table: place.table,
      type: typeJson(set.key),
      handle: set.handle,
      ...(set.comment === undefined ? {} : { comment: set.comment }),
      ...(data === undefined ? {} : { map: data }),
      ...(set.policy === "memory" ? { policy: "memory" } : {}),
      ...(size === undefined ? {} : { size }),
      ...(flags.length === 0 ? {} : { flags }),
      ...(set.timeout === undefined ? {} : { timeout: set.timeout / 1000 }),
      ...(set.gcInterval === undefined ? {} : { "gc-interval": set.gcInterval / 1000 }),
      ...(newest && set.autoMerge ? { "auto-merge": true } : {}),
    },
    elements,
    behind: set.counter ? { stmt: [{ counter: null }] } : {},
  };
}

import type { ElementStatement, Verdict } from "../../expr/expression.ts";
import {
  type ObjectDefinition,
  objectKey,
  type SetDefinition,
  type SetElement,
  type Table,
} from "../ruleset.ts";
import {
  CODE_ACCEPT,
  CODE_BREAK,
  CODE_CONTINUE,
  CODE_DROP,
  CODE_GOTO,
  CODE_JUMP,
  CODE_RETURN,
  hostWords,
} from "./image.ts";
import type { LiveStore } from "./live.ts";

/** First instruction of the chain a verdict goes to. */
export type ChainEntry = (chain: string) => number;

/** What writing rows of a set needs to know beside the elements. */
export interface RowContext {
  readonly set: SetDefinition;
  readonly live: LiveStore;
  readonly entry: ChainEntry;
  readonly objects: Table["objects"];
}

/** Writes an element's data: a value, a verdict, or what its object does and where that counts. */
export function writeElementData(
  { set, live, entry, objects }: RowContext,
  element: SetElement,
  data: Uint32Array,
  at: number,
  words: number,
): void {
  writeData(element, data, at, words, entry);
  const object = element.object === undefined || set.objects === undefined
    ? undefined
    : objects.get(objectKey(set.objects, element.object));
  if (object === undefined || !isElementStatement(object.expression)) return;
  data[at] = live.statements.place([object.expression]);
  data[at + 1] = object.cell;
}

const isElementStatement = (e: ObjectDefinition): e is Extract<ObjectDefinition, ElementStatement> =>
  e.kind === "counter" || e.kind === "quota" || e.kind === "limit" || e.kind === "connlimit";

function writeData(
  element: SetElement,
  data: Uint32Array,
  at: number,
  words: number,
  entry: ChainEntry,
): void {
  if (element.verdict !== undefined) {
    const [code, target] = verdictWords(element.verdict, entry);
    data[at] = code;
    data[at + 1] = target;
  } else if (element.data !== undefined) data.set(hostWords(element.data, words), at);
}

function verdictWords(verdict: Verdict, entry: ChainEntry): [number, number] {
  switch (verdict.code) {
    case "accept":
      return [CODE_ACCEPT, 0];
    case "drop":
      return [CODE_DROP, 0];
    case "continue":
      return [CODE_CONTINUE, 0];
    case "break":
      return [CODE_BREAK, 0];
    case "return":
      return [CODE_RETURN, 0];
    case "jump":
      return [CODE_JUMP, entry(verdict.chain)];
    case "goto":
      return [CODE_GOTO, entry(verdict.chain)];
  }
}

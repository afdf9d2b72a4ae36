import type { Expression } from "../../expr/expression.ts";
import type { SetDefinition } from "../../ruleset/ruleset.ts";
import type { TypeContext } from "../types.ts";
import type { SetPrinter } from "./operand.ts";

/** What printing rules needs. */
export interface PrintContext {
  readonly types: TypeContext;
  readonly stateless: boolean;
  /** Family of the table. */
  readonly family: string;
  readonly set: SetPrinter;
  /** Size of the meter of this name; undefined: the set is not a meter's. */
  readonly meterSize?: (set: string) => number | undefined;
  /** Values a counter or quota has now, by its expression. */
  readonly counts?: (expression: Expression) => readonly [number, number] | undefined;
  /** Monotonic milliseconds, for `last`. */
  readonly now?: () => number;
}

/** How listings are written. */
export interface ListOptions {
  readonly types: TypeContext;
  readonly stateless: boolean;
  readonly handles: boolean;
  readonly terse: boolean;
  readonly numericPriority: boolean;
  /** JSON with what nft 1.0.6 leaves out; true without it. */
  readonly newest?: boolean;
  /** Values of a stateful expression's cells now. */
  readonly counts?: (cell: number) => readonly [number, number];
  /** A set with its elements as they are now: counts, times left, those that rules added. */
  readonly listed?: (set: SetDefinition) => SetDefinition;
  /** Monotonic milliseconds, for what is left of timeouts. */
  readonly now?: () => number;
}

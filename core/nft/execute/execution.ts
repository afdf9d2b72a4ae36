import type { ElementStatement, Expression } from "../../expr/expression.ts";
import { errorText, type RulesetError } from "../../ruleset/error.ts";
import type { SetDefinition, SetElement, Table } from "../../ruleset/ruleset.ts";
import type { Transaction } from "../../ruleset/transaction.ts";
import type { ListOptions } from "../print/context.ts";
import { type Diagnostic, errorAt, Refusal } from "../text/diagnostic.ts";
import type { Span } from "../text/source.ts";
import type { TypeContext } from "../types.ts";
import type { HookStage } from "./hook_stage.ts";
import type { Output } from "./output.ts";
import type { ThingText } from "./thing.ts";

/** What carrying out one text needs. */
export interface Execution {
  readonly transaction: Transaction;
  readonly types: TypeContext;
  readonly listing: ListOptions;
  readonly debug: boolean;
  /** What `--echo` tells; absent: nobody asked. */
  readonly echo?: Echo[];
  /** Listings as JSON. */
  readonly json: boolean;
  /** Stages of the data plane, for `list hooks`. */
  readonly stages?: readonly HookStage[];
  /** What came after nft 1.0.6 is understood. */
  readonly newest: boolean;
  /** Sets that rules of this text add elements to, as `family table set`: they are dynamic without saying so. */
  readonly filled: Set<string>;
  /** Lines for the user: listings and debug text. */
  readonly output: Output;
  /** What begins anew when all went well. */
  readonly cleared: Cleared[];
  readonly diagnostics: Diagnostic[];
  /** What is told of a text that is carried out all the same. */
  readonly warnings: Diagnostic[];
  readonly missingDevice?: (device: string) => string | undefined;
  /** Why the data plane cannot carry an expression out. */
  readonly refuses?: (expression: Expression, table: Table) => string | undefined;
}

/** Counts that were told: of a cell, or of a set's elements. */
export type Cleared =
  | { readonly cell: number; readonly told: ElementStatement }
  | {
    readonly set: SetDefinition;
    readonly elements: readonly SetElement[];
    /** The ruleset has them written anew, which is to be committed. */
    readonly rewritten: boolean;
  };

/** What `--echo` tells of a command that added something: the command as the listing would write it. */
export interface Echo extends ThingText {
  /** `create` and `insert` are told as what they are. */
  readonly verb: string;
}

/** Turns the model's refusal into a located error. */
export function check(error: RulesetError | undefined, span: Span): void {
  if (error === undefined) return;
  const place = (error.source as Span | undefined) ?? span;
  throw new Refusal(errorAt(place, errorText(error), ...(error.detail === undefined ? [] : [error.detail])));
}

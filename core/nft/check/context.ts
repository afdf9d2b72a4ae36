import type { Family, SetDefinition, Table } from "../../ruleset/ruleset.ts";
import type { ProtocolContext } from "./protocol_context.ts";
import type { Statement } from "../tree/typed.ts";
import type { DataType, TypeContext } from "../types.ts";

/** What checking one rule may look at, and what it has written so far. */
export interface CheckContext {
  readonly family: Family;
  readonly types: TypeContext;
  readonly protocols: ProtocolContext;
  /** Checked statements, dependencies among them. */
  readonly statements: Statement[];
  /** The rule's table as the transaction has it, where there is one. */
  readonly table: Table | undefined;
  /** Hook of the base chain, where the rule's chain is one. */
  readonly hook?: string;
  /** A type is asked for (`typeof`), of no packet. */
  readonly declared?: true;
}

/** What the language keeps beside a set for listing and type checks. */
export interface SetSource {
  readonly key: readonly DataType[];
  readonly data?: readonly DataType[];
  /** Printed instead of `type`. */
  readonly typeofText?: string;
  /** Stateful object a map leads to: counter, quota ... */
  readonly object?: string;
  /** Ranges or prefixes as data. */
  readonly dataInterval?: boolean;
}

export const setSource = (set: SetDefinition): SetSource | undefined => set.source as SetSource | undefined;

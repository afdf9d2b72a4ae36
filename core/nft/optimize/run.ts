import type { Node } from "../tree/tree.ts";
import type { Candidate } from "./candidate.ts";
import { type AskedValue, askedValues, DisjointRows, plainKeys, type Row } from "./rows.ts";
import type { Place } from "./study.ts";

/** Rows of one rule. */
const MOST_ROWS = 1024;

/** Rules being gathered, with the fields they differ in. */
export class Run {
  readonly members: Candidate[];
  columns: readonly string[] = [];
  private readonly place: Place;
  private rows = new DisjointRows();

  constructor(first: Candidate, place: Place) {
    this.members = [first];
    this.place = place;
  }

  /** Adds a rule of the same shape; false where it cannot be one of them. */
  take(next: Candidate): boolean {
    const columns = new Set(this.columns);
    const first = this.members[0]!;
    for (const [field, match] of first.matches) {
      const other = next.matches.get(field);
      if (other === undefined || textOf(match) !== textOf(other)) columns.add(field);
    }
    for (const { map } of [first, next]) if (map !== undefined) columns.add(map.field);
    if (columns.size === 0) return false;
    if (columns.size === this.columns.length) {
      const rows = rowsOf(next, this.columns, this.place);
      if (rows === undefined || !this.rows.add(rows)) return false;
    } else {
      // As the first rule has them, a map's field last.
      const grown = [...first.matches.keys()].filter((field) => columns.has(field));
      for (const column of columns) if (!grown.includes(column)) grown.push(column);
      const disjoint = new DisjointRows();
      for (const member of [...this.members, next]) {
        const rows = rowsOf(member, grown, this.place);
        if (rows === undefined || !disjoint.add(rows)) return false;
      }
      this.columns = grown;
      this.rows = disjoint;
    }
    this.members.push(next);
    return true;
  }
}

export const textOf = ({ span }: { span: Node["span"] }): string =>
  span.source.text.slice(span.start, span.end);

/** The rule's rows of values, one for each packet it is for; undefined where a field has no plain values. */
export function rowsOf(rule: Candidate, columns: readonly string[], place: Place): Row[] | undefined {
  let rows: AskedValue[][] = [[]];
  for (const column of columns) {
    const values = valuesOf(rule, column, place);
    if (values === undefined || rows.length * values.length > MOST_ROWS) return undefined;
    rows = rows.flatMap((row) => values.map((value) => [...row, value]));
  }
  return rows;
}

function valuesOf(rule: Candidate, column: string, { table, types }: Place): AskedValue[] | undefined {
  if (rule.map?.field === column) {
    return askedValues(rule.map.key, rule.map.elements.map(({ key }) => key), table.family, types);
  }
  const match = rule.matches.get(column);
  if (match === undefined || match.mask !== undefined) return undefined;
  if (match.op !== "implicit" && match.op !== "==") return undefined;
  const keys = plainKeys(match.right);
  return keys === undefined ? undefined : askedValues(match.left, keys, table.family, types);
}

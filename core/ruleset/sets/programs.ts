import type { ElementStatement } from "../../expr/expression.ts";
import { initialState, limitCost, limitTokens } from "../state.ts";

/**
 * What elements and objects do, as numbers the data plane reads: lists of statements, each list once.
 *
 * Overview    a list is [count, {kind, a, b, by bytes, inverted, first value, second value}...]; elements name it by
 *             its place. a and b are tokens a unit and most tokens of a limit, bytes of a quota, flows of `ct count`.
 *             Each statement has a pair of numbers as state, which begins with the two first values.
 * Life-cycle  lists are only ever added, so that a place means the same in every generation.
 * Limits      a list stays until the store goes; there are as many as differing statements were ever written.
 */
export class StatementLists {
  readonly #numbers: number[] = [0];
  readonly #places = new Map<string, number>();
  readonly #lists = new Map<number, readonly ElementStatement[]>();
  #image: Float64Array | undefined;

  /** Place of the list; 0 for an empty one. */
  place(statements: readonly ElementStatement[]): number {
    if (statements.length === 0) return 0;
    const key = JSON.stringify(statements);
    let place = this.#places.get(key);
    if (place !== undefined) return place;
    place = this.#numbers.length;
    this.#numbers.push(statements.length);
    for (const statement of statements) this.#numbers.push(...words(statement));
    this.#places.set(key, place);
    this.#lists.set(place, statements);
    this.#image = undefined;
    return place;
  }

  /** The list at a place, for listing. */
  at(place: number): readonly ElementStatement[] {
    return this.#lists.get(place) ?? [];
  }

  /** All lists, to be posted. */
  get image(): Float64Array {
    return this.#image ??= Float64Array.from(this.#numbers);
  }
}

/** Numbers a statement takes in a list. */
export const STATEMENT_WORDS = 7;
export const STATEMENT_COUNTER = 0;
export const STATEMENT_LIMIT = 1;
export const STATEMENT_QUOTA = 2;
export const STATEMENT_CONNLIMIT = 3;
export const STATEMENT_LAST = 4;
/** NFT_SET_EXPR_MAX. */
export const MOST_STATEMENTS = 2;

function words(e: ElementStatement): readonly number[] {
  const [first, second] = initialState(e) ?? [0, 0];
  switch (e.kind) {
    case "counter":
      return [STATEMENT_COUNTER, 0, 0, 0, 0, first, second];
    case "limit": {
      const bytes = e.type === "bytes" ? 1 : 0;
      return [STATEMENT_LIMIT, limitCost(e), limitTokens(e), bytes, e.inverted ? 1 : 0, first, second];
    }
    case "quota":
      return [STATEMENT_QUOTA, e.bytes, 0, 0, e.inverted ? 1 : 0, first, second];
    case "last":
      return [STATEMENT_LAST, 0, 0, 0, 0, 0, 0];
    case "connlimit":
      return [STATEMENT_CONNLIMIT, e.count, 0, 0, e.inverted ? 1 : 0, first, second];
  }
}

import { LINK_QUEUE_NEXT, LINK_QUEUE_PREVIOUS, LINK_WORDS } from "./layout.ts";

/**
 * Confirmed flows that are not assured, oldest first: what a full table gives up. Doubly linked through the rows;
 * a link is row + 1, 0 at the ends.
 */
export class UnassuredQueue {
  readonly #links: Uint32Array;
  #first = 0;
  #last = 0;

  constructor(links: Uint32Array) {
    this.#links = links;
  }

  /** Oldest row, -1 when empty. */
  get first(): number {
    return this.#first - 1;
  }

  /** The next younger row, -1 at the end. */
  after(row: number): number {
    return this.#links[row * LINK_WORDS + LINK_QUEUE_NEXT]! - 1;
  }

  add(row: number): void {
    const at = row * LINK_WORDS;
    this.#links[at + LINK_QUEUE_NEXT] = 0;
    this.#links[at + LINK_QUEUE_PREVIOUS] = this.#last;
    if (this.#last !== 0) this.#links[(this.#last - 1) * LINK_WORDS + LINK_QUEUE_NEXT] = row + 1;
    else this.#first = row + 1;
    this.#last = row + 1;
  }

  remove(row: number): void {
    const at = row * LINK_WORDS;
    const next = this.#links[at + LINK_QUEUE_NEXT]!, previous = this.#links[at + LINK_QUEUE_PREVIOUS]!;
    if (next !== 0) this.#links[(next - 1) * LINK_WORDS + LINK_QUEUE_PREVIOUS] = previous;
    else this.#last = previous;
    if (previous !== 0) this.#links[(previous - 1) * LINK_WORDS + LINK_QUEUE_NEXT] = next;
    else this.#first = next;
  }
}

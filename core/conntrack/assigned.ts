import { helperName } from "./helpers.ts";
import {
  ASSIGNED_EVENTS,
  ASSIGNED_LABEL,
  ASSIGNED_SLOTS,
  ASSIGNED_WORDS,
  LINK_BYTE_FLAGS,
  LINK_BYTE_HELPER,
  LINK_FLAG_ASSIGNED,
  LINK_WORDS,
  type TableLayout,
} from "./layout.ts";

/**
 * What rules have assigned to flows beyond the mark.
 *
 * Overview    labels, the mask of events and the timeout policy lie in an array of their own, which is written and
 *             read only for flows that have a flag set: without such rules no page of it is ever touched.
 * Life-cycle  a row's words are zeroed with its first assignment; the flag goes with the links of a new flow.
 */
export class FlowAssignments {
  readonly #linkBytes: Uint8Array;
  readonly #words: Uint32Array;

  constructor(layout: TableLayout, b: SharedArrayBuffer | ArrayBuffer) {
    this.#linkBytes = new Uint8Array(b, layout.link, layout.rows * LINK_WORDS * 4);
    this.#words = new Uint32Array(b, layout.assigned, layout.rows * ASSIGNED_WORDS);
  }

  /** Whether the row has words here. */
  has(row: number): boolean {
    return (this.#linkBytes[row * LINK_WORDS * 4 + LINK_BYTE_FLAGS]! & LINK_FLAG_ASSIGNED) !== 0;
  }

  #open(row: number): number {
    const at = row * ASSIGNED_WORDS;
    if (!this.has(row)) {
      this.#words.fill(0, at, at + ASSIGNED_WORDS);
      this.#linkBytes[row * LINK_WORDS * 4 + LINK_BYTE_FLAGS]! |= LINK_FLAG_ASSIGNED;
    }
    return at;
  }

  #word(row: number, word: number): number {
    return this.has(row) ? this.#words[row * ASSIGNED_WORDS + word]! : 0;
  }

  /** Little-endian word 0..3 of the 128 label bits. */
  label(row: number, word: number): number {
    return this.#word(row, ASSIGNED_LABEL + word);
  }
  /** Adds the bits of four words to the label (nf_connlabels_replace, which `ct label set` calls so). */
  addLabel(row: number, words: Int32Array, at: number): void {
    const to = this.#open(row) + ASSIGNED_LABEL;
    for (let i = 0; i < 4; i++) this.#words[to + i]! |= words[at + i]!;
  }

  /** IPCT_* bits of events that are told; 0 where no rule has said. */
  events(row: number): number {
    return this.#word(row, ASSIGNED_EVENTS);
  }
  setEvents(row: number, mask: number): void {
    if (mask !== 0 || this.has(row)) this.#words[this.#open(row) + ASSIGNED_EVENTS] = mask;
  }

  /** Slot of the flow's timeout policy, 0 for none. */
  policy(row: number): number {
    return this.#word(row, ASSIGNED_SLOTS) & 0xffff;
  }
  setPolicy(row: number, slot: number): void {
    if (slot === 0 && !this.has(row)) return;
    const at = this.#open(row) + ASSIGNED_SLOTS;
    this.#words[at] = (this.#words[at]! & ~0xffff) | slot;
  }

  /** Name of the helper of the flow that expected this one, empty for none: what `ct helper` compares. */
  masterHelper(row: number): string {
    return helperName(this.#word(row, ASSIGNED_SLOTS) >>> 16);
  }
  setMasterHelper(row: number, slot: number): void {
    const at = this.#open(row) + ASSIGNED_SLOTS;
    this.#words[at] = (this.#words[at]! & 0xffff) | (slot << 16);
  }

  /** Name of the flow's own helper, empty for none. */
  helper(row: number): string {
    return helperName(this.#linkBytes[row * LINK_WORDS * 4 + LINK_BYTE_HELPER]!);
  }
}

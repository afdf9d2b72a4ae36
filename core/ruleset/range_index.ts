import { lastKey, rangesContain } from "./intervals.ts";
import type { SetElement } from "./ruleset.ts";

/**
 * Elements of a set of concatenated ranges by the blocks that enclose them.
 *
 * Overview    a component's range lies in one smallest aligned block: the bits its ends have in common. Elements with
 *             the same lengths of these bits share a table, hashed by the bits themselves (tuple-space search). A
 *             point is looked for once in every table, and what is found there is compared in full.
 * Limits      as many tables as combinations of lengths in use; a range that crosses the middle of its field has no
 *             bits in common and shares a block with all such.
 */
export class RangeIndex {
  private readonly bits: readonly number[];
  private readonly tables = new Map<string, Table>();

  /** `bits`: widths of the components, each padded to four bytes. */
  constructor(bits: readonly number[]) {
    this.bits = bits;
  }

  add(element: SetElement): void {
    const lengths = this.commonLengths(element), name = lengths.join();
    let table = this.tables.get(name);
    if (table === undefined) this.tables.set(name, table = { lengths, blocks: new Map() });
    const hash = blockHash(element.key, lengths), block = table.blocks.get(hash);
    if (block === undefined) table.blocks.set(hash, [element]);
    else block.push(element);
  }

  /** Whether an element covers this point. */
  covers(point: Uint8Array): boolean {
    for (const { lengths, blocks } of this.tables.values()) {
      const block = blocks.get(blockHash(point, lengths));
      if (block?.some((element) => rangesContain(element, point, this.bits))) return true;
    }
    return false;
  }

  /** For every four bytes of the key how many leading bits the first and last key have in common. */
  private commonLengths(element: SetElement): number[] {
    const { key } = element, end = lastKey(element), lengths: number[] = [];
    let at = 0;
    for (const width of this.bits) {
      let same = true;
      for (let word = (width + 31) >>> 5; word > 0; word--, at += 4) {
        const common: number = same ? Math.clz32(wordAt(key, at) ^ wordAt(end, at)) : 0;
        lengths.push(common);
        same &&= common === 32;
      }
    }
    return lengths;
  }
}

interface Table {
  readonly lengths: readonly number[];
  /** By hash; other blocks may share it. */
  readonly blocks: Map<number, SetElement[]>;
}

const wordAt = (bytes: Uint8Array, at: number): number =>
  (bytes[at]! << 24) | (bytes[at + 1]! << 16) | (bytes[at + 2]! << 8) | bytes[at + 3]!;

function blockHash(key: Uint8Array, lengths: readonly number[]): number {
  let hash = 0;
  for (let word = 0; word < lengths.length; word++) {
    const length = lengths[word]!;
    const bits = length === 0 ? 0 : wordAt(key, 4 * word) & (-1 << (32 - length));
    hash = Math.imul(hash ^ bits, 0x9e3779b1);
    hash ^= hash >>> 15;
  }
  return hash;
}

/**
 * Numbers of stateful things: counters, limits, quotas.
 *
 * Overview    a cell pair is two float64 in shared memory: counter packets, bytes; limit tokens (ns), last (ns);
 *             quota bytes used, unused. Rules and elements name a pair by its first cell.
 * Life-cycle  allocated when a rule, object or element is added, with its first values; freed by the commit that
 *             drops it, and handed out again only when the data plane has left that generation.
 * Ownership   the data plane writes a pair once a program that names it runs; before that the control plane.
 *             Others only read: a float64 load does not tear on 64-bit machines.
 * Limits      fixed at construction (untouched pages cost nothing); a full store refuses the command.
 */
export class CellStore {
  /** All cells, in a SharedArrayBuffer. */
  readonly numbers: Float64Array<SharedArrayBuffer>;
  readonly #free: number[] = [];
  /** What was told of counters that were reset, by cell: their numbers only ever grow. */
  readonly #told = new Map<number, readonly [number, number]>();
  readonly #retired: { generation: number; cells: readonly number[] }[] = [];
  #next = 0;

  constructor(pairs = 131072) {
    this.numbers = new Float64Array(new SharedArrayBuffer(pairs * 16));
  }

  /** First cell of a pair set to the values given, or -1 when the store is full. */
  allocate(first: number, second: number): number {
    const cell = this.#free.pop() ?? (this.#next + 2 <= this.numbers.length ? (this.#next += 2) - 2 : -1);
    if (cell < 0) return -1;
    this.#told.delete(cell);
    this.numbers[cell] = first;
    this.numbers[cell + 1] = second;
    return cell;
  }

  /** A pair as it is now; a counter's since it was last reset. */
  counts(cell: number): readonly [number, number] {
    const first = this.numbers[cell]!, second = this.numbers[cell + 1]!, told = this.#told.get(cell);
    return told === undefined ? [first, second] : [first - told[0], second - told[1]];
  }

  /** A counter begins anew after the counts told. The data plane goes on adding, so that no packet is lost. */
  resetCounter(cell: number, [packets, bytes]: readonly [number, number]): void {
    const [before, bytesBefore] = this.#told.get(cell) ?? [0, 0];
    this.#told.set(cell, [before + packets, bytesBefore + bytes]);
  }

  /** A quota has that much less used. The data plane compares the number itself: it is written. */
  resetQuota(cell: number, used: number): void {
    this.numbers[cell]! -= used;
  }

  /** A pair nobody has seen yet goes back at once. */
  release(cell: number): void {
    this.#free.push(cell);
  }

  /** Pairs that `generation` no longer names; older generations still may. */
  retire(cells: readonly number[], generation: number): void {
    if (cells.length > 0) this.#retired.push({ generation, cells });
  }

  /** What generations after this one dropped is in use again: they are taken back. */
  recall(generation: number): void {
    while (this.#retired.length > 0 && this.#retired.at(-1)!.generation > generation) this.#retired.pop();
  }

  /** The data plane runs `generation` now (or none runs at all): what it dropped can be used again. */
  acknowledge(generation: number): void {
    while (this.#retired.length > 0 && this.#retired[0]!.generation <= generation) {
      for (const cell of this.#retired.shift()!.cells) this.#free.push(cell);
    }
  }

  /** Highest cell ever given + 1. */
  get used(): number {
    return this.#next;
  }
}

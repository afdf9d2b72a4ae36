import type { FlowView } from "./flow_view.ts";

/**
 * Connections counted by `ct count` (nf_conncount).
 *
 * Overview    a list of flows for every pair of cells that counts: the pair holds how many there are and the first
 *             one's node + 1. A packet's flow joins unless it is there; flows that have ended are let go on the way.
 * Life-cycle  a node is taken when a flow joins, and given back when a walk finds that it ended, or when the sweep
 *             does: lists that no rule walks any more (their rule or element is gone) empty that way.
 * Ownership   the data-plane thread. A pair that names a node which is not its own (the data plane was started
 *             anew, the pair given to another rule) has no list.
 * Limits      MOST_NODES flows over all lists; what comes then is not counted, as in the kernel without memory.
 */
export class ConnectionCounts {
  #flow = new Int32Array(FIRST_NODES);
  #id = new Float64Array(FIRST_NODES);
  /** Node + 1, 0 for the last. */
  #next = new Int32Array(FIRST_NODES);
  /** The pair that the list belongs to: its array and its first cell. */
  #pair = new Int32Array(FIRST_NODES);
  #cells: (Float64Array | undefined)[] = [];
  #top = 0;
  #free = 0;
  #sweepAt = 0;

  /** How many flows the pair at `pair` of `cells` counts once this one has joined. */
  join(cells: Float64Array, pair: number, flow: number, flows: FlowView): number {
    const id = flows.id?.(flow) ?? flow;
    let before = 0, node = this.#first(cells, pair), count = 0, found = false;
    while (node > 0) {
      const at = node - 1, next = this.#next[at]!, row = this.#flow[at]!;
      const same = row === flow && this.#id[at] === id;
      if (same || this.#open(at, flows)) {
        if (same) found = true;
        count++;
        before = node;
      } else {
        if (before === 0) cells[pair + 1] = next;
        else this.#next[before - 1] = next;
        this.#release(at);
      }
      node = next;
    }
    if (!found) {
      const at = this.#take();
      if (at >= 0) {
        this.#flow[at] = flow;
        this.#id[at] = id;
        this.#pair[at] = pair;
        this.#cells[at] = cells;
        this.#next[at] = count === 0 ? 0 : cells[pair + 1]!;
        cells[pair + 1] = at + 1;
        count++;
      }
    }
    return cells[pair] = count;
  }

  #open(at: number, flows: FlowView): boolean {
    const row = this.#flow[at]!;
    if (flows.open !== undefined && !flows.open(row)) return false;
    return flows.id === undefined || flows.id(row) === this.#id[at];
  }

  /** First node + 1 of the pair's own list, 0 for none. */
  #first(cells: Float64Array, pair: number): number {
    const node = cells[pair + 1]!;
    if (node < 1 || node > this.#top) return 0;
    return this.#cells[node - 1] === cells && this.#pair[node - 1] === pair ? node : 0;
  }

  #take(): number {
    if (this.#free > 0) {
      const at = this.#free - 1;
      this.#free = this.#next[at]!;
      return at;
    }
    if (this.#top === this.#flow.length && !this.#grow()) return -1;
    this.#cells.push(undefined);
    return this.#top++;
  }

  #release(at: number): void {
    this.#cells[at] = undefined;
    this.#next[at] = this.#free;
    this.#free = at + 1;
  }

  #grow(): boolean {
    const nodes = this.#flow.length * 2;
    if (nodes > MOST_NODES) return false;
    const wider = (from: Int32Array) => {
      const to = new Int32Array(nodes);
      to.set(from);
      return to;
    };
    this.#flow = wider(this.#flow);
    this.#next = wider(this.#next);
    this.#pair = wider(this.#pair);
    const ids = new Float64Array(nodes);
    ids.set(this.#id);
    this.#id = ids;
    return true;
  }

  /** Looks at some nodes and gives back those of ended flows whose list has lost its pair. Call now and then. */
  sweep(flows: FlowView): void {
    for (let i = Math.min(SWEEP_NODES, this.#top); i > 0; i--) {
      const node = this.#sweepAt = (this.#sweepAt + 1) % this.#top;
      const cells = this.#cells[node];
      if (cells === undefined || this.#open(node, flows)) continue;
      const pair = this.#pair[node]!;
      if (!this.#reaches(cells, pair, node)) this.#release(node);
    }
  }

  /** Whether a node is in the list its pair leads to. */
  #reaches(cells: Float64Array, pair: number, wanted: number): boolean {
    for (let node = this.#first(cells, pair); node > 0; node = this.#next[node - 1]!) {
      if (node - 1 === wanted) return true;
    }
    return false;
  }
}

const SWEEP_NODES = 64;
const FIRST_NODES = 1024;
const MOST_NODES = 1 << 22;

import { mask, type Prefix } from "../packet/address.ts";

/**
 * Longest-prefix match.
 *
 * Overview    a multibit trie in two typed arrays: a root of 4096 entries (the first 12 bits), below it nodes of
 *             16 entries (one cache line). A node tests the four bits where its prefixes begin to differ, so
 *             bits all of them share are skipped, and a range that holds one prefix is a leaf at once. What was
 *             skipped is made good at the end as in a Patricia trie: the prefix found is compared with the
 *             address, and on a mismatch the next wider one takes its place. That is sound because an address
 *             that leaves the skipped path can only be under a prefix wider than the place where it leaves.
 * Life-cycle  built whole from its prefixes; a change builds it again (100k prefixes: about a tenth of a second).
 * Ownership   the data-plane thread.
 * Limits      2^24 nodes. Prefixes are numbered from 1 in the order given; 0 means none.
 *
 * Entries     <= 0: leaf, the negated prefix number; > 0: node number << 7 | bit position it tests.
 */
export class LongestPrefix {
  readonly family: 4 | 6;
  readonly count: number;
  readonly #root = new Int32Array(1 << ROOT_BITS);
  #nodes = new Int32Array(2 * NODE);
  #nodeCount = 1;
  /** Network and mask of each prefix, one word (IPv4) or four (IPv6). */
  readonly #network: Uint32Array;
  readonly #mask: Uint32Array;
  readonly #length: Uint8Array;
  readonly #wider: Int32Array;

  /** The prefixes must differ from one another; host bits are ignored. */
  constructor(family: 4 | 6, prefixes: readonly Prefix[]) {
    this.family = family;
    this.count = prefixes.length;
    const words = family === 4 ? 1 : 4, n = prefixes.length + 1;
    this.#network = new Uint32Array(n * words);
    this.#mask = new Uint32Array(n * words);
    this.#length = new Uint8Array(n);
    this.#wider = new Int32Array(n);
    for (const [i, prefix] of prefixes.entries()) {
      this.#length[i + 1] = prefix.length;
      for (let w = 0; w < words; w++) {
        const m = mask(prefix.length - 32 * w), at = (i + 1) * words + w;
        this.#mask[at] = m;
        this.#network[at] = prefix.words[w]! & m;
      }
    }
    const order = this.#sorted();
    this.#chain(order);
    this.#fill(order, 0, order.length, 0, ROOT_BITS, -1);
    this.#nodes = this.#nodes.slice(0, this.#nodeCount * NODE);
  }

  /** Number of the longest prefix that holds the IPv4 address, 0 when there is none. */
  find4(address: number): number {
    let entry = this.#root[address >>> (32 - ROOT_BITS)]!;
    const nodes = this.#nodes;
    while (entry > 0) entry = nodes[((entry >>> 7) << 4) + ((address << (entry & 127)) >>> 28)]!;
    let prefix = 0 - entry;
    while (prefix !== 0 && ((address ^ this.#network[prefix]!) & this.#mask[prefix]!) !== 0) {
      prefix = this.#wider[prefix]!;
    }
    return prefix;
  }

  /** The same for the IPv6 address whose four words start at `words[lane]`. */
  find6(words: Uint32Array, lane: number): number {
    let entry = this.#root[words[lane]! >>> (32 - ROOT_BITS)]!;
    const nodes = this.#nodes;
    while (entry > 0) {
      const bit = entry & 31, word = lane + ((entry & 127) >>> 5);
      // Below 29 the four bits lie in one word; above, the shift by 32 - bit never is one by 32.
      const four = bit <= 28
        ? (words[word]! << bit) >>> 28
        : ((words[word]! << bit) | (words[word + 1]! >>> (32 - bit))) >>> 28;
      entry = nodes[((entry >>> 7) << 4) + four]!;
    }
    let prefix = 0 - entry;
    while (prefix !== 0 && !this.#holds6(prefix, words, lane)) prefix = this.#wider[prefix]!;
    return prefix;
  }

  /** Number of the next wider prefix round a prefix, 0 when there is none. */
  wider(prefix: number): number {
    return this.#wider[prefix]!;
  }

  /** Length of a prefix in bits. */
  length(prefix: number): number {
    return this.#length[prefix]!;
  }

  /** Bytes of the arrays that lookups walk. */
  get bytes(): number {
    return this.#root.byteLength + this.#nodes.byteLength + 2 * this.#network.byteLength +
      this.#wider.byteLength;
  }

  #holds6(prefix: number, words: Uint32Array, lane: number): boolean {
    const at = prefix * 4, network = this.#network, masks = this.#mask;
    return ((words[lane]! ^ network[at]!) & masks[at]!) === 0 &&
      ((words[lane + 1]! ^ network[at + 1]!) & masks[at + 1]!) === 0 &&
      ((words[lane + 2]! ^ network[at + 2]!) & masks[at + 2]!) === 0 &&
      ((words[lane + 3]! ^ network[at + 3]!) & masks[at + 3]!) === 0;
  }

  /** Prefix numbers by network, the wider first where networks are equal. */
  #sorted(): Uint32Array {
    const order = new Uint32Array(this.count), network = this.#network, length = this.#length;
    for (let i = 0; i < order.length; i++) order[i] = i + 1;
    if (this.family === 4) {
      return order.sort((a, b) => network[a]! - network[b]! || length[a]! - length[b]!);
    }
    return order.sort((a, b) => {
      for (let w = 0; w < 4; w++) {
        const difference = network[a * 4 + w]! - network[b * 4 + w]!;
        if (difference !== 0) return difference;
      }
      return length[a]! - length[b]!;
    });
  }

  /** Finds each prefix's next wider one: in sorted order it is on the stack of those still open. */
  #chain(order: Uint32Array): void {
    const open: number[] = [];
    for (const prefix of order) {
      while (open.length > 0 && !this.#covers(open[open.length - 1]!, prefix)) open.pop();
      this.#wider[prefix] = open[open.length - 1] ?? 0;
      open.push(prefix);
    }
  }

  #covers(wide: number, narrow: number): boolean {
    return this.#length[wide]! <= this.#length[narrow]! &&
      this.#sharedBits(wide, narrow) >= this.#length[wide]!;
  }

  /** Leading bits two networks have in common, 0..32 or 0..128. */
  #sharedBits(a: number, b: number): number {
    const words = this.family === 4 ? 1 : 4;
    for (let w = 0; w < words; w++) {
      const difference = this.#network[a * words + w]! ^ this.#network[b * words + w]!;
      if (difference !== 0) return 32 * w + Math.clz32(difference);
    }
    return 32 * words;
  }

  /** `count` (at most 12) bits of a network from bit `from` on. */
  #bits(prefix: number, from: number, count: number): number {
    const words = this.family === 4 ? 1 : 4, bit = from & 31, word = prefix * words + (from >>> 5);
    const high = this.#network[word]! << bit;
    const low = bit + count > 32 ? this.#network[word + 1]! >>> (32 - bit) : 0;
    return (high | low) >>> (32 - count);
  }

  /** The entry for the prefixes order[from..to), all of them inside `around` (0: none). */
  #entry(order: Uint32Array, from: number, to: number, around: number): number {
    let first = from, covering = around;
    // A prefix that holds all the others is reached through their chains of wider ones.
    while (to - first > 1 && this.#covers(order[first]!, order[to - 1]!)) covering = order[first++]!;
    if (first === to) return -covering;
    if (to - first === 1) return -order[first]!;
    const most = (this.family === 4 ? 32 : 128) - NODE_BITS;
    const depth = Math.min(this.#sharedBits(order[first]!, order[to - 1]!), most);
    const node = this.#nodeCount++;
    if ((node + 1) * NODE > this.#nodes.length) {
      const grown = new Int32Array(this.#nodes.length * 2);
      grown.set(this.#nodes);
      this.#nodes = grown;
    }
    this.#nodes.fill(-covering, node * NODE, (node + 1) * NODE);
    this.#fill(order, first, to, depth, NODE_BITS, node);
    return (node << 7) | depth;
  }

  /** Fills the root (node -1) or a node, preset to what surrounds it, from order[from..to). */
  #fill(order: Uint32Array, from: number, to: number, depth: number, bits: number, node: number): void {
    let at = from;
    const base = node < 0 ? 0 : node * NODE;
    for (let slot = 0; slot < 1 << bits && at < to; slot++) {
      // Sorted: those that end inside this stride and start here come before the longer ones of the slot.
      while (at < to && this.#bits(order[at]!, depth, bits) === slot) {
        const length = this.#length[order[at]!]!;
        if (length > depth + bits) break;
        const cells = node < 0 ? this.#root : this.#nodes;
        cells.fill(-order[at]!, base + slot, base + slot + (1 << (depth + bits - length)));
        at++;
      }
      const start = at;
      while (at < to && this.#bits(order[at]!, depth, bits) === slot) at++;
      if (start === at) continue;
      const around = 0 - (node < 0 ? this.#root : this.#nodes)[base + slot]!;
      const entry = this.#entry(order, start, at, around);
      if (node < 0) this.#root[slot] = entry;
      else this.#nodes[base + slot] = entry;
    }
  }
}

const ROOT_BITS = 12;
const NODE_BITS = 4;
const NODE = 1 << NODE_BITS;

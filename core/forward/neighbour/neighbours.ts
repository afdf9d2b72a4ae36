import { type Address, formatMac } from "../../packet/address.ts";
import type { PacketBatch } from "../../packet/batch.ts";
import { ENTRY_TRANSMIT, VERDICT_CONTINUE, VERDICT_DROP, VERDICT_STOLEN } from "../../packet/columns.ts";
import { copyMac, sameMac } from "../../packet/ethernet.ts";
import { isMulticast4 } from "../../packet/ipv4.ts";
import { isMulticast6 } from "../../packet/ipv6.ts";
import type { NeighbourCounters } from "./counters.ts";
import type { NeighbourEntry } from "./neighbour_entry.ts";
import type { NeighbourOptions } from "./neighbour_options.ts";
import { NeighbourQueue } from "./neighbour_queue.ts";
import {
  DELAY_FIRST_PROBE_TIME,
  GC_INTERVAL,
  MULTICAST_PROBES,
  NUD_CONNECTED,
  NUD_DELAY,
  NUD_FAILED,
  NUD_IN_TIMER,
  NUD_INCOMPLETE,
  NUD_NOARP,
  NUD_NONE,
  NUD_PERMANENT,
  NUD_PROBE,
  NUD_REACHABLE,
  NUD_STALE,
  NUD_VALID,
  nudName,
  REACHABLE_REDRAW,
  RETRANS_TIMER,
  UNICAST_PROBES,
  UPDATE_ADMIN,
  UPDATE_IS_ROUTER,
  UPDATE_OVERRIDE,
  UPDATE_OVERRIDE_ROUTER,
  UPDATE_WEAK_OVERRIDE,
} from "./neighbour_state.ts";
import { NeighbourTable } from "./neighbour_table.ts";

/**
 * Neighbour unreachability detection, RFC 4861 section 7, for ARP and IPv6 alike.
 *
 * Overview    NONE -> INCOMPLETE (packets wait, three solicitations a second apart) -> REACHABLE, or FAILED and the
 *             waiting packets are reported. REACHABLE -> STALE when its time is over -> DELAY on the next packet ->
 *             PROBE after five seconds without proof -> REACHABLE or FAILED. Transitions and times are those of the
 *             kernel's neigh_timer_handler and __neigh_update.
 * Ownership   the data-plane thread. Rows are plain numbers; one given out by `lookup` stays this neighbour's to
 *             the end of the batch.
 * Limits      see NeighbourTable and NeighbourQueue. `tick` walks the table only when a timer is due, at most once
 *             in TICK milliseconds.
 */
export class Neighbours {
  /** Link-layer addresses, six bytes a row. */
  readonly macs: Uint8Array;
  readonly #options: NeighbourOptions;
  readonly #table: NeighbourTable;
  readonly #queue: NeighbourQueue;
  readonly #counters: NeighbourCounters;
  #due = Infinity;
  #walkedAt = -Infinity;
  #collectAt = 0;
  #redrawAt = 0;
  /** Packets wait for a neighbour that is known: the batch was full when it became so. */
  #blocked = false;
  readonly #giveUp = (row: number): void => {
    this.#counters.queueDropped += this.#queue.purge(row);
  };

  constructor(options: NeighbourOptions) {
    this.#options = options;
    this.#counters = options.counters;
    this.#table = new NeighbourTable(options.capacity, options.random);
    this.#queue = new NeighbourQueue(options.pool, options.capacity);
    this.macs = this.#table.macs;
  }

  /** Writes the neighbour's address, four words; false for a group, a row without one, or another family. */
  addressOf(neighbour: number, family: number, out: Uint32Array): boolean {
    const table = this.#table;
    if (neighbour < 0 || neighbour >= table.capacity || table.family[neighbour] !== family) return false;
    for (let w = 0; w < 4; w++) out[w] = table.address[neighbour * 4 + w]!;
    return true;
  }

  /**
   * Row of the next hop whose address words start at `words[lane]` (IPv4: the other three are 0). Multicast and
   * broadcast give a row that is ready and valid for this batch. -1 when the table is full (counted).
   */
  lookup(interfaceIndex: number, family: number, words: Uint32Array, lane: number, now: number): number {
    const table = this.#table, first = words[lane]!;
    if (family === 4 ? isMulticast4(first) : isMulticast6(first)) return table.multicast(family, words, lane);
    let row = table.find(interfaceIndex, family, words, lane);
    if (row < 0) {
      if (family === 4 && this.#options.isBroadcast(interfaceIndex, first)) return table.broadcast;
      row = this.create(interfaceIndex, family, words, lane, now, false);
      if (row < 0) return -1;
    }
    table.touched[row] = now;
    return row;
  }

  /** Row of a neighbour already known, -1 otherwise. */
  find(interfaceIndex: number, family: number, words: Uint32Array, lane: number): number {
    return this.#table.find(interfaceIndex, family, words, lane);
  }

  /** A new row in state NONE; `resolved`: an `update` with its address follows at once. -1 when full (counted). */
  create(
    interfaceIndex: number,
    family: number,
    words: Uint32Array,
    lane: number,
    now: number,
    resolved: boolean,
  ): number {
    const row = this.#table.create(interfaceIndex, family, words, lane, now, resolved, this.#giveUp);
    if (row < 0) this.#counters.tableFull++;
    else this.#arm(row, Infinity);
    return row;
  }

  stateOf(neighbour: number): number {
    return this.#table.state[neighbour]!;
  }
  /** When the neighbour last changed, monotonic milliseconds. */
  updatedAt(neighbour: number): number {
    return this.#table.updated[neighbour]!;
  }

  /**
   * Before sending a row. True: `macs` holds its link-layer destination. False: the packet waits for it (verdict
   * STOLEN; it comes back in a later batch with ENTRY_TRANSMIT) or is lost (DROP, counted). Solicitations are
   * appended to the batch.
   */
  output(batch: PacketBatch, row: number, neighbour: number): boolean {
    const table = this.#table, now = batch.now;
    if (neighbour < 0) {
      batch.verdict[row] = VERDICT_DROP;
      return false;
    }
    const state = table.state[neighbour]!;
    if (neighbour >= table.capacity) return true;
    table.used[neighbour] = now;
    if ((state & (NUD_CONNECTED | NUD_DELAY | NUD_PROBE)) !== 0) return true;
    if (state === NUD_STALE) {
      table.setState(neighbour, NUD_DELAY);
      table.updated[neighbour] = now;
      this.#arm(neighbour, now + DELAY_FIRST_PROBE_TIME);
      return true;
    }
    const link = this.#options.links[table.interface[neighbour]!];
    if (link === undefined || !link.up) {
      batch.verdict[row] = VERDICT_DROP;
      return false;
    }
    const lost = this.#queue.push(neighbour, batch, row);
    this.#counters.queueDropped += lost;
    batch.verdict[row] = this.#queue.isEmpty(neighbour) ? VERDICT_DROP : VERDICT_STOLEN;
    if (state !== NUD_INCOMPLETE) {
      table.setState(neighbour, NUD_INCOMPLETE);
      table.updated[neighbour] = now;
      table.probes[neighbour] = UNICAST_PROBES;
      this.#arm(neighbour, now + link.retransmit);
      this.#probe(batch, neighbour);
    }
    return false;
  }

  /** Proof from above that packets arrive (RFC 4861 7.3.1). */
  confirm(neighbour: number, now: number): void {
    if (neighbour >= 0 && neighbour < this.#table.capacity) this.#table.confirmed[neighbour] = now;
  }

  /**
   * News of a neighbour: `mac` at `at` (undefined: the cached one) and the state it would have. Rules and
   * UPDATE_* flags as the kernel's __neigh_update; packets that waited are appended to the batch.
   */
  update(
    batch: PacketBatch,
    neighbour: number,
    mac: Uint8Array | undefined,
    at: number,
    wanted: number,
    flags: number,
  ): void {
    const table = this.#table, now = batch.now, old = table.state[neighbour]!;
    if ((flags & UPDATE_ADMIN) === 0 && (old & (NUD_NOARP | NUD_PERMANENT)) !== 0) return;
    if (mac === undefined && (old & NUD_VALID) === 0) return;
    const same = mac === undefined ||
      ((old & NUD_VALID) !== 0 && sameMac(mac, at, this.macs, neighbour * 6));
    let state = wanted, take = !same, routerToo = (flags & UPDATE_OVERRIDE_ROUTER) !== 0;
    if ((state & NUD_CONNECTED) !== 0) table.confirmed[neighbour] = now;
    if ((old & NUD_VALID) !== 0) {
      if (!same && (flags & UPDATE_OVERRIDE) === 0) {
        routerToo = false;
        if ((flags & UPDATE_WEAK_OVERRIDE) === 0 || (old & NUD_CONNECTED) === 0) return;
        take = false;
        state = NUD_STALE;
      } else if (same && state === NUD_STALE && (flags & UPDATE_ADMIN) === 0) state = old;
    }
    if (state !== old || take) table.updated[neighbour] = now;
    if (take) {
      copyMac(this.macs, neighbour * 6, mac!, at);
      if ((state & NUD_CONNECTED) === 0) {
        table.confirmed[neighbour] = now - 2 * (this.#link(neighbour)?.baseReachable ?? 0);
      }
    }
    if (state !== old) {
      if ((state & NUD_PROBE) !== 0) table.probes[neighbour] = 0;
      table.setState(neighbour, state);
      const wait = state === NUD_REACHABLE ? this.#link(neighbour)?.reachable ?? 0 : 0;
      this.#arm(neighbour, (state & NUD_IN_TIMER) !== 0 ? now + wait : Infinity);
      if ((old & NUD_VALID) === 0) this.#release(batch, neighbour);
    }
    if (routerToo) table.router[neighbour] = (flags & UPDATE_IS_ROUTER) !== 0 ? 1 : 0;
  }

  isRouter(neighbour: number): boolean {
    return this.#table.router[neighbour] === 1;
  }

  /** Forgets every neighbour of an interface (it went down or away); waiting packets are dropped. */
  flush(interfaceIndex: number): void {
    const table = this.#table;
    for (let row = 0; row < table.high; row++) {
      if (table.inUse(row) && table.interface[row] === interfaceIndex && table.state[row] !== NUD_PERMANENT) {
        this.#giveUp(row);
        table.remove(row);
      }
    }
  }

  /** Earliest time `tick` has work, monotonic milliseconds; Infinity when it has none. */
  get due(): number {
    const timer = Math.max(this.#due, this.#walkedAt + TICK);
    return this.#table.count === 0 ? timer : Math.min(timer, this.#collectAt, this.#redrawAt);
  }

  /** Timers: retransmissions, DELAY, PROBE, reachable time, collection. Appends packets to the batch. */
  tick(batch: PacketBatch, now: number): void {
    if (now < this.due) return;
    if (now >= this.#redrawAt) {
      this.#redrawAt = now + REACHABLE_REDRAW;
      for (const link of this.#options.links) link?.drawReachable(this.#options.random);
    }
    const collect = now >= this.#collectAt;
    if (collect) this.#collectAt = now + GC_INTERVAL;
    const release = this.#blocked;
    this.#blocked = false;
    this.#walkedAt = now;
    this.#due = Infinity;
    const table = this.#table;
    for (let row = 0; row < table.high; row++) {
      if (!table.inUse(row)) continue;
      if (table.timer[row]! <= now) this.#expire(batch, row, now);
      if (release && (table.state[row]! & NUD_VALID) !== 0) this.#release(batch, row);
      if (collect && table.isGarbage(row, now)) {
        this.#giveUp(row);
        table.remove(row);
      } else if (table.timer[row]! < this.#due) this.#due = table.timer[row]!;
    }
  }

  /** Entries as `ip neigh` lists them: without those nobody has tried yet. */
  list(): NeighbourEntry[] {
    const table = this.#table, entries: NeighbourEntry[] = [];
    for (let row = 0; row < table.high; row++) {
      if (!table.inUse(row) || table.state[row] === NUD_NONE) continue;
      const words = Array.from(table.address.subarray(row * 4, row * 4 + 4)) as unknown as Address["words"];
      entries.push({
        interface: table.interface[row]!,
        address: { family: table.family[row] === 4 ? 4 : 6, words },
        mac: (table.state[row]! & NUD_VALID) === 0 ? undefined : formatMac(this.macs, row * 6),
        router: table.router[row] === 1,
        state: nudName(table.state[row]!),
      });
    }
    return entries;
  }

  #link(neighbour: number) {
    return this.#options.links[this.#table.interface[neighbour]!];
  }

  #arm(row: number, at: number): void {
    this.#table.timer[row] = at;
    if (at < this.#due) this.#due = at;
  }

  /** One expired timer (neigh_timer_handler). */
  #expire(batch: PacketBatch, row: number, now: number): void {
    const table = this.#table, link = this.#link(row);
    const retransmit = link?.retransmit ?? RETRANS_TIMER;
    let next = now + retransmit;
    table.timer[row] = Infinity;
    switch (table.state[row]) {
      case NUD_REACHABLE: {
        const until = table.confirmed[row]! + (link?.reachable ?? 0);
        if (now < until) {
          table.timer[row] = until;
        } else if (now <= table.used[row]! + DELAY_FIRST_PROBE_TIME) {
          table.setState(row, NUD_DELAY);
          table.updated[row] = now;
          table.timer[row] = now + DELAY_FIRST_PROBE_TIME;
        } else {
          table.setState(row, NUD_STALE);
          table.updated[row] = now;
        }
        return;
      }
      case NUD_DELAY:
        if (now <= table.confirmed[row]! + DELAY_FIRST_PROBE_TIME) {
          table.setState(row, NUD_REACHABLE);
          table.updated[row] = now;
          next = table.confirmed[row]! + (link?.reachable ?? 0);
          table.timer[row] = next;
          return;
        }
        table.setState(row, NUD_PROBE);
        table.updated[row] = now;
        table.probes[row] = 0;
        break;
      case NUD_INCOMPLETE:
      case NUD_PROBE: {
        const most = table.state[row] === NUD_PROBE ? UNICAST_PROBES : UNICAST_PROBES + MULTICAST_PROBES;
        if (table.probes[row]! < most) break;
        table.setState(row, NUD_FAILED);
        table.updated[row] = now;
        this.#invalidate(batch, row);
        return;
      }
      default:
        return;
    }
    table.timer[row] = next;
    this.#probe(batch, row);
  }

  #probe(batch: PacketBatch, row: number): void {
    const table = this.#table;
    table.probes[row]!++;
    this.#counters.solicitations++;
    this.#options.solicit(
      batch,
      table.interface[row]!,
      table.family[row]!,
      table.address,
      row * 4,
      table.state[row] === NUD_PROBE ? row : -1,
      this.#queue.newest(row),
    );
  }

  /** Appends what waited; the rest stays for the next tick when the batch is full. */
  #release(batch: PacketBatch, neighbour: number): void {
    while (!this.#queue.isEmpty(neighbour)) {
      if (batch.count === batch.capacity) {
        this.#blocked = true;
        this.#due = Math.min(this.#due, batch.now);
        return;
      }
      const row = this.#options.pool.restore(this.#queue.shift(neighbour), batch);
      batch.entry[row] = ENTRY_TRANSMIT;
      batch.verdict[row] = VERDICT_CONTINUE;
      batch.neighbour[row] = neighbour;
      this.#table.touched[neighbour] = batch.now;
    }
  }

  /** Reports what waited for a neighbour that did not answer (neigh_invalidate). */
  #invalidate(batch: PacketBatch, neighbour: number): void {
    for (let slab = this.#queue.shift(neighbour); slab >= 0; slab = this.#queue.shift(neighbour)) {
      this.#counters.unreachable++;
      const row = this.#options.pool.restore(slab, batch);
      if (row < 0) {
        this.#options.pool.free(slab);
        continue;
      }
      batch.verdict[row] = VERDICT_DROP;
      batch.neighbour[row] = -1;
      this.#options.onUnreachable(batch, row);
    }
  }
}

export { formatNeighbour, type NeighbourEntry } from "./neighbour_entry.ts";

/** Granularity of timers in milliseconds, that of a 250 Hz kernel. */
const TICK = 4;

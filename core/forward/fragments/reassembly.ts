import type { PacketBatch } from "../../packet/batch.ts";
import { setU16 } from "../../packet/bytes.ts";
import { finish, sum } from "../../packet/checksum.ts";
import {
  CHECKSUM_NONE,
  ENTRY_OUTPUT,
  ENTRY_PREROUTING,
  VERDICT_CONTINUE,
  VERDICT_DROP,
  VERDICT_STOLEN,
} from "../../packet/columns.ts";
import { ICMP_TIME_EXCEEDED } from "../../packet/icmp.ts";
import { ICMPV6_TIME_EXCEEDED } from "../../packet/icmpv6.ts";
import { IPV4, IPV4_DONT_FRAGMENT } from "../../packet/ipv4.ts";
import { FRAGMENT6, IPV6 } from "../../packet/ipv6.ts";
import { PARSE_OK, parseIp } from "../../packet/parse.ts";
import type { PacketPool } from "../../packet/pool.ts";
import type { Random } from "../../random.ts";
import { copyBytes } from "../own_packet.ts";
import { Datagrams } from "./datagrams.ts";
import { ECN_INVALID, reassembledEcn } from "./ecn.ts";
import { FRAGMENT_EMPTY, FRAGMENT_OK, FRAGMENT_OVERSIZE, FragmentHeader } from "./fragment_header.ts";
import {
  FragmentList,
  INSERT_DONE,
  INSERT_DUPLICATE,
  INSERT_NO_ROOM,
  INSERT_OVERLAP,
} from "./fragment_list.ts";

/**
 * Reassembly, RFC 791 3.2 and RFC 8200 4.5.
 *
 * Overview    connection tracking sees whole packets only. A fragment is copied into the pool and stolen; with the
 *             last missing piece the datagram is put together in a fresh row, which enters behind
 *             defragmentation (or, when it came from this host, at the output hook). The row's `fragmentSize`
 *             keeps the largest fragment, so that on the way out it is cut as it was (frag_max_size); a first
 *             header with `don't fragment` says that the largest one had that bit.
 * Life-cycle  a datagram lives 30 s (IPv4, ipfrag_time) or 60 s (IPv6) from its first fragment, whatever follows.
 * Ownership   the data-plane thread; slabs are this object's until the datagram ends.
 * Limits      overlapping fragments end their datagram, exact repetitions are dropped. Slabs and datagrams are
 *             bounded: beyond that the oldest datagram makes room; a source has at most `perSource` of them.
 *             IPv6 atomic fragments (RFC 6946) never wait, nor disturb who waits under their identification.
 */
export class Reassembly {
  readonly counters: ReassemblyCounters = {
    reassembled: 0,
    malformed: 0,
    overlaps: 0,
    duplicates: 0,
    oversize: 0,
    contradictions: 0,
    timeouts: 0,
    evicted: 0,
    perSource: 0,
    noRoom: 0,
  };
  readonly #pool: PacketPool;
  readonly #datagrams: Datagrams;
  readonly #list: FragmentList;
  readonly #header = new FragmentHeader();
  readonly #onTimeout: ReassemblyOptions["onTimeout"];
  readonly #perSource: number;
  readonly #mostSlabs: number;

  constructor(options: ReassemblyOptions) {
    this.#pool = options.pool;
    this.#datagrams = new Datagrams(options.datagrams ?? 512, options.random);
    this.#list = new FragmentList(options.pool, this.#datagrams);
    this.#onTimeout = options.onTimeout;
    this.#perSource = options.perSource ?? 64;
    this.#mostSlabs = options.slabs ?? options.pool.columns.capacity >>> 1;
  }

  /** Datagrams that wait for fragments. */
  get waiting(): number {
    return this.#datagrams.count;
  }

  /** Slabs they hold. */
  get slabs(): number {
    return this.#list.slabs;
  }

  /**
   * Takes a fragment (row of a parsed packet whose `fragment` is not 0). Returns the row of the whole packet,
   * appended to the batch, or -1. The fragment's verdict becomes STOLEN, or DROP when it is of no use (counted); an
   * IPv6 atomic fragment loses its header where it is and goes on: the row returned is its own.
   */
  input(batch: PacketBatch, row: number): number {
    const header = this.#header, read = header.read(batch, row);
    if (read === FRAGMENT_OK && header.atomic) return this.#strip(batch, row);
    batch.verdict[row] = VERDICT_DROP;
    const found = this.#datagrams.find(batch, row, header);
    if (read !== FRAGMENT_OK) {
      if (read === FRAGMENT_OVERSIZE) this.counters.oversize++;
      else this.counters.malformed++;
      if (found >= 0 && (read === FRAGMENT_EMPTY || read === FRAGMENT_OVERSIZE)) this.#close(found);
      return -1;
    }
    const datagram = found >= 0 ? found : this.#open(batch, row);
    if (datagram < 0) return -1;
    if (!this.#lengthFits(datagram)) {
      this.counters.overlaps++;
      this.#close(datagram);
      return -1;
    }
    if (this.#list.slabs >= this.#mostSlabs) this.#evict(datagram);
    const inserted = this.#list.insert(datagram, batch, row, header);
    if (inserted !== INSERT_DONE) {
      this.#refused(datagram, inserted);
      return -1;
    }
    batch.verdict[row] = VERDICT_STOLEN;
    this.#note(datagram);
    const d = this.#datagrams;
    if (d.lastSeen[datagram] === 0 || d.received[datagram] !== d.length[datagram]) return -1;
    const whole = this.#assemble(batch, datagram);
    this.#close(datagram);
    return whole;
  }

  /**
   * Gives up datagrams whose time is over. For each whose first fragment came, that fragment is appended to the
   * batch (verdict DROP) and `onTimeout` called with its row, to send "time exceeded".
   */
  tick(batch: PacketBatch, now: number): void {
    for (let gone = this.#datagrams.expired(now); gone >= 0; gone = this.#datagrams.expired(now)) {
      this.counters.timeouts++;
      const head = this.#datagrams.head[gone]!;
      if (this.#onTimeout !== undefined && head >= 0 && this.#list.offset[head] === 0) {
        const row = this.#pool.restore(head, batch);
        if (row >= 0) {
          this.#list.shift(gone);
          batch.verdict[row] = VERDICT_DROP;
          const type = batch.family[row] === 6 ? ICMPV6_TIME_EXCEEDED : ICMP_TIME_EXCEEDED;
          this.#onTimeout(batch, row, type, REASSEMBLY_TIME);
        }
      }
      this.#close(gone);
    }
  }

  #open(batch: PacketBatch, row: number): number {
    const d = this.#datagrams;
    if (d.bySource(batch, row) >= this.#perSource) {
      this.counters.perSource++;
      return -1;
    }
    if (d.count === d.capacity) this.#evict(-1);
    const life = this.#header.family === 4 ? LIFETIME4 : LIFETIME6;
    return d.open(batch, row, this.#header, batch.now, batch.now + life);
  }

  /** What a last fragment says of the length, and what others show of it, must agree. */
  #lengthFits(datagram: number): boolean {
    const d = this.#datagrams, { end, more } = this.#header;
    const known = d.lastSeen[datagram] !== 0, length = d.length[datagram]!;
    if (!more) return known ? end === length : end >= length;
    return !known || end <= length;
  }

  #note(datagram: number): void {
    const d = this.#datagrams, header = this.#header;
    if (header.end > d.length[datagram]!) d.length[datagram] = header.end;
    if (!header.more) d.lastSeen[datagram] = 1;
    if (header.size > d.largest[datagram]!) d.largest[datagram] = header.size;
    if (header.dontFragment && header.size > d.largestDontFragment[datagram]!) {
      d.largestDontFragment[datagram] = header.size;
    }
    d.ecn[datagram]! |= 1 << header.ecn;
  }

  #refused(datagram: number, why: number): void {
    if (why === INSERT_DUPLICATE) this.counters.duplicates++;
    else if (why === INSERT_OVERLAP) this.counters.overlaps++;
    else if (why === INSERT_NO_ROOM) this.counters.noRoom++;
    else this.counters.oversize++;
    // A repetition harms nobody, nor does a full pool those that are in it; anything else spoils the datagram.
    if (why !== INSERT_DUPLICATE && (why !== INSERT_NO_ROOM || this.#datagrams.fragments[datagram] === 0)) {
      this.#close(datagram);
    }
  }

  /** The oldest datagram makes room; not the one in work. */
  #evict(except: number): void {
    const oldest = this.#datagrams.oldest(except);
    if (oldest < 0) return;
    this.counters.evicted++;
    this.#close(oldest);
  }

  #close(datagram: number): void {
    this.#list.clear(datagram);
    this.#datagrams.close(datagram);
  }

  /** Puts the datagram together in a fresh row: headers of the first fragment, then all payloads. */
  #assemble(batch: PacketBatch, datagram: number): number {
    const d = this.#datagrams, list = this.#list, columns = this.#pool.columns, pool = this.#pool.bytes;
    const ecn = reassembledEcn(d.ecn[datagram]!), first = d.head[datagram]!, six = d.family[datagram] === 6;
    if (ecn === ECN_INVALID) {
      this.counters.contradictions++;
      return -1;
    }
    const from = columns.start[first]!, network = columns.network[first]!;
    const before = list.payload[first]! - (six ? FRAGMENT6.size : 0) - from,
      total = before + d.length[datagram]!;
    if (total - (network - from) - (six ? IPV6.size : 0) > 65535) {
      this.counters.oversize++;
      return -1;
    }
    const row = batch.make(total);
    if (row < 0) {
      this.counters.noRoom++;
      return -1;
    }
    const start = batch.start[row]!, b = batch.bytes(row), shift = start - from;
    batch.copyRow(row, columns, first, shift);
    batch.end[row] = start + total;
    copyBytes(b, start, pool, from, from + before);
    for (let slab = first; slab >= 0; slab = list.next(slab)) {
      const at = list.payload[slab]!, length = list.end[slab]! - list.offset[slab]!;
      copyBytes(b, start + before + list.offset[slab]!, pool, at, at + length);
    }
    const next = pool[list.payload[first]! - FRAGMENT6.size]!;
    if (six) this.#header6(b, network + shift, start + total, list.announced[first]! + shift, next, ecn);
    else this.#header4(b, network + shift, start + total, datagram, ecn);
    return this.#enter(batch, row, datagram);
  }

  #header4(b: Uint8Array, at: number, end: number, datagram: number, ecn: number): void {
    const d = this.#datagrams, header = (b[at]! & 15) << 2;
    const kept = d.largestDontFragment[datagram] === d.largest[datagram];
    setU16(b, at + IPV4.totalLength, end - at);
    setU16(b, at + IPV4.flagsOffset, kept ? IPV4_DONT_FRAGMENT : 0);
    b[at + IPV4.tos]! |= ecn;
    setU16(b, at + IPV4.checksum, 0);
    setU16(b, at + IPV4.checksum, finish(sum(b, at, at + header)));
  }

  /** The fragment header is gone; what announced it announces what it did. */
  #header6(b: Uint8Array, at: number, end: number, announced: number, next: number, ecn: number): void {
    setU16(b, at + IPV6.payloadLength, end - at - IPV6.size);
    b[at + 1]! |= ecn << 4;
    b[announced] = next;
  }

  #enter(batch: PacketBatch, row: number, datagram: number): number {
    const d = this.#datagrams;
    batch.checksum[row] = CHECKSUM_NONE;
    batch.checksumStart[row] = batch.checksumOffset[row] = 0;
    batch.entry[row] = batch.entry[row] === ENTRY_OUTPUT ? ENTRY_OUTPUT : ENTRY_PREROUTING;
    batch.verdict[row] = VERDICT_CONTINUE;
    batch.fragmentSize[row] = d.largest[datagram]!;
    return this.#parse(batch, row);
  }

  /** Takes the fragment header out of an atomic fragment: the headers before it move towards the payload. */
  #strip(batch: PacketBatch, row: number): number {
    const { announcedAt, fragmentAt, size } = this.#header, b = batch.bytes(row), start = batch.start[row]!;
    const at = batch.network[row]! + FRAGMENT6.size;
    b[announcedAt] = b[fragmentAt]!;
    b.copyWithin(start + FRAGMENT6.size, start, fragmentAt);
    batch.start[row] = start + FRAGMENT6.size;
    batch.network[row] = at;
    setU16(b, at + IPV6.payloadLength, batch.end[row]! - at - IPV6.size);
    batch.fragmentSize[row] = size;
    return this.#parse(batch, row);
  }

  /** What is whole now must be so: a fragment inside a fragment is nobody's packet. */
  #parse(batch: PacketBatch, row: number): number {
    if (parseIp(batch, row) !== PARSE_OK || batch.fragment[row] !== 0) {
      batch.verdict[row] = VERDICT_DROP;
      this.counters.malformed++;
      return -1;
    }
    this.counters.reassembled++;
    return row;
  }
}

export interface ReassemblyOptions {
  /** The pool of the batches it will see. */
  readonly pool: PacketPool;
  readonly random: Random;
  /**
   * Called for a datagram that ran out of time with the row of its first fragment and the error that is due. The
   * kernel sends it only where this router itself is the destination (ip_expire): a router that reassembles to
   * track keeps silent about others' packets.
   */
  readonly onTimeout?: (batch: PacketBatch, row: number, type: number, code: number) => void;
  /** Datagrams at a time, 512 unless told. */
  readonly datagrams?: number;
  /** Datagrams of one source at a time, 64 unless told. */
  readonly perSource?: number;
  /** Slabs in use, half of the pool's unless told. */
  readonly slabs?: number;
}

/** Plain cells. Reassembled and timeouts count datagrams, the others fragments (or what they spoilt). */
export interface ReassemblyCounters {
  reassembled: number;
  malformed: number;
  /** Datagrams ended by overlapping or contradicting fragments. */
  overlaps: number;
  duplicates: number;
  /** Longer than 65535 bytes, or in too many pieces. */
  oversize: number;
  /** ECN marks that cannot stand together. */
  contradictions: number;
  timeouts: number;
  /** Datagrams that made room for newer ones. */
  evicted: number;
  /** Refused because their source has too many incomplete datagrams here. */
  perSource: number;
  noRoom: number;
}

/** IP_FRAG_TIME, IPV6_FRAG_TIMEOUT, in milliseconds. */
const LIFETIME4 = 30_000;
const LIFETIME6 = 60_000;
/** Code of time exceeded, RFC 792 and RFC 4443 3.3. */
const REASSEMBLY_TIME = 1;

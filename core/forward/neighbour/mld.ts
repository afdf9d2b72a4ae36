import type { PacketBatch } from "../../packet/batch.ts";
import { setU16, setU32, u32 } from "../../packet/bytes.ts";
import { pseudo, transportValid } from "../../packet/checksum.ts";
import { CHECKSUM_NONE, VERDICT_DROP, VERDICT_STOLEN } from "../../packet/columns.ts";
import {
  ICMPV6_MLD2_REPORT,
  ICMPV6_MLD_DONE,
  ICMPV6_MLD_QUERY,
  ICMPV6_MLD_REPORT,
} from "../../packet/icmpv6.ts";
import { PROTOCOL_ICMPV6 } from "../../packet/ipv4.ts";
import { IPV6, isLinkLocal6, isUnspecified6 } from "../../packet/ipv6.ts";
import { below, type Random } from "../../random.ts";
import { type Addresses, sameWords } from "./addresses.ts";
import type { NeighbourCounters } from "./counters.ts";
import { ALL_MLDV2_ROUTERS, ALL_NODES, ALL_ROUTERS, multicastScope, UNSPECIFIED } from "./groups.ts";
import { closeMessage, messageAt, openListenerMessage } from "./icmpv6_message.ts";
import type { Links } from "./link.ts";
import {
  CHANGE_TO_EXCLUDE,
  CHANGE_TO_INCLUDE,
  hasRouterAlert,
  MLD,
  MLD2_RECORD,
  MLD2_REPORT,
  MldQuery,
  MODE_IS_EXCLUDE,
} from "./mld_message.ts";
import type { Neighbours } from "./neighbours.ts";

/**
 * Multicast listener, RFC 3810 section 6 (all sources wanted: EXCLUDE with an empty list), speaking version 1 while
 * a querier of that version is about (8.2.1).
 *
 * Overview    switches that snoop pass a group only to ports that reported it; without these reports nobody could
 *             solicit this router. Joining and leaving is reported `robustness` times within a second each; queries
 *             are answered after a random part of the time they give.
 * Life-cycle  groups are counted by `join` and `leave`; a group left lives on until its leaving is reported. When
 *             the link-local address is ready all groups are reported again from it (RFC 3590).
 * Limits      groups are those of the router's own addresses and roles, a short list walked linearly.
 */
export class MulticastListener {
  readonly #links: Links;
  readonly #addresses: Addresses;
  readonly #neighbours: Neighbours;
  readonly #random: Random;
  readonly #counters: NeighbourCounters;
  readonly #listeners: (Listener | undefined)[] = new Array(256).fill(undefined);
  readonly #query = new MldQuery();
  #due = Infinity;

  constructor(
    links: Links,
    addresses: Addresses,
    neighbours: Neighbours,
    random: Random,
    counters: NeighbourCounters,
  ) {
    this.#links = links;
    this.#addresses = addresses;
    this.#neighbours = neighbours;
    this.#random = random;
    this.#counters = counters;
  }

  get due(): number {
    return this.#due;
  }

  /** Listens to an IPv6 group; counted, so leave as often. */
  join(interfaceIndex: number, group: Uint32Array, now: number): void {
    const listener = this.#listeners[interfaceIndex] ??= newListener();
    let membership = listener.groups.find((g) => sameWords(g.words, 0, group, 0));
    if (membership === undefined) {
      membership = { words: group.slice(), count: 0, changesLeft: 0, answerAt: Infinity };
      listener.groups.push(membership);
    }
    if (membership.count++ > 0) return;
    this.#change(interfaceIndex, membership, now);
  }

  leave(interfaceIndex: number, group: Uint32Array, now: number): void {
    const membership = this.#listeners[interfaceIndex]?.groups.find((g) => sameWords(g.words, 0, group, 0));
    if (membership === undefined || membership.count === 0 || --membership.count > 0) return;
    membership.answerAt = Infinity;
    this.#change(interfaceIndex, membership, now);
  }

  /** The link came up, or its link-local address became usable: reports every group anew. */
  restart(interfaceIndex: number, now: number): void {
    for (const group of [...this.#listeners[interfaceIndex]?.groups ?? []]) {
      this.#change(interfaceIndex, group, now);
    }
  }

  /** The interface is gone. */
  forget(interfaceIndex: number): void {
    this.#listeners[interfaceIndex] = undefined;
  }

  isMember(interfaceIndex: number, words: Uint32Array, lane: number): boolean {
    const groups = this.#listeners[interfaceIndex]?.groups;
    if (groups === undefined) return false;
    for (let i = 0; i < groups.length; i++) {
      const group = groups[i]!;
      if (group.count > 0 && sameWords(group.words, 0, words, lane)) return true;
    }
    return false;
  }

  /** Takes an ICMPv6 row of types 130..132 and 143. True when it was one: verdict STOLEN or DROP. */
  input(batch: PacketBatch, row: number): boolean {
    const at = batch.transport[row]!, b = batch.bytes(row);
    if (at === 0) return false;
    const type = b[at]!;
    const mine = type === ICMPV6_MLD_QUERY || type === ICMPV6_MLD_REPORT || type === ICMPV6_MLD_DONE ||
      type === ICMPV6_MLD2_REPORT;
    if (!mine) return false;
    this.#counters.mldReceived++;
    const network = batch.network[row]!, end = batch.end[row]!, lane = row * 4;
    const from = batch.source, unspecified = isUnspecified6(from, lane);
    const valid = b[network + IPV6.hopLimit] === 1 && hasRouterAlert(b, network, end) &&
      batch.fragment[row] === 0 && batch.fragmentSize[row] === 0 &&
      (isLinkLocal6(from[lane]!) || (type !== ICMPV6_MLD_QUERY && unspecified)) &&
      end - at >= (type === ICMPV6_MLD2_REPORT ? MLD2_REPORT.size : MLD.size) &&
      (batch.checksum[row] !== CHECKSUM_NONE ||
        transportValid(b, at, end, pseudo(b, network, 6, PROTOCOL_ICMPV6, end - at)));
    if (!valid || (type === ICMPV6_MLD_QUERY && !this.#query.parse(b, at, end))) {
      this.#counters.mldMalformed++;
      batch.verdict[row] = VERDICT_DROP;
      return true;
    }
    batch.verdict[row] = VERDICT_STOLEN;
    const listener = this.#listeners[batch.inInterface[row]!];
    if (listener === undefined || this.#links[batch.inInterface[row]!]?.up !== true) return true;
    if (type === ICMPV6_MLD_QUERY) this.#queried(listener, batch.now);
    else if (type === ICMPV6_MLD_REPORT && batch.now < listener.version1Until) reported(listener, b, at);
    return true;
  }

  tick(batch: PacketBatch, now: number): void {
    if (now < this.#due) return;
    this.#due = Infinity;
    for (let index = 0; index < this.#listeners.length; index++) {
      const listener = this.#listeners[index];
      if (listener === undefined) continue;
      // `restart` takes up what a link that is down still has to say.
      if (this.#links[index]?.up !== true) continue;
      this.#report(batch, index, listener, now);
      this.#due = Math.min(this.#due, dueOf(listener));
    }
  }

  #change(interfaceIndex: number, membership: Membership, now: number): void {
    const listener = this.#listeners[interfaceIndex]!;
    if (this.#links[interfaceIndex]?.up !== true) {
      // Nobody hears a report now; `restart` makes up for joins, and a group left is simply gone.
      if (membership.count === 0) listener.groups.splice(listener.groups.indexOf(membership), 1);
      return;
    }
    if (isReported(membership.words)) {
      membership.changesLeft = listener.robustness;
      listener.changeAt = Math.min(listener.changeAt, now);
      this.#due = Math.min(this.#due, now);
    } else if (membership.count === 0) listener.groups.splice(listener.groups.indexOf(membership), 1);
  }

  #queried(listener: Listener, now: number): void {
    const query = this.#query;
    if (query.robustness > 0) listener.robustness = query.robustness;
    if (query.version === 1) listener.version1Until = now + OLDER_VERSION_QUERIER_PRESENT;
    const at = now + below(this.#random, query.maximumDelay);
    if (isUnspecified6(query.group, 0)) {
      if (at < listener.answerAt) listener.answerAt = at;
    } else {
      for (const group of listener.groups) {
        const asked = group.count > 0 && isReported(group.words) && sameWords(group.words, 0, query.group, 0);
        if (asked && at < group.answerAt) group.answerAt = at;
      }
    }
    this.#due = Math.min(this.#due, at);
  }

  #report(batch: PacketBatch, index: number, listener: Listener, now: number): void {
    const old = now < listener.version1Until;
    if (listener.changeAt <= now) {
      const changed = listener.groups.filter((g) => g.changesLeft > 0);
      if (old) { for (const g of changed) this.#sendVersion1(batch, index, g); }
      else this.#send(batch, index, changed, (g) => g.count > 0 ? CHANGE_TO_EXCLUDE : CHANGE_TO_INCLUDE);
      for (const g of changed) g.changesLeft--;
      listener.groups = listener.groups.filter((g) => g.count > 0 || g.changesLeft > 0);
      const more = listener.groups.some((g) => g.changesLeft > 0);
      listener.changeAt = more ? now + 1 + below(this.#random, UNSOLICITED_REPORT_INTERVAL) : Infinity;
    }
    const all = listener.answerAt <= now;
    const asked = listener.groups.filter((g) =>
      g.count > 0 && isReported(g.words) && (all || g.answerAt <= now)
    );
    if (all) listener.answerAt = Infinity;
    for (const g of asked) g.answerAt = Infinity;
    if (old) { for (const g of asked) this.#sendVersion1(batch, index, g); }
    else this.#send(batch, index, asked, () => MODE_IS_EXCLUDE);
  }

  #source(index: number): Uint32Array {
    return this.#addresses.linkLocal(index)?.words ?? UNSPECIFIED;
  }

  #send(
    batch: PacketBatch,
    index: number,
    groups: readonly Membership[],
    type: (g: Membership) => number,
  ): void {
    for (let from = 0; from < groups.length; from += MOST_RECORDS) {
      const some = groups.slice(from, from + MOST_RECORDS);
      const row = openListenerMessage(
        batch,
        index,
        this.#source(index),
        ALL_MLDV2_ROUTERS,
        ICMPV6_MLD2_REPORT,
        MLD2_REPORT.size + some.length * MLD2_RECORD.size,
      );
      if (row < 0) {
        this.#counters.noRoom++;
        return;
      }
      const b = batch.bytes(row), at = messageAt(batch, row);
      setU16(b, at + MLD2_REPORT.records, some.length);
      for (const [i, group] of some.entries()) {
        const record = at + MLD2_REPORT.size + i * MLD2_RECORD.size;
        b[record + MLD2_RECORD.type] = type(group);
        for (let w = 0; w < 4; w++) setU32(b, record + MLD2_RECORD.group + 4 * w, group.words[w]!);
      }
      closeMessage(batch, row, this.#neighbours.lookup(index, 6, ALL_MLDV2_ROUTERS, 0, batch.now));
    }
  }

  #sendVersion1(batch: PacketBatch, index: number, group: Membership): void {
    const to = group.count > 0 ? group.words : ALL_ROUTERS;
    const type = group.count > 0 ? ICMPV6_MLD_REPORT : ICMPV6_MLD_DONE;
    const row = openListenerMessage(batch, index, this.#source(index), to, type, MLD.size);
    if (row < 0) {
      this.#counters.noRoom++;
      return;
    }
    const b = batch.bytes(row), at = messageAt(batch, row);
    for (let w = 0; w < 4; w++) setU32(b, at + MLD.group + 4 * w, group.words[w]!);
    closeMessage(batch, row, this.#neighbours.lookup(index, 6, to, 0, batch.now));
  }
}

/** One group on one interface. */
interface Membership {
  readonly words: Uint32Array;
  /** Who listens; 0: left, and its leaving is being reported. */
  count: number;
  /** State change reports still to send. */
  changesLeft: number;
  answerAt: number;
}

interface Listener {
  groups: Membership[];
  changeAt: number;
  /** Answer to a general query. */
  answerAt: number;
  version1Until: number;
  robustness: number;
}

const newListener = (): Listener => ({
  groups: [],
  changeAt: Infinity,
  answerAt: Infinity,
  version1Until: -Infinity,
  robustness: 2,
});

const dueOf = (listener: Listener): number =>
  listener.groups.reduce(
    (least, g) => Math.min(least, g.answerAt),
    Math.min(listener.changeAt, listener.answerAt),
  );

/** All-nodes and interface-local groups are never reported (RFC 3810 section 6). */
const isReported = (words: Uint32Array): boolean =>
  multicastScope(words[0]!) > 1 && !sameWords(words, 0, ALL_NODES, 0);

/** Somebody else reported the group: one report is enough for a version 1 querier (RFC 2710 section 4). */
function reported(listener: Listener, b: Uint8Array, at: number): void {
  for (const group of listener.groups) {
    let same = true;
    for (let w = 0; w < 4; w++) same &&= u32(b, at + MLD.group + 4 * w) === group.words[w];
    if (same) group.answerAt = Infinity;
  }
}

/** RFC 3810 section 9, milliseconds. */
const UNSOLICITED_REPORT_INTERVAL = 1000;
const OLDER_VERSION_QUERIER_PRESENT = 260000;
/** Records that fit into 1280 bytes with their headers. */
const MOST_RECORDS = 60;

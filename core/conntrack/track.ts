import { HOOK_PREROUTING } from "../hook.ts";
import type { PacketBatch } from "../packet/batch.ts";
import {
  CT_ESTABLISHED,
  CT_INVALID,
  CT_NEW,
  CT_RELATED,
  CT_UNTRACKED,
  VERDICT_DROP,
} from "../packet/columns.ts";
import { PROTOCOL_ICMP, PROTOCOL_ICMPV6, PROTOCOL_UDP, PROTOCOL_UDPLITE } from "../packet/ipv4.ts";
import { NEXT_NONE } from "../packet/ipv6.ts";
import { templateZone } from "../packet/zone_template.ts";
import type { Random } from "../random.ts";
import { type ConntrackCounters, conntrackCounters } from "./counters.ts";
import { EarlyDrop } from "./early_drop.ts";
import { Expectations } from "./expect.ts";
import { type InvalidReasons, invalidReasons } from "./invalid.ts";
import { invertKey, KEY_META, newKey } from "./key.ts";
import { Lookahead } from "./lookahead.ts";
import { FlowObjects } from "./objects.ts";
import { TimeoutPolicies } from "./policies.ts";
import { packetKey } from "./packet_key.ts";
import { ICMP_MESSAGE_INVALID, ICMP_MESSAGE_PLAIN, ICMP_MESSAGE_UNTRACKED, IcmpMessages } from "./related.ts";
import {
  IPS_ASSURED,
  IPS_CONFIRMED,
  IPS_DYING,
  IPS_EXPECTED,
  IPS_NAT_DONE_MASK,
  IPS_SEEN_REPLY,
  ORIGINAL,
  REPLY,
} from "./status.ts";
import { FlowTable } from "./table.ts";
import { DEFAULT_SWITCHES, DEFAULT_TIMEOUTS, type Switches, type Timeouts } from "./timeouts.ts";
import { Trackers } from "./trackers.ts";
import { TRACK_ACCEPT, TRACK_INVALID } from "./verdict.ts";

export interface ConntrackOptions {
  /** Most flows; memory is taken at once, touched as they come. */
  readonly flows: number;
  readonly random: Random;
  /** `tableBytes(flows)` long. One that holds a table left behind is adopted; zeros make a new one. */
  readonly buffer?: SharedArrayBuffer | ArrayBuffer;
  readonly timeouts?: Partial<Timeouts>;
  readonly switches?: Partial<Switches>;
  /** Rows of `flows` kept for packets `privileged` says yes to. */
  readonly reserved?: number;
  /** Asked when only reserved rows are left: is this the administrator's packet? */
  readonly privileged?: (batch: PacketBatch, row: number) => boolean;
}

/**
 * Connection tracking.
 *
 * Overview    `track` ties a packet to a flow or makes one (nf_conntrack_in), a tracker per protocol judges it,
 *             `confirm` makes a new flow stay once its first packet leaves (nf_conntrack_confirm).
 * Life-cycle  a new flow is in the index from its first packet on, unconfirmed, so that packets of the same batch
 *             find it: what a batch does equals what its packets would do one by one. An answer to a flow that
 *             is not confirmed is INVALID: its question has not left yet. `abandon` takes back what a dropped
 *             packet began; whoever forgets to call it costs a row for ten seconds.
 * Ownership   the data-plane thread. Rows of ended flows stay readable until the next `expire`, which the pipeline
 *             calls between batches.
 * Limits      `flows`. A full table gives up the oldest flow that is not assured, then one that is closing, and
 *             refuses new ones after that: an assured flow is never lost to a flood.
 */
export class Conntrack {
  readonly table: FlowTable;
  readonly counters: ConntrackCounters = conntrackCounters();
  readonly invalid: InvalidReasons = invalidReasons();
  readonly expectations = new Expectations();
  /** Helpers, timeout policies and expectations of the ruleset. */
  readonly objects: FlowObjects;
  readonly #trackers: Trackers;
  readonly #icmpMessages: IcmpMessages;
  readonly #checksum: boolean;
  readonly #usable: number;
  readonly #privileged: ((batch: PacketBatch, row: number) => boolean) | undefined;
  readonly #key = newKey();
  readonly #reply = newKey();
  readonly #lookahead: Lookahead;
  readonly #earlyDrop: EarlyDrop;
  #now = 0;

  constructor(options: ConntrackOptions) {
    const timeouts = { ...DEFAULT_TIMEOUTS, ...options.timeouts };
    const switches = { ...DEFAULT_SWITCHES, ...options.switches };
    this.table = new FlowTable(options.flows, options.random, options.buffer);
    this.table.ended = (row) => {
      if (this.expectations.count > 0) this.expectations.forget(row);
    };
    this.#checksum = switches.checksum;
    const policies = new TimeoutPolicies(this.table, timeouts);
    this.objects = new FlowObjects(this.table, this.expectations, policies);
    this.#trackers = new Trackers(this.table, timeouts, policies, switches, this.invalid);
    this.#lookahead = new Lookahead(this.table);
    this.#earlyDrop = new EarlyDrop(this.table);
    this.#icmpMessages = new IcmpMessages(this.table, this.invalid);
    this.#usable = options.flows - Math.min(options.reserved ?? 0, options.flows);
    this.#privileged = options.privileged;
  }

  /** Flows in the table. */
  get count(): number {
    return this.table.count;
  }

  /**
   * Ties a parsed packet to its flow: sets `flow`, `direction` and `ctState`; at prerouting it also verifies
   * checksums. A packet that already has a flow, or is UNTRACKED, passes. `verdict` becomes DROP only when the
   * table is full.
   */
  track(batch: PacketBatch, row: number, hook: number): void {
    if (batch.flow[row]! >= 0 || batch.ctState[row] === CT_UNTRACKED || batch.family[row] === 0) return;
    this.#now = batch.now >>> 0;
    const transport = batch.transport[row]!, protocol = batch.protocol[row]!;
    const verify = this.#checksum && hook === HOOK_PREROUTING;
    if (transport === 0 || (protocol === NEXT_NONE && batch.family[row] === 6)) {
      this.invalid.malformed++;
      return this.#refuse(batch, row);
    }
    if (protocol === PROTOCOL_ICMP || protocol === PROTOCOL_ICMPV6) {
      if (this.#icmpMessage(batch, row, protocol, verify)) return;
    }
    if (!this.#trackers.sound(batch, row, protocol, verify)) return this.#refuse(batch, row);
    packetKey(this.#key, batch, row);
    // One repetition: a closed connection makes way for the one its SYN opens.
    for (let round = 0; round < 2; round++) {
      const verdict = this.#resolve(batch, row, protocol);
      if (verdict === TRACK_ACCEPT) return;
      if (verdict === TRACK_INVALID) return this.#refuse(batch, row);
    }
    this.#refuse(batch, row);
  }

  /**
   * Optional, before the rows of a batch are tracked one by one: looks ahead for all of them at once, which is
   * several times quicker when the table is larger than the caches.
   */
  lookAhead(batch: PacketBatch, rows: Uint16Array, count: number): void {
    if (this.table.count < CACHED_FLOWS) return;
    const ahead = this.#lookahead;
    ahead.reserve(batch);
    for (let i = 0; i < count; i++) {
      const row = rows[i]!;
      if (batch.flow[row]! >= 0 || batch.transport[row] === 0 || batch.family[row] === 0) continue;
      packetKey(this.#key, batch, row);
      ahead.remember(row, this.#key);
    }
    ahead.touch();
  }

  #refuse(batch: PacketBatch, row: number): void {
    batch.flow[row] = -1;
    batch.ctState[row] = CT_INVALID;
    this.counters.invalid++;
  }

  /** Finds or makes the flow of `#key` and lets its tracker judge the packet. */
  #resolve(batch: PacketBatch, row: number, protocol: number): number {
    const table = this.table, now = this.#now;
    let reference = table.findHashed(this.#key, this.#lookahead.hash(row, this.#key));
    if (reference < 0 && batch.flow[row]! < -1) reference = this.#findAnswered(batch.flow[row]!);
    if (reference >= 0 && table.expired(reference >>> 1, now)) {
      table.destroy(reference >>> 1);
      this.counters.expired++;
      // The inverse of this key may belong to another flow by now: look again, it can only be live.
      reference = table.find(this.#key);
    }
    let opened = false;
    if (reference < 0) {
      const flow = this.#open(batch, row);
      if (flow === OPEN_IMPOSSIBLE) return TRACK_INVALID;
      if (flow === OPEN_NO_ROOM) {
        this.counters.drop++;
        batch.verdict[row] = VERDICT_DROP;
        return TRACK_ACCEPT;
      }
      opened = true;
      reference = flow * 2;
    }
    const flow = reference >>> 1, direction = reference & 1, status = table.status[flow]!;
    if ((status & IPS_CONFIRMED) === 0 && direction === REPLY) {
      this.invalid.early++;
      return TRACK_INVALID;
    }
    const verdict = this.#trackers.judge(batch, row, protocol, flow, direction, opened, now);
    if (verdict !== TRACK_ACCEPT) {
      if (opened) table.destroy(flow);
      return verdict;
    }
    batch.flow[row] = flow;
    batch.direction[row] = direction;
    batch.ctState[row] = direction === REPLY || (status & IPS_SEEN_REPLY) !== 0
      ? CT_ESTABLISHED
      : (status & IPS_EXPECTED) !== 0
      ? CT_RELATED
      : CT_NEW;
    if (direction === REPLY) table.status[flow]! |= IPS_SEEN_REPLY;
    if ((status & IPS_CONFIRMED) === 0) table.setReferences(flow, Math.min(255, table.references(flow) + 1));
    return TRACK_ACCEPT;
  }

  /**
   * Where a rule gave the two directions of a flow different zones (`template`): `#key` is the original direction's;
   * the packet may as well be an answer in the other zone (nf_ct_zone_equal).
   */
  #findAnswered(template: number): number {
    const key = this.#key, meta = key[KEY_META]!, zone = templateZone(template, REPLY);
    if (zone === meta >>> 16) return -1;
    key[KEY_META] = (meta & 0xffff) | (zone << 16);
    const answer = this.table.find(key);
    key[KEY_META] = meta;
    return answer >= 0 && (answer & 1) === REPLY ? answer : -1;
  }

  /** A new unconfirmed flow for `#key`: its row, OPEN_IMPOSSIBLE or OPEN_NO_ROOM. */
  #open(batch: PacketBatch, row: number): number {
    const table = this.table, now = this.#now, template = batch.flow[row]!;
    if (!invertKey(this.#reply, this.#key)) {
      this.invalid.unsolicited++;
      return OPEN_IMPOSSIBLE;
    }
    if (template < -1) {
      this.#reply[KEY_META] = (this.#key[KEY_META]! & 0xffff) | (templateZone(template, REPLY) << 16);
    }
    if (table.count >= this.#usable && !this.#makeRoom(batch, row)) return OPEN_NO_ROOM;
    const flow = table.create(this.#key, this.#reply, now, now + UNCONFIRMED_LIFE);
    if (flow < 0) return OPEN_NO_ROOM;
    table.setStart(flow, batch.wall);
    if (this.expectations.count > 0) this.#expected(flow);
    return flow;
  }

  #expected(flow: number): void {
    const expectations = this.expectations, table = this.table;
    const slot = expectations.find(this.#key, this.#now);
    if (slot < 0) return;
    const master = expectations.master(slot);
    // how could the other end know of a connection whose packet has not left yet (nf_ct_find_expectation)
    if (!table.live(master)) return;
    table.status[flow]! |= IPS_EXPECTED;
    table.mark[flow] = table.mark[master]!;
    table.setMaster(flow, master);
    const helping = table.helperSlot(master);
    if (helping !== 0) table.assigned.setMasterHelper(flow, helping);
    table.setHelperSlot(flow, expectations.helper(slot));
    expectations.use(slot);
    this.counters.expect_new++;
  }

  /** Room for one more flow, by early drop or from the reserve; false when there is none. */
  #makeRoom(batch: PacketBatch, row: number): boolean {
    const table = this.table;
    if (table.count < table.capacity && this.#privileged?.(batch, row) === true) return true;
    const victim = this.#earlyDrop.victim();
    if (victim < 0) return false;
    table.destroy(victim);
    this.counters.early_drop++;
    return true;
  }

  /** Errors and neighbour messages; true when the packet is done with. */
  #icmpMessage(batch: PacketBatch, row: number, protocol: number, verify: boolean): boolean {
    if (batch.family[row] !== (protocol === PROTOCOL_ICMP ? 4 : 6)) return false;
    const found = this.#icmpMessages.resolve(batch, row, verify, this.#now);
    if (found === ICMP_MESSAGE_PLAIN) return false;
    if (found === ICMP_MESSAGE_UNTRACKED) {
      batch.flow[row] = -1;
      batch.ctState[row] = CT_UNTRACKED;
    } else if (found === ICMP_MESSAGE_INVALID) {
      batch.flow[row] = -1;
      batch.ctState[row] = CT_INVALID;
      this.counters.error++;
    } else {
      batch.flow[row] = found >>> 1;
      batch.direction[row] = found & 1;
      batch.ctState[row] = CT_RELATED;
    }
    return true;
  }

  /** Whether the flow stays in the table without the packet at hand. */
  confirmed(flow: number): boolean {
    return flow >= 0 && (this.table.status[flow]! & IPS_CONFIRMED) !== 0;
  }

  /** The packet leaves (end of input or postrouting): a flow it opened stays. */
  confirm(batch: PacketBatch, row: number): void {
    const flow = batch.flow[row]!;
    if (flow < 0 || (this.table.status[flow]! & (IPS_CONFIRMED | IPS_DYING)) !== 0) return;
    // What `reject` sends back belongs to the flow and does not make it stay (__nf_conntrack_confirm).
    if (batch.direction[row] !== ORIGINAL) return;
    if (!this.table.answerable(flow) && !this.#claimReply(batch, row, flow)) return;
    this.table.setReferences(flow, 0);
    this.table.confirm(flow, batch.now >>> 0);
    this.counters.insert++;
  }

  /**
   * Answers of the new flow would be taken for another flow's, and no NAT gave it a key of its own. A datagram
   * joins that flow where NAT has no part in it (nf_ct_resolve_clash), anything else dies. True when the key is
   * free by now.
   */
  #claimReply(batch: PacketBatch, row: number, flow: number): boolean {
    const table = this.table, protocol = table.protocol(flow);
    table.readKey(flow, REPLY, this.#reply);
    const winner = table.find(this.#reply);
    if (winner < 0) {
      table.alterReply(flow, this.#reply);
      return true;
    }
    table.destroy(flow);
    const datagram = protocol === PROTOCOL_UDP || protocol === PROTOCOL_UDPLITE;
    if (datagram && (table.status[winner >>> 1]! & (IPS_NAT_DONE_MASK | IPS_CONFIRMED)) === IPS_CONFIRMED) {
      batch.flow[row] = winner >>> 1;
      this.counters.clash_resolve++;
    } else {
      batch.verdict[row] = VERDICT_DROP;
      this.counters.drop++;
      this.counters.insert_failed++;
    }
    return false;
  }

  /** The packet died: a flow only it (or its like in this batch) had opened is forgotten. */
  abandon(batch: PacketBatch, row: number): void {
    const flow = batch.flow[row]!;
    batch.flow[row] = -1;
    if (flow < 0 || (this.table.status[flow]! & (IPS_CONFIRMED | IPS_DYING)) !== 0) return;
    const references = this.table.references(flow) - 1;
    if (references > 0) this.table.setReferences(flow, references);
    else this.table.destroy(flow);
  }

  /** A TCP connection that `reject with tcp reset` cuts off is closing (nf_conntrack_tcp_set_closing). */
  close(flow: number, now: number): void {
    this.#trackers.close(flow, now >>> 0);
  }

  /**
   * Between batches: rows that died become free, and flows whose time is over end, at most `budget` looked at.
   * `now` is the monotonic time in milliseconds. Returns how many were looked at.
   */
  expire(now: number, budget: number): number {
    const table = this.table, time = now >>> 0;
    this.#now = time;
    table.settle(time);
    let seen = 0;
    while (seen < budget) {
      const flow = table.due(time);
      if (flow < 0) break;
      seen++;
      const status = table.status[flow]!;
      if ((status & IPS_CONFIRMED) !== 0 && !table.expired(flow, time)) {
        table.again(flow, time);
        continue;
      }
      if ((status & IPS_CONFIRMED) !== 0) this.counters.expired++;
      table.lapse(flow, time);
    }
    return seen;
  }

  /** Next live row >= `cursor`, -1 at the end: `for (r = next(0); r >= 0; r = next(r + 1))`. */
  next(cursor: number): number {
    const table = this.table;
    for (let row = Math.max(0, cursor); row < table.end; row++) {
      if (table.live(row) && !table.expired(row, this.#now)) return row;
    }
    return -1;
  }

  /** Ends one flow; a row that holds none is let be. */
  delete(row: number): void {
    if (this.table.live(row)) this.table.destroy(row);
  }

  /** Ends every flow. */
  flush(): void {
    for (let row = 0; row < this.table.end; row++) this.delete(row);
  }

  /** Whether a flow is assured: not given up when the table is full. */
  assured(flow: number): boolean {
    return (this.table.status[flow]! & IPS_ASSURED) !== 0;
  }
}

/** So many flows stay in the caches: looking ahead would only cost. */
const CACHED_FLOWS = 8192;
const OPEN_IMPOSSIBLE = -1;
const OPEN_NO_ROOM = -2;
/** Milliseconds an unconfirmed flow may wait for its packet to leave. */
const UNCONFIRMED_LIFE = 10_000;

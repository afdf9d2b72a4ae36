import { setU16, u32 } from "../packet/bytes.ts";
import type { PacketBatch } from "../packet/batch.ts";
import { finish, sum } from "../packet/checksum.ts";
import { CHECKSUM_NONE, CHECKSUM_VALID, ENTRY_PREROUTING, VERDICT_CONTINUE } from "../packet/columns.ts";
import { EBADMSG } from "../crypto/requests.ts";
import { ETHERTYPE_IPV4, ETHERTYPE_IPV6 } from "../packet/ethernet.ts";
import { IPV4, PROTOCOL_ESP, PROTOCOL_UDP } from "../packet/ipv4.ts";
import { IPV6 } from "../packet/ipv6.ts";
import { UDP } from "../packet/udp.ts";
import { ESP, espFits, NEXT_DUMMY, NEXT_IPV4, NEXT_IPV6, payloadLength, TRAILER } from "./esp.ts";
import { namedAt } from "./insertion.ts";
import { JOB_IN, type Jobs } from "./jobs.ts";
import { ORDER_GONE } from "./order.ts";
import { ECN_CE, ECN_MASK, setTrafficClass, trafficClass } from "./outer.ts";
import { REPLAY_NEW, REPLAY_SEEN, type ReplayAnswer } from "./replay.ts";
import * as life from "./state.ts";
import type { State } from "./state.ts";
import type { States } from "./states.ts";
import * as count from "./statistics.ts";

/**
 * Packets on their way out of ESP (kernel: xfrm_input.c, esp4.c, esp6.c).
 *
 * Overview    `receive` finds the state, asks its replay window, moves the packet into a slab and hands it to the
 *             engine, which decrypts it there. `finish` looks at the ICV's verdict, asks the window again, takes
 *             padding, ESP and outer headers away and leaves the inner packet in the slab, with its secpath.
 * Ownership   a row received is the engine's: the caller drops it from its batch (VERDICT_STOLEN).
 * Limits      fragments must have been put together before. Two states a packet at most (a secpath's room), where the
 *             kernel has six. Every refusal is counted.
 */
export class EspInput {
  readonly #jobs: Jobs;
  readonly #states: States;
  readonly #statistics: count.XfrmStatistics;

  constructor(jobs: Jobs, states: States, statistics: count.XfrmStatistics) {
    this.#jobs = jobs;
    this.#states = states;
    this.#statistics = statistics;
  }

  /** Takes a parsed row of protocol ESP, or UDP with ESP behind. False when it was dropped, and counted. */
  receive(batch: PacketBatch, row: number, now: number): boolean {
    const udp = batch.protocol[row] === PROTOCOL_UDP,
      transport = batch.transport[row]!,
      end = batch.end[row]!;
    const esp = udp ? transport + UDP.size : transport;
    if (!udp && batch.protocol[row] !== PROTOCOL_ESP) return this.#refuse(count.IN_HEADER_ERROR);
    if (transport === 0 || batch.fragment[row] !== 0 || !espFits(esp, end)) {
      return this.#refuse(count.IN_HEADER_ERROR);
    }
    const bytes = batch.bytes(row), spi = u32(bytes, esp), sequence = u32(bytes, esp + ESP.sequence);
    const state = this.#states.lookup(spi, batch.family[row]!, batch.destination, row * 4, batch.mark[row]!);
    if (state === undefined) return this.#refuse(count.IN_NO_STATES);
    if (state.condition !== life.VALID) return this.#refuse(count.IN_INVALID);
    if ((state.options.encapsulation !== undefined) !== udp) return this.#refuse(count.IN_MISMATCH);
    const replay = state.replay.check(sequence);
    if (replay !== REPLAY_NEW) return this.#replayed(state, replay);
    if (!this.#states.alive(state, now)) return this.#refuse(count.IN_EXPIRED);
    const { ivSize, icvSize, blockSize } = state.transform, text = end - esp - ESP.size - ivSize - icvSize;
    if (text < TRAILER.size || (text & (blockSize - 1)) !== 0) return this.#refuse(count.IN_PROTOCOL_ERROR);
    if (batch.secpath[row]! > 0xffff) return this.#refuse(count.IN_BUFFER_ERROR);
    const slot = state.inOrder.take();
    if (slot < 0) return this.#refuse(count.IN_BUFFER_ERROR);
    const { pool } = this.#jobs, slab = this.#keep(batch, row);
    if (slab >= 0) {
      const at = pool.columns.network[slab]! + esp - batch.network[row]!, high = state.replay.high(sequence);
      if (this.#jobs.submit(JOB_IN, state, slab, slot, at, text, sequence, high)) return true;
      pool.free(slab);
    }
    state.inOrder.undo();
    return this.#refuse(count.IN_BUFFER_ERROR);
  }

  /** The packet in a slab: its own where it has one, else a copy. -1 when the pool is empty. */
  #keep(batch: PacketBatch, row: number): number {
    const { pool } = this.#jobs, own = batch.slab[row]!;
    if (own < 0) return pool.hold(batch, row);
    batch.slab[row] = -1;
    pool.columns.copyRow(own, batch, row, 0);
    return own;
  }

  #refuse(which: number): false {
    this.#statistics.count(which);
    return false;
  }

  #replayed(state: State, answer: ReplayAnswer): false {
    state.lives[answer === REPLAY_SEEN ? life.REPLAY_ERRORS : life.REPLAY_WINDOW_ERRORS]! += 1;
    return this.#refuse(count.IN_SEQUENCE_ERROR);
  }

  /** A request is done. The inner packet's slab, or ORDER_GONE. */
  finish(job: number, state: State): number {
    const jobs = this.#jobs, slab = jobs.slab[job]!, result = jobs.end(job, state);
    if (this.#accept(job, state, slab, result)) return slab;
    jobs.pool.free(slab);
    return ORDER_GONE;
  }

  #accept(job: number, state: State, slab: number, result: number): boolean {
    const jobs = this.#jobs, { columns, bytes } = jobs.pool, { replay } = state;
    if (result !== 0) {
      if (result === EBADMSG) state.lives[life.INTEGRITY_ERRORS]! += 1;
      return this.#refuse(count.IN_PROTOCOL_ERROR);
    }
    if (state.condition === life.DEAD) return this.#refuse(count.IN_INVALID);
    const sequence = jobs.sequence[job]!, high = jobs.high[job]!, { ivSize, icvSize } = state.transform;
    const inner = jobs.esp[job]! + ESP.size + ivSize, textEnd = columns.end[slab]! - icvSize;
    const payload = payloadLength(bytes, textEnd, textEnd - inner);
    if (payload < 0) return this.#refuse(count.IN_PROTOCOL_ERROR);
    const answer = replay.recheck(sequence, high);
    if (answer !== REPLAY_NEW) return this.#replayed(state, answer);
    replay.advance(sequence, high);
    const next = bytes[textEnd - TRAILER.size + TRAILER.nextHeader]!;
    if (next === NEXT_DUMMY) {
      state.lives[life.DUMMIES]! += 1;
      return false;
    }
    state.lives[life.BYTES]! += payload;
    state.lives[life.PACKETS]! += 1;
    columns.end[slab] = inner + payload;
    const whole = state.tunnel
      ? this.#decapsulate(state, slab, inner, payload, next)
      : this.#rejoin(state, slab, inner, payload, next);
    if (!whole) return this.#refuse(count.IN_MODE_ERROR);
    this.#describe(state, slab);
    return true;
  }

  /** Tunnel mode: the payload is a packet (xfrm4_remove_tunnel_encap, RFC 4301 5.1.2 right column). */
  #decapsulate(state: State, slab: number, inner: number, payload: number, next: number): boolean {
    const { columns, bytes } = this.#jobs.pool, v4 = next === NEXT_IPV4;
    if (state.inner !== 0 && state.inner !== (v4 ? 4 : 6)) return false;
    if (!v4 && next !== NEXT_IPV6 || payload < (v4 ? IPV4.size : IPV6.size)) return false;
    if (bytes[inner]! >>> 4 !== (v4 ? 4 : 6)) return false;
    if (v4 && ((bytes[inner]! & 15) << 2) > payload) return false;
    const outer = trafficClass(bytes, columns.network[slab]!), own = trafficClass(bytes, inner);
    let value = state.decapDscp ? (outer & ~ECN_MASK) | (own & ECN_MASK) : own;
    // Congestion outside is told inside, to who can hear it (RFC 3168 9.1.1)
    if (!state.noEcn && (outer & ECN_MASK) === ECN_CE && (value & ECN_MASK) !== 0) value |= ECN_CE;
    if (value !== own) setTrafficClass(bytes, inner, value);
    columns.start[slab] = columns.network[slab] = inner;
    columns.etherType[slab] = v4 ? ETHERTYPE_IPV4 : ETHERTYPE_IPV6;
    return true;
  }

  /** Transport mode: the headers before ESP move up to the payload. */
  #rejoin(state: State, slab: number, inner: number, payload: number, next: number): boolean {
    const { columns, bytes } = this.#jobs.pool, network = columns.network[slab]!;
    const transport = columns.transport[slab]!, head = transport - network;
    const named = namedAt(bytes, network, transport);
    if (named < 0) return false;
    bytes[named] = next;
    const at = inner - head;
    bytes.copyWithin(at, network, transport);
    if (state.family === 4) {
      setU16(bytes, at + IPV4.totalLength, head + payload);
      setU16(bytes, at + IPV4.checksum, 0);
      setU16(bytes, at + IPV4.checksum, finish(sum(bytes, at, at + head)));
    } else setU16(bytes, at + IPV6.payloadLength, head - IPV6.size + payload);
    columns.start[slab] = columns.network[slab] = at;
    return true;
  }

  /** It comes in once more, at prerouting, as a packet nothing is known of but where it came from. */
  #describe(state: State, slab: number): void {
    const { columns } = this.#jobs.pool, { encapsulation, outputMark } = state.options;
    columns.entry[slab] = ENTRY_PREROUTING;
    columns.verdict[slab] = VERDICT_CONTINUE;
    columns.flow[slab] = columns.neighbour[slab] = -1;
    columns.ctState[slab] =
      columns.direction[slab] =
      columns.outInterface[slab] =
      columns.transport[slab] =
        0;
    columns.vlan[slab] = columns.fragmentSize[slab] = columns.routeMtu[slab] = 0;
    columns.segmentType[slab] = columns.segmentSize[slab] = columns.transform[slab] = 0;
    // Behind a NAT a transport checksum over the addresses is wrong, and was right for whom the ICV vouches (RFC 3948 3.1.2)
    columns.checksum[slab] = encapsulation !== undefined && !state.tunnel ? CHECKSUM_VALID : CHECKSUM_NONE;
    const mark = columns.mark[slab]!;
    if (outputMark !== undefined) {
      columns.mark[slab] = (mark & ~outputMark.mask) | (outputMark.value & outputMark.mask);
    }
    const path = columns.secpath[slab]!;
    columns.secpath[slab] = path === 0 ? state.row + 1 : path | (state.row + 1) << 16;
  }
}

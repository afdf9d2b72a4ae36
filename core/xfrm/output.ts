import { copyBytes } from "../forward/own_packet.ts";
import { copyWords, sameRest } from "../packet/copy.ts";
import { setU16, setU32, u32 } from "../packet/bytes.ts";
import { finish, pseudo, sum } from "../packet/checksum.ts";
import {
  CHECKSUM_NONE,
  CHECKSUM_PARTIAL,
  CHECKSUM_VALID,
  ENTRY_OUTPUT,
  type PacketColumns,
} from "../packet/columns.ts";
import { ETHERTYPE_IPV4, ETHERTYPE_IPV6 } from "../packet/ethernet.ts";
import { IPV4, PROTOCOL_ESP, PROTOCOL_UDP } from "../packet/ipv4.ts";
import { IPV6 } from "../packet/ipv6.ts";
import { UDP } from "../packet/udp.ts";
import type { Random } from "../random.ts";
import { ESP, espLength, NEXT_IPV4, NEXT_IPV6, paddingOf, TRAILER, writeTrailer } from "./esp.ts";
import { Insertion } from "./insertion.ts";
import { JOB_OUT, type Jobs } from "./jobs.ts";
import { ORDER_GONE } from "./order.ts";
import { writeOuter4, writeOuter6 } from "./outer.ts";
import { BYTES, PACKETS, type State, VALID } from "./state.ts";
import type { States } from "./states.ts";
import * as count from "./statistics.ts";

/**
 * Packets on their way into ESP (kernel: xfrm_output.c, esp4.c, esp6.c).
 *
 * Overview    `send` writes the whole packet into a slab of its own - IP header, UDP header where there is
 *             encapsulation, ESP header, iv, the packet, padding, trailer - and hands it to the engine, which
 *             encrypts it there and adds the ICV. `finish` takes it back.
 * Ownership   the row sent is only read.
 * Limits      super-packets are refused: whoever sends has cut them before. Transport mode takes whole packets only
 *             (RFC 4301 4.1). Every refusal is counted.
 */
export class EspOutput {
  readonly #jobs: Jobs;
  readonly #states: States;
  readonly #statistics: count.XfrmStatistics;
  readonly #random: Random;
  readonly #insertion = new Insertion();

  constructor(jobs: Jobs, states: States, statistics: count.XfrmStatistics, random: Random) {
    this.#jobs = jobs;
    this.#states = states;
    this.#statistics = statistics;
    this.#random = random;
  }

  /** Sends the parsed packet of a row through a state: the slab it is made in, or -1 when it was dropped, and counted. */
  send(
    from: PacketColumns,
    row: number,
    bytes: Uint8Array,
    words: Uint32Array | undefined,
    state: State,
    now: number,
  ): number {
    if (state.condition !== VALID) return this.#refuse(count.OUT_INVALID);
    if (!this.#states.alive(state, now)) return this.#refuse(count.OUT_EXPIRED);
    if (from.segmentType[row] !== 0) return this.#refuse(count.OUT_ERROR);
    const network = from.network[row]!, end = from.end[row]!, insertion = this.#insertion;
    let head = state.family === 4 ? IPV4.size : IPV6.size, payloadAt = network;
    let next = from.family[row] === 4 ? NEXT_IPV4 : NEXT_IPV6;
    if (!state.tunnel) {
      if (from.family[row] !== state.family || from.fragment[row] !== 0) {
        return this.#refuse(count.OUT_MODE_ERROR);
      }
      if (!insertion.find(bytes, network, end)) return this.#refuse(count.OUT_MODE_ERROR);
      payloadAt = insertion.at;
      head = payloadAt - network;
      next = bytes[insertion.nextHeader]!;
    }
    const { transform } = state, payload = end - payloadAt;
    const encapsulation = state.options.encapsulation === undefined ? 0 : UDP.size;
    const espBytes = espLength(payload, transform.ivSize, transform.blockSize, transform.icvSize);
    const total = head + encapsulation + espBytes;
    if (total > 65535) return this.#refuse(count.OUT_ERROR);
    const { pool } = this.#jobs, slab = pool.take(total + 3);
    if (slab < 0) return this.#refuse(count.OUT_NO_QUEUE_SPACE);
    if (!state.nextSequence()) {
      pool.free(slab);
      this.#states.expire(state, "sequence");
      return this.#refuse(count.OUT_SEQUENCE_ERROR);
    }
    const slot = state.outOrder.take();
    if (slot < 0) {
      pool.free(slab);
      return this.#refuse(count.OUT_NO_QUEUE_SPACE);
    }
    const b = pool.bytes, to = pool.columns, before = head + encapsulation + ESP.size + transform.ivSize;
    const start = to.start[slab]! + sameRest(to.start[slab]! + before, payloadAt);
    const esp = start + head + encapsulation, inner = start + before;
    to.start[slab] = start;
    to.end[slab] = start + total;
    if (words === undefined || words === pool.words) copyBytes(b, inner, bytes, payloadAt, end);
    else copyWords(pool.words, inner, words, payloadAt, payload);
    if (from.checksum[row] === CHECKSUM_PARTIAL) {
      completeChecksum(from, row, b, inner - payloadAt, inner + payload, payload);
    }
    if (state.tunnel) this.#outer(state, b, start, total, encapsulation, inner);
    else {
      copyBytes(b, start, bytes, network, payloadAt);
      this.#header(b, start, head, total, encapsulation, insertion.nextHeader - network);
    }
    if (encapsulation !== 0) writeUdp(state, b, start + head, UDP.size + espBytes);
    setU32(b, esp + ESP.spi, state.options.spi);
    setU32(b, esp + ESP.sequence, state.sequence[0]!);
    this.#iv(state, b, esp + ESP.size);
    const padding = paddingOf(payload, transform.blockSize);
    writeTrailer(b, inner + payload, padding, next);
    this.#describe(from, row, slab, head, state);
    state.lives[BYTES]! += payload;
    state.lives[PACKETS]! += 1;
    const text = payload + padding + TRAILER.size;
    if (this.#jobs.submit(JOB_OUT, state, slab, slot, esp, text, state.sequence[0]!, state.sequence[1]!)) {
      return slab;
    }
    pool.free(slab);
    state.outOrder.undo();
    return this.#refuse(count.OUT_NO_QUEUE_SPACE);
  }

  #refuse(which: number): -1 {
    this.#statistics.count(which);
    return -1;
  }

  #outer(state: State, b: Uint8Array, at: number, total: number, encapsulation: number, inner: number): void {
    const protocol = encapsulation === 0 ? PROTOCOL_ESP : PROTOCOL_UDP;
    if (state.family === 4) writeOuter4(state, b, at, total, protocol, inner);
    else writeOuter6(state, b, at, total, protocol, inner);
  }

  /** Makes a copied header one of transport mode; `named` is where its next-header byte stands. */
  #header(
    b: Uint8Array,
    at: number,
    head: number,
    total: number,
    encapsulation: number,
    named: number,
  ): void {
    b[at + named] = encapsulation === 0 ? PROTOCOL_ESP : PROTOCOL_UDP;
    if (b[at]! >>> 4 === 4) {
      setU16(b, at + IPV4.totalLength, total);
      setU16(b, at + IPV4.checksum, 0);
      setU16(b, at + IPV4.checksum, finish(sum(b, at, at + head)));
    } else setU16(b, at + IPV6.payloadLength, total - IPV6.size);
  }

  /** Sequence number, as 64 bits, XOR the state's salt (seqiv), or random bytes where it must not be foreseen. */
  #iv(state: State, b: Uint8Array, at: number): void {
    if (state.transform.randomIv) {
      for (let i = 0; i < state.transform.ivSize; i += 4) setU32(b, at + i, this.#random.u32());
    } else {
      setU32(b, at, state.sequence[1]! ^ state.ivSalt[0]!);
      setU32(b, at + 4, state.sequence[0]! ^ state.ivSalt[1]!);
    }
  }

  /** Columns of the packet made, as parsing would fill them. */
  #describe(from: PacketColumns, row: number, slab: number, head: number, state: State): void {
    const to = this.#jobs.pool.columns,
      b = this.#jobs.pool.bytes,
      start = to.start[slab]!,
      { options } = state;
    const v4 = b[start]! >>> 4 === 4, lane = slab * 4;
    to.network[slab] = start;
    to.transport[slab] = start + head;
    to.family[slab] = v4 ? 4 : 6;
    to.etherType[slab] = v4 ? ETHERTYPE_IPV4 : ETHERTYPE_IPV6;
    to.entry[slab] = ENTRY_OUTPUT;
    to.priority[slab] = from.priority[row]!;
    to.trace[slab] = from.trace[row]!;
    to.passes[slab] = from.passes[row]!;
    const mark = from.mark[row]!, own = options.outputMark;
    to.mark[slab] = own === undefined ? mark : (mark & ~own.mask) | (own.value & own.mask);
    const address = start + (v4 ? IPV4.source : IPV6.source), words = v4 ? 1 : 4;
    for (let i = 0; i < words; i++) {
      to.source[lane + i] = u32(b, address + 4 * i);
      to.destination[lane + i] = u32(b, address + 4 * (words + i));
    }
    const { encapsulation } = options;
    to.protocol[slab] = encapsulation === undefined ? PROTOCOL_ESP : PROTOCOL_UDP;
    to.sourcePort[slab] = encapsulation === undefined ? 0 : encapsulation.sourcePort;
    to.destinationPort[slab] = encapsulation === undefined ? 0 : encapsulation.destinationPort;
    to.checksum[slab] = encapsulation === undefined ? CHECKSUM_NONE : CHECKSUM_VALID;
  }

  /** A request is done. The packet, or ORDER_GONE. */
  finish(job: number, state: State): number {
    const jobs = this.#jobs, slab = jobs.slab[job]!;
    if (jobs.end(job, state) !== 0) {
      jobs.pool.free(slab);
      this.#statistics.count(count.OUT_PROTOCOL_ERROR);
      return ORDER_GONE;
    }
    const { columns, bytes } = jobs.pool;
    // RFC 3948 2.1 has no checksum over IPv4; over IPv6 UDP must have one (esp_output_encap_csum).
    if (columns.family[slab] === 6 && columns.protocol[slab] === PROTOCOL_UDP) {
      const at = columns.transport[slab]!, end = columns.end[slab]!;
      const base = pseudo(bytes, columns.network[slab]!, 6, PROTOCOL_UDP, end - at);
      setU16(bytes, at + UDP.checksum, finish(sum(bytes, at, end, base)) || 0xffff);
    }
    return slab;
  }
}

function writeUdp(state: State, b: Uint8Array, at: number, length: number): void {
  const { sourcePort, destinationPort } = state.options.encapsulation!;
  setU16(b, at + UDP.sport, sourcePort);
  setU16(b, at + UDP.dport, destinationPort);
  setU16(b, at + UDP.length, length);
  setU16(b, at + UDP.checksum, 0);
}

/** What a device would have done later must be done before it is encrypted (skb_checksum_help). */
function completeChecksum(
  from: PacketColumns,
  row: number,
  b: Uint8Array,
  shift: number,
  end: number,
  payload: number,
): void {
  const at = from.checksumStart[row]! + shift, field = at + from.checksumOffset[row]!;
  if (at >= end - payload && field + 2 <= end) setU16(b, field, finish(sum(b, at, end)) || 0xffff);
}

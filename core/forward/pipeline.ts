import { HOOK_FORWARD, HOOK_INPUT, HOOK_OUTPUT, HOOK_POSTROUTING, HOOK_PREROUTING } from "../hook.ts";
import type { PacketBatch } from "../packet/batch.ts";
import {
  ENTRY_LINK,
  ENTRY_OUTPUT,
  ENTRY_PREROUTING,
  ENTRY_TRANSMIT,
  ENTRY_WIRE,
  VERDICT_CONTINUE,
  VERDICT_DROP,
} from "../packet/columns.ts";
import type { Conntrack } from "../conntrack/track.ts";
import {
  DROP_LOOP,
  DROP_MARTIAN_DESTINATION,
  DROP_MARTIAN_SOURCE,
  DROP_NEIGHBOUR,
  type Drops,
} from "./drops.ts";
import type { Forwarding } from "./forwarding.ts";
import { FROM_START, type Hooks, PRIORITY_DEFRAGMENT } from "./hooks.ts";
import type { IpsecHooks } from "./ipsec_hooks.ts";
import type { LinkHooks } from "./link_hooks.ts";
import { LINK_ARP, LINK_IP, type LinkInput } from "./link_input.ts";
import type { LocalDelivery } from "./local_delivery.ts";
import { martian, MARTIAN_NONE, MARTIAN_SOURCE } from "./martian.ts";
import type { Adjacency } from "./neighbour/adjacency.ts";
import type { Output } from "./output.ts";
import { RowList } from "./row_list.ts";
import type { Transmitter } from "./transmit.ts";

/**
 * The way of a packet.
 *
 *   wire -> link -> prerouting -> route -+-> input -> local port
 *                                        +-> forward -+-> postrouting -> neighbour -> wire
 *   local port, own packets -> route -> output -------+-> ESP -> output, postrouting
 *   input -> ESP -> prerouting
 *
 * Overview    a batch is taken through stage by stage. What rooms make on the way (errors, answers, fragments,
 *             reassembled packets, packets a neighbour was waiting for) is appended and taken up in the next
 *             pass; a batch has at most MOST_PASSES of them, what would need more is a loop and dropped.
 * Ownership   the batch is the caller's; lists are empty between calls.
 * Limits      never throws for what a packet holds.
 */
export class Pipeline {
  readonly #parts: PipelineParts;
  readonly #work: RowList;
  readonly #prerouting: RowList;
  readonly #output: RowList;
  readonly #input: RowList;
  readonly #forward: RowList;
  readonly #leaving: RowList;

  constructor(parts: PipelineParts, capacity: number) {
    this.#parts = parts;
    this.#work = new RowList(capacity);
    this.#prerouting = new RowList(capacity);
    this.#output = new RowList(capacity);
    this.#input = new RowList(capacity);
    this.#forward = new RowList(capacity);
    this.#leaving = new RowList(2 * capacity);
  }

  /** Takes every row of the batch to its end; frames for the wire then stand in the transmit queues. */
  process(batch: PacketBatch): void {
    let from = 0;
    for (let pass = 0; from < batch.count; pass++) {
      this.#collect(batch, from);
      from = batch.count;
      if (pass === MOST_PASSES) this.#dropLoops(batch);
      else this.#pass(batch);
    }
    this.#abandon(batch);
  }

  /** Rows of the next pass: those appended since `from`. */
  #collect(batch: PacketBatch, from: number): void {
    const work = this.#work;
    work.clear();
    for (let row = from; row < batch.count; row++) {
      const decapsulated = batch.secpath[row] !== 0 && batch.fragmentSize[row] === 0;
      const reassembled = !decapsulated &&
        (batch.entry[row] === ENTRY_PREROUTING || batch.fragmentSize[row] !== 0);
      this.#parts.hooks.resumeAt[row] = reassembled ? PRIORITY_DEFRAGMENT + 1 : FROM_START;
      if (batch.verdict[row] === VERDICT_CONTINUE) work.push(row);
    }
  }

  #pass(batch: PacketBatch): void {
    const { hooks, link, transmitter, forwarding, local, output, ipsec, adjacency } = this.#parts;
    const work = this.#work;
    for (let i = 0; i < work.count; i++) this.#enter(batch, work.rows[i]!);
    if (link.mustFlush) {
      transmitter.flush(batch);
      link.mustFlush = false;
    }
    hooks.run(HOOK_PREROUTING, batch, this.#prerouting);
    forwarding.route(batch, this.#prerouting, this.#input, this.#forward);
    hooks.run(HOOK_INPUT, batch, this.#input);
    local.deliver(batch, this.#input);
    hooks.run(HOOK_FORWARD, batch, this.#forward);
    output.route(batch, this.#output);
    hooks.run(HOOK_OUTPUT, batch, this.#output);
    output.reroute(batch, this.#output);
    this.#leaving.append(this.#forward);
    this.#leaving.append(this.#output);
    hooks.run(HOOK_POSTROUTING, batch, this.#leaving);
    for (let i = 0; i < this.#leaving.count; i++) {
      const row = this.#leaving.rows[i]!;
      if (batch.verdict[row] === VERDICT_CONTINUE && ipsec.leave(batch, row) && output.fits(batch, row)) {
        this.#send(batch, row, adjacency);
      }
    }
    this.#prerouting.clear();
    this.#input.clear();
    this.#forward.clear();
    this.#output.clear();
    this.#leaving.clear();
  }

  /** Sorts a row to the stage its `entry` names. */
  #enter(batch: PacketBatch, row: number): void {
    const { link, linkHooks, adjacency, transmitter } = this.#parts;
    switch (batch.entry[row]) {
      case ENTRY_WIRE: {
        const what = link.input(batch, row);
        if (what === LINK_ARP) {
          if (!linkHooks.arp || linkHooks.arpInput(batch, row)) adjacency.input(batch, row);
        } else if (what === LINK_IP && this.#possible(batch, row)) this.#prerouting.push(row);
        return;
      }
      case ENTRY_PREROUTING:
        if (batch.secpath[row] !== 0 && !this.#possible(batch, row)) return;
        return this.#prerouting.push(row);
      case ENTRY_OUTPUT:
        return this.#output.push(row);
      case ENTRY_TRANSMIT:
        return this.#send(batch, row, adjacency);
      case ENTRY_LINK:
        if (linkHooks.arp && !linkHooks.arpOutput(batch, row)) return;
        return transmitter.sendFrame(batch, row, batch.outInterface[row]!);
    }
  }

  #possible(batch: PacketBatch, row: number): boolean {
    const found = martian(batch.family[row]!, batch.source, batch.destination, row * 4);
    if (found === MARTIAN_NONE) return true;
    this.#parts.drops.drop(
      batch,
      row,
      found === MARTIAN_SOURCE ? DROP_MARTIAN_SOURCE : DROP_MARTIAN_DESTINATION,
    );
    return false;
  }

  /** Last step: the neighbour's address, the link header, the port. A waiting neighbour keeps the packet. */
  #send(batch: PacketBatch, row: number, adjacency: Adjacency): void {
    const neighbour = batch.neighbour[row]!;
    if (neighbour < 0) return this.#parts.drops.drop(batch, row, DROP_NEIGHBOUR);
    if (adjacency.output(batch, row, neighbour)) {
      this.#parts.transmitter.sendRouted(batch, row, adjacency.macs, neighbour);
    } else if (batch.verdict[row] === VERDICT_DROP) this.#parts.drops.count(DROP_NEIGHBOUR);
  }

  #dropLoops(batch: PacketBatch): void {
    for (let i = 0; i < this.#work.count; i++) this.#parts.drops.drop(batch, this.#work.rows[i]!, DROP_LOOP);
  }

  /** Flows whose first packet died on the way are forgotten, but only now: an answer about it may have needed it. */
  #abandon(batch: PacketBatch): void {
    const { conntrack } = this.#parts;
    for (let row = 0; row < batch.count; row++) {
      if (batch.flow[row]! >= 0 && !conntrack.confirmed(batch.flow[row]!)) conntrack.abandon(batch, row);
    }
  }
}

export interface PipelineParts {
  readonly hooks: Hooks;
  readonly link: LinkInput;
  readonly linkHooks: LinkHooks;
  readonly transmitter: Transmitter;
  readonly forwarding: Forwarding;
  readonly local: LocalDelivery;
  readonly output: Output;
  readonly ipsec: IpsecHooks;
  readonly adjacency: Adjacency;
  readonly conntrack: Conntrack;
  readonly drops: Drops;
}

/** "Decapsulated, rejected and self-made packets re-enter at most four times." */
const MOST_PASSES = 5;

import type { PacketBatch } from "../packet/batch.ts";
import type { Random } from "../random.ts";
import type { SetTable } from "../ruleset/sets/table.ts";
import { ConnectionCounts } from "./connection_counts.ts";
import type { TraceEvent } from "../expr/trace_event.ts";
import type { FlowObjectsView, FlowView } from "./flow_view.ts";
import type { TracePlan } from "./trace_plan.ts";
import { type NatRequest, natRequest } from "./nat_request.ts";

/** What the machine asks of the router round it. Optional parts that are missing make their expressions not match. */
export interface MachineEnvironment {
  readonly flows?: FlowView;
  readonly flowObjects?: FlowObjectsView;
  readonly random: Random;
  /** The ruleset's `CellStore.numbers`. */
  readonly cells: Float64Array;
  /** A `log` statement: prefix is an index into `Program.strings` (-1 none), group -1 for the kernel log. */
  log?(prefix: number, level: number, group: number, batch: PacketBatch, row: number): void;
  /** A packet that is traced met a rule or a policy. */
  trace?(event: TraceEvent): void;
  /** Path MTU to the packet's destination and back to its source, the smaller; 0 when it is not routed. */
  route?(batch: PacketBatch, row: number): number;
  /** Address words of the neighbour it goes to: the gateway's, or its own destination's. */
  nextHop?(batch: PacketBatch, row: number, out: Uint32Array): void;
  /** `dup to`: sends a copy of the frame by a device. */
  duplicate?(batch: PacketBatch, row: number, device: number): void;
  /** `fib`: FIB_* flags, FIB_RESULT_*; answers an interface index, or an RTN_* type; 0 for none. */
  fib?(batch: PacketBatch, row: number, flags: number, result: number): number;
  /**
   * IPsec: the state a packet came out of, outermost first, or will leave through, in the order they are applied;
   * undefined where there is no such place.
   */
  ipsec?(batch: PacketBatch, row: number, incoming: boolean, place: number): SecurityState | undefined;
}

/** What rules see of an IPsec state; addresses in four words, IPv4 in the first. */
export interface SecurityState {
  readonly family: number;
  readonly tunnel: boolean;
  readonly spi: number;
  readonly reqid: number;
  readonly source: Uint32Array;
  readonly destination: Uint32Array;
}

/** A `reject` statement that ended the chain. */
export interface RejectRequest {
  active: boolean;
  /** REJECT_*. */
  type: number;
  /** ICMP or ICMPv6 code; for REJECT_ICMPX an NFT_REJECT_ICMPX_* code of either family. */
  code: number;
}

/** NFT_REJECT_*. */
export const REJECT_ICMP = 0;
export const REJECT_TCP_RESET = 1;
export const REJECT_ICMPX = 2;

/** Words of the register file: 4 for the verdict, 16 of data. */
export const REGISTER_WORDS = 20;
/** Words of an interface name. */
export const NAME_WORDS = 4;

/**
 * What one machine works on. Registers live from rule to rule as in the kernel; everything else is set by
 * `Machine.install` and `Machine.run`.
 */
export class MachineState {
  code: Int32Array = new Int32Array(0);
  numbers: Float64Array = new Float64Array(0);
  statements: Float64Array = new Float64Array(0);
  /** Connections that `ct count` has seen. */
  readonly connections = new ConnectionCounts();
  sets: readonly SetTable[] = [];
  strings: readonly string[] = [];
  readonly environment: MachineEnvironment;
  readonly cells: Float64Array;
  readonly registers = new Int32Array(REGISTER_WORDS);
  /** The same bytes. */
  readonly bytes = new Uint8Array(this.registers.buffer);
  /** Return addresses. */
  readonly stack = new Int32Array(16);
  /** Names of interfaces 0..255 as registers hold them, 16 bytes each; 0 has none. */
  readonly names = new Int32Array(256 * NAME_WORDS);
  /** 1 for interfaces that are bridges. */
  readonly bridges = new Uint8Array(256);
  /** Interfaces the hook shows of the packet: no input in output, no output before routing. */
  input = 0;
  output = 0;
  hook = 0;
  /** Bridge that `input` and `output` are members of; 0 for none. */
  bridge = 0;
  /** Bytes before the network header that the packet's length counts: the link header where a device sends. */
  header = 0;
  /** Of the program, when rules of it set `nftrace`. */
  trace: TracePlan | undefined;
  /** Whether an event of this base chain has shown the packet. */
  shown = false;
  /** Packets marked so far. */
  traces = 0;
  /** Device index of a `fwd` that ended the chain. */
  target = 0;
  readonly nat: NatRequest = natRequest();
  readonly reject: RejectRequest = { active: false, type: REJECT_ICMP, code: 0 };

  constructor(environment: MachineEnvironment) {
    this.environment = environment;
    this.cells = environment.cells;
  }
}

/** Bytes the kernel's skb->len counts at this hook: from the network header to the end, and what `header` adds. */
export const packetLength = (state: MachineState, batch: PacketBatch, row: number): number =>
  batch.end[row]! - batch.network[row]! + state.header;

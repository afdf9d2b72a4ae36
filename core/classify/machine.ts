import { HOOK_FORWARD, HOOK_OUTPUT } from "../hook.ts";
import type { PacketBatch } from "../packet/batch.ts";
import type { SetImage } from "../ruleset/sets/image.ts";
import { installLive } from "../ruleset/sets/live_install.ts";
import { sweep } from "../ruleset/sets/live_rows.ts";
import { SetTable } from "../ruleset/sets/table.ts";
import { interpret, RESULT_ACCEPT, RESULT_POLICY, RESULT_STOLEN } from "./interpret.ts";
import type { NatRequest } from "./nat_request.ts";
import type { Hook, HookedChain, Program } from "./program.ts";
import { tracePolicy } from "./trace.ts";
import { type MachineEnvironment, MachineState, NAME_WORDS, type RejectRequest } from "./state.ts";

export { REJECT_ICMP, REJECT_ICMPX, REJECT_TCP_RESET } from "./state.ts";
export type { MachineEnvironment, RejectRequest } from "./state.ts";

export const MACHINE_ACCEPT = 0;
export const MACHINE_DROP = 1;
/** Dropped by the policy of the base chain. */
export const MACHINE_DROP_POLICY = 2;
/** Sent on by a rule (`fwd`): to the device in `target`. */
export const MACHINE_STOLEN = 3;

/**
 * The machine that runs a program on packets.
 *
 * Overview    `install` takes a program, `run` takes one packet through one base chain. What a NAT or reject
 *             statement asked for stands in `nat` and `reject` until the next run.
 * Life-cycle  one for the life of the data plane; programs come and go between batches. Counters live in the
 *             environment's cells and sets that rules change in shared storage, so both outlive a program.
 * Ownership   the data-plane thread.
 */
export class Machine {
  readonly #state: MachineState;
  #program: Program | undefined;
  /** What the installed program declared of each live set. */
  #declared = new Map<number, SetImage>();
  #live: readonly SetTable[] = [];

  constructor(environment: MachineEnvironment) {
    this.#state = new MachineState(environment);
  }

  /** Valid after `run`, when `active`. */
  get nat(): NatRequest {
    return this.#state.nat;
  }
  get reject(): RejectRequest {
    return this.#state.reject;
  }
  /** Device index a `fwd` statement named. */
  get target(): number {
    return this.#state.target;
  }
  /** Texts of the program, for `log`. */
  get strings(): readonly string[] {
    return this.#state.strings;
  }
  get program(): Program | undefined {
    return this.#program;
  }

  /** Names of interfaces by index (0 is none, at most 255), as `iifname` and `oifname` see them, and which are bridges. */
  setInterfaces(names: readonly string[], isBridge: (index: number) => boolean = () => false): void {
    const table = this.#state.names.fill(0),
      bytes = new Uint8Array(table.buffer),
      encoder = new TextEncoder();
    for (const [index, name] of names.entries()) {
      if (index === 0 || index > 255) continue;
      this.#state.bridges[index] = name !== "" && isBridge(index) ? 1 : 0;
      bytes.set(encoder.encode(name).subarray(0, 15), index * NAME_WORDS * 4);
    }
  }

  /** Takes a program over; `now` is the data plane's clock, which deadlines of elements are counted by. */
  install(program: Program, now = 0): void {
    const state = this.#state, shift = now - program.time;
    const tables = program.sets.map((image) => new SetTable(image, shift));
    const declared = new Map<number, SetImage>();
    for (const table of tables) {
      const live = table.image.live;
      if (live === undefined || declared.has(live.id)) continue;
      installLive(table, this.#declared.get(live.id), now, shift, program.statements);
      declared.set(live.id, table.image);
    }
    this.#declared = declared;
    this.#live = tables.filter((table) => table.image.live !== undefined);
    this.#program = program;
    state.code = program.code;
    state.numbers = program.numbers;
    state.statements = program.statements;
    state.strings = program.strings;
    state.sets = tables;
    state.trace = program.trace;
    state.environment.flowObjects?.install(program.flowObjects ?? []);
  }

  /** Base chains of a hook that see packets of this family, in the order they run. */
  hooks(family: 4 | 6, hook: Hook): readonly HookedChain[] {
    const name = family === 4 ? "ip" : "ip6";
    return (this.#program?.hooks ?? []).filter((chain) =>
      chain.hook === hook && (chain.family === "inet" || chain.family === name)
    );
  }

  /**
   * Runs one base chain on one packet; `hook` is a HOOK_*. Answers MACHINE_*. The caller sees to the family:
   * an `ip` chain is run on IPv4 packets only.
   */
  run(chain: HookedChain, batch: PacketBatch, row: number, hook: number): number {
    const state = this.#state;
    state.nat.active = false;
    state.reject.active = false;
    state.hook = hook;
    state.shown = false;
    state.input = hook === HOOK_OUTPUT ? 0 : batch.inInterface[row]!;
    state.output = hook < HOOK_FORWARD ? 0 : batch.outInterface[row]!;
    const result = interpret(state, chain.entry, batch, row);
    if (result === RESULT_POLICY && state.trace !== undefined && batch.trace[row] !== 0) {
      tracePolicy(state, chain, batch, row);
    }
    if (result === RESULT_ACCEPT) return MACHINE_ACCEPT;
    return result !== RESULT_POLICY ? MACHINE_DROP : chain.drop ? MACHINE_DROP_POLICY : MACHINE_ACCEPT;
  }

  /**
   * The same below the network layer: interfaces as the hook shows them (0 none), the `bridge` they belong to, and
   * how many bytes before the network header the packet's length counts. Answers MACHINE_STOLEN too.
   */
  runLink(
    chain: HookedChain,
    batch: PacketBatch,
    row: number,
    hook: number,
    input: number,
    output: number,
    header: number,
    bridge: number,
  ): number {
    const state = this.#state;
    state.nat.active = false;
    state.reject.active = false;
    state.hook = hook;
    state.shown = false;
    state.input = input;
    state.output = output;
    state.bridge = bridge;
    state.header = header;
    const result = interpret(state, chain.entry, batch, row);
    if (result === RESULT_POLICY && state.trace !== undefined && batch.trace[row] !== 0) {
      tracePolicy(state, chain, batch, row);
    }
    state.header = 0;
    if (result === RESULT_ACCEPT) return MACHINE_ACCEPT;
    if (result === RESULT_STOLEN) return MACHINE_STOLEN;
    return result !== RESULT_POLICY ? MACHINE_DROP : chain.drop ? MACHINE_DROP_POLICY : MACHINE_ACCEPT;
  }

  /** Frees expired elements that rules added: looks at up to `rows` of each such set. Call now and then. */
  collect(now: number, rows = 256): void {
    for (const table of this.#live) sweep(table, now, rows);
    const { connections, environment: { flows } } = this.#state;
    if (flows !== undefined) connections.sweep(flows);
  }
}

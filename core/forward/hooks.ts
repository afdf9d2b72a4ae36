import type { HookedChain } from "../classify/program.ts";
import { type Machine, MACHINE_ACCEPT, MACHINE_DROP_POLICY } from "../classify/machine.ts";
import type { Conntrack } from "../conntrack/track.ts";
import { HOOK_INPUT, HOOK_OUTPUT, HOOK_POSTROUTING, HOOK_PREROUTING } from "../hook.ts";
import type { Nat } from "../nat/translate.ts";
import type { PacketBatch } from "../packet/batch.ts";
import { FRAGMENT_ANY, VERDICT_CONTINUE, VERDICT_DROP } from "../packet/columns.ts";
import { DROP_CONNTRACK, DROP_FRAGMENT, DROP_NAT, DROP_POLICY, DROP_RULE, type Drops } from "./drops.ts";
import type { Reassembly } from "./fragments/reassembly.ts";
import type { Rejection } from "./rejection.ts";
import type { RowList } from "./row_list.ts";

/**
 * The five hooks.
 *
 * Overview    each hook is a list of steps in order of priority: defragmentation -400, conntrack -200, the base
 *             chains of the program, NAT at -100 (prerouting, output) and 100 (input, postrouting), confirmation
 *             last. A step takes all rows of the stage before the next step begins. An empty hook costs nothing.
 * Order       a new flow stands in the flow table from its first packet's conntrack step on, unconfirmed, so that
 *             a second packet of the same batch finds it: stage order then equals packet order.
 * Life-cycle  steps are rebuilt when a program is installed; nothing else is kept.
 */
export class Hooks {
  readonly #parts: HookParts;
  readonly #steps: Step[][] = [[], [], [], [], []];
  readonly #nat: HookedChain[][] = [[], [], [], [], []];
  /** Steps of its first hook below this priority were already taken by the row (it comes from reassembly). */
  readonly resumeAt: Int32Array;

  constructor(parts: HookParts, capacity: number) {
    this.#parts = parts;
    this.resumeAt = new Int32Array(capacity).fill(FROM_START);
    this.install([]);
  }

  /** Orders the base chains of a program between the built-in steps. */
  install(chains: readonly HookedChain[]): void {
    for (let hook = 0; hook < HOOK_NAMES.length; hook++) {
      const here = chains.filter((chain) => chain.hook === HOOK_NAMES[hook] && isNetwork(chain));
      const steps = builtin(hook);
      for (const chain of here) {
        if (chain.type !== "nat") steps.push({ kind: STEP_CHAIN, priority: chain.priority, chain });
      }
      this.#steps[hook] = steps.sort((a, b) => a.priority - b.priority);
      const nat = here.filter((chain) => chain.type === "nat").sort((a, b) => a.priority - b.priority);
      this.#nat[hook] = nat;
      // from the first chain on every flow needs a reply of its own, translated or not (nf_nat_register_fn)
      if (nat.length > 0) this.#parts.nat.inUse = true;
    }
  }

  /** Takes the rows through one hook; rows that end there get their verdict. */
  run(hook: number, batch: PacketBatch, list: RowList): void {
    const steps = this.#steps[hook]!, resumes = hook === HOOK_PREROUTING || hook === HOOK_OUTPUT;
    for (let s = 0; s < steps.length && list.count > 0; s++) {
      const step = steps[s]!;
      if (step.kind === STEP_CONNTRACK) this.#parts.conntrack.lookAhead(batch, list.rows, list.count);
      for (let i = 0; i < list.count; i++) {
        const row = list.rows[i]!;
        if (batch.verdict[row] !== VERDICT_CONTINUE || (resumes && step.priority < this.resumeAt[row]!)) {
          continue;
        }
        this.#step(step, hook, batch, row);
      }
    }
  }

  #step(step: Step, hook: number, batch: PacketBatch, row: number): void {
    switch (step.kind) {
      case STEP_CHAIN:
        return this.#chain(step.chain!, hook, batch, row);
      case STEP_CONNTRACK:
        return this.#track(hook, batch, row);
      case STEP_NAT:
        return this.#translate(hook, batch, row);
      case STEP_CONFIRM:
        this.#parts.conntrack.confirm(batch, row);
        if (batch.verdict[row] === VERDICT_DROP) this.#parts.drops.count(DROP_CONNTRACK);
        return;
      case STEP_DEFRAGMENT:
        if ((batch.fragment[row]! & FRAGMENT_ANY) === 0) return;
        this.#parts.reassembly.input(batch, row);
        if (batch.verdict[row] === VERDICT_DROP) this.#parts.drops.count(DROP_FRAGMENT);
    }
  }

  #chain(chain: HookedChain, hook: number, batch: PacketBatch, row: number): void {
    if (chain.family !== "inet" && (chain.family === "ip") !== (batch.family[row] === 4)) return;
    const verdict = this.#parts.machine.run(chain, batch, row, hook);
    if (verdict === MACHINE_ACCEPT) return;
    this.#parts.drops.drop(batch, row, verdict === MACHINE_DROP_POLICY ? DROP_POLICY : DROP_RULE);
    if (this.#parts.machine.reject.active) this.#parts.rejection.send(batch, row, this.#parts.machine.reject);
  }

  #track(hook: number, batch: PacketBatch, row: number): void {
    const { conntrack, drops } = this.#parts;
    if (batch.flow[row]! < 0) conntrack.track(batch, row, hook);
    if (batch.verdict[row] === VERDICT_DROP) drops.count(DROP_CONNTRACK);
  }

  #translate(hook: number, batch: PacketBatch, row: number): void {
    if (batch.flow[row]! < 0) return;
    const { nat, machine, drops } = this.#parts;
    if (nat.inUse) {
      if (nat.needsSetup(batch, row, hook) && !this.#setup(hook, batch, row)) return;
      if (!nat.translate(batch, row, hook)) drops.drop(batch, row, DROP_NAT);
    }
    machine.nat.active = false;
  }

  /** Asks the nat chains of a hook, in order, what becomes of a new flow; false when the packet ended there. */
  #setup(hook: number, batch: PacketBatch, row: number): boolean {
    const { nat, machine, drops } = this.#parts;
    const chains = this.#nat[hook]!;
    machine.nat.active = false;
    for (let i = 0; i < chains.length && !machine.nat.active; i++) {
      this.#chain(chains[i]!, hook, batch, row);
      if (batch.verdict[row] !== VERDICT_CONTINUE) return false;
    }
    if (nat.setup(batch, row, machine.nat.active ? machine.nat : undefined, hook)) return true;
    drops.drop(batch, row, DROP_NAT);
    return false;
  }
}

export interface HookParts {
  readonly machine: Machine;
  readonly conntrack: Conntrack;
  readonly nat: Nat;
  readonly reassembly: Reassembly;
  readonly rejection: Rejection;
  readonly drops: Drops;
}

interface Step {
  readonly kind: number;
  readonly priority: number;
  readonly chain?: HookedChain;
}

const STEP_CHAIN = 0;
const STEP_DEFRAGMENT = 1;
const STEP_CONNTRACK = 2;
const STEP_NAT = 3;
const STEP_CONFIRM = 4;

/** Families of the network layer; the others are for LinkHooks. */
const isNetwork = ({ family }: HookedChain): boolean =>
  family === "ip" || family === "ip6" || family === "inet";

/** Built-in steps and the kernel's priorities (enum nf_ip_hook_priorities). */
function builtin(hook: number): Step[] {
  const steps: Step[] = [];
  if (hook === HOOK_PREROUTING || hook === HOOK_OUTPUT) {
    steps.push({ kind: STEP_DEFRAGMENT, priority: PRIORITY_DEFRAGMENT });
    steps.push({ kind: STEP_CONNTRACK, priority: PRIORITY_CONNTRACK });
    steps.push({ kind: STEP_NAT, priority: PRIORITY_DSTNAT });
  }
  if (hook === HOOK_INPUT || hook === HOOK_POSTROUTING) {
    steps.push({ kind: STEP_NAT, priority: PRIORITY_SRCNAT });
    steps.push({ kind: STEP_CONFIRM, priority: PRIORITY_LAST });
  }
  return steps;
}

/** The built-in steps as they are listed, a hook after the other, each in its order. */
export const hookStages = () =>
  HOOK_NAMES.flatMap((name, hook) =>
    builtin(hook).map(({ kind, priority }) => ({
      hook: name,
      priority,
      name: STEP_NAMES[kind] ?? "",
      module: "weir",
      runsNat: kind === STEP_NAT,
    }))
  );

const STEP_NAMES = ["chain", "defragment", "conntrack", "nat", "confirm"];

export const HOOK_NAMES = ["prerouting", "input", "forward", "output", "postrouting"] as const;

export const PRIORITY_DEFRAGMENT = -400;
export const PRIORITY_CONNTRACK = -200;
const PRIORITY_DSTNAT = -100;
const PRIORITY_SRCNAT = 100;
const PRIORITY_LAST = 2147483647;
/** Below every priority. */
export const FROM_START = -2147483648;

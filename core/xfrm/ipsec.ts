import type { CryptoEngine } from "../crypto/engine.ts";
import type { PacketBatch } from "../packet/batch.ts";
import type { PacketColumns } from "../packet/columns.ts";
import type { PacketPool } from "../packet/pool.ts";
import type { Random } from "../random.ts";
import { EspLayer } from "./layer.ts";
import type { XfrmEvent, XfrmLedger, XfrmPlan } from "./plan.ts";
import { Policies } from "./policies.ts";
import type { Policy, PolicyOptions } from "./policy.ts";
import { PolicyCheck } from "./policy_check.ts";
import { formatPolicy } from "./policy_words.ts";
import { type InterfaceIndex, selectorOf } from "./selector.ts";
import { NUMBERS, type State, type StateOptions } from "./state.ts";
import { States } from "./states.ts";
import { XfrmStatistics } from "./statistics.ts";
import { hex } from "./words.ts";
import { formatAddress } from "../packet/address.ts";

/**
 * IPsec of one data plane: states, policies and ESP, as one thing that a router owns.
 *
 * Overview    empty it costs a look at two numbers a packet. The crypto engine is opened with the first state.
 * Life-cycle  `configure` with each plan: what two plans name alike stays, sequence numbers and all; what is new is
 *             added, what is gone deleted. States and policies added by a command stay until a command deletes them, or
 *             a plan names them otherwise.
 * Ownership   the data-plane thread.
 * Limits      what cannot be taken of a plan is told as an event; the rest of it holds.
 */
export class Ipsec {
  readonly statistics = new XfrmStatistics();
  readonly states: States;
  readonly policies: Policies;
  readonly check: PolicyCheck;
  readonly #options: IpsecOptions;
  #crypto: CryptoParts | undefined;
  #esp: EspLayer | undefined;
  readonly #acquired = new WeakMap<Policy, number>();
  #now = 0;

  constructor(options: IpsecOptions) {
    this.#options = options;
    const { interfaceIndex, onEvent } = options, open = () => this.#open();
    this.states = new States({
      get engine() {
        return open().engine;
      },
      get random() {
        return open().random;
      },
      interfaceIndex,
      ...(options.numbers === undefined ? {} : { numbers: options.numbers }),
      onChange: (state, change) => onEvent({ kind: "xfrm", change, state: state.options, row: state.row }),
    });
    this.policies = new Policies({
      states: this.states,
      statistics: this.statistics,
      interfaceIndex,
      onChange: (policy, change) => onEvent({ kind: "xfrm", change, policy: policy.options }),
      onAcquire: (policy, packet, row) => this.#acquire(policy, packet, row),
    });
    this.check = new PolicyCheck(this.policies, this.states, this.statistics);
  }

  #open(): CryptoParts {
    if (this.#crypto !== undefined) return this.#crypto;
    const { pool } = this.#options, { states, statistics } = this;
    const crypto = this.#options.crypto();
    this.#esp = new EspLayer({ ...crypto, pool, states, statistics });
    return this.#crypto = crypto;
  }

  /** There since the first state. */
  get esp(): EspLayer | undefined {
    return this.#esp;
  }

  /** Packets are with the engine, or wait to be taken from it. */
  get busy(): boolean {
    return this.#esp !== undefined && (this.#esp.inFlight > 0 || this.#esp.waiting > 0);
  }

  /** Takes on a plan's states and policies. `now` in monotonic milliseconds. */
  configure(plan: XfrmPlan = NOTHING, now: number): void {
    const { states, policies } = this, { interfaceIndex } = this.#options;
    for (const policy of policies.all()) {
      const { configured } = policy;
      if (configured !== undefined && !plan.policies.some((p) => alike(p, configured))) {
        policies.delete(policy);
      }
    }
    for (const state of states.all()) {
      const { configured } = state;
      if (configured !== undefined && !plan.states.some((s) => alike(s, configured))) states.delete(state);
    }
    for (const options of plan.states) this.#take(stateName(options), () => this.#state(options, now));
    for (const options of plan.policies) this.#take(policyName(options), () => this.#policy(options));
    policies.bind(interfaceIndex);
    states.bind(interfaceIndex);
  }

  /**
   * After a data plane died: what it had, going on with its sequence numbers (`numbers`, by the rows it knew them by).
   * What came before is not taken again; before `configure`.
   */
  restore(ledger: XfrmLedger, numbers: Uint32Array, now: number): void {
    for (const { row, options } of ledger.states) {
      const [sent, sentHigh, taken, takenHigh] = numbers.slice(row * NUMBERS, (row + 1) * NUMBERS);
      this.#take(stateName(options), () => {
        const state = this.states.add({ ...options, outSequence: [sent!, sentHigh!] }, now);
        state.options = options;
        state.replay.resume(taken!, takenHigh!);
      });
    }
    for (const options of ledger.policies) {
      this.#take(policyName(options), () => void this.policies.update(options));
    }
  }

  #take(what: string, act: () => void): void {
    try {
      act();
    } catch (error) {
      if (!(error instanceof Error)) throw error;
      this.#options.onEvent({ kind: "xfrm", change: "failed", what, error: error.message });
    }
  }

  #state(options: StateOptions, now: number): void {
    const found = this.states.find(options);
    if (found !== undefined && alike(found.configured ?? found.options, options)) {
      found.configured = options;
      return;
    }
    if (found !== undefined) this.states.delete(found);
    this.states.add(options, now).configured = options;
  }

  #policy(options: PolicyOptions): void {
    const configured = this.policies.find(options)?.configured;
    if (configured === undefined || !alike(configured, options)) {
      this.policies.update(options).configured = options;
    }
  }

  /** Once a round of timers. */
  tick(now: number): void {
    this.#now = now;
    if (this.states.count > 0) this.states.tick(now);
  }

  /** The state with this place on a packet's `secpath` or `transform`: 0 or 1. */
  stateAt(path: number, place: number): State | undefined {
    const number = place === 0 ? path & 0xffff : path >>> 16;
    return number === 0 ? undefined : this.states.at(number - 1);
  }

  /** Sends a row through the states its `transform` names; it is STOLEN, or DROP and counted. */
  output(batch: PacketBatch, row: number): void {
    const path = batch.transform[row]!;
    this.#esp!.output(batch, row, this.stateAt(path, 0)!, this.stateAt(path, 1));
  }

  #acquire(policy: Policy, packet: PacketColumns, row: number): void {
    const last = this.#acquired.get(policy);
    if (last !== undefined && this.#now - last < ACQUIRE_INTERVAL) return;
    this.#acquired.set(policy, this.#now);
    const selector = selectorOf(packet, row);
    this.#options.onEvent({ kind: "xfrm", change: "acquire", policy: policy.options, selector });
  }
}

/** What opens with the first state. */
export interface CryptoParts {
  readonly engine: CryptoEngine;
  /** A cryptographic generator: ivs of CBC come from it. */
  readonly random: Random;
}

export interface IpsecOptions {
  readonly pool: PacketPool;
  readonly interfaceIndex: InterfaceIndex;
  /** @throws CryptoError where there is no crypto here. */
  readonly crypto: () => CryptoParts;
  readonly onEvent: (event: XfrmEvent) => void;
  /** Memory for sequence numbers, MOST_STATES * NUMBERS words, kept by who restarts a dead data plane. */
  readonly numbers?: Uint32Array;
}

const NOTHING: XfrmPlan = { states: [], policies: [] };

/** Whether two mean the same; keys are compared too. */
const alike = (a: StateOptions | PolicyOptions, b: StateOptions | PolicyOptions): boolean =>
  JSON.stringify(a) === JSON.stringify(b);

const stateName = ({ destination, spi }: StateOptions): string =>
  `state dst ${formatAddress(destination)} spi ${hex(spi)}`;
const policyName = (options: PolicyOptions): string => `policy ${formatPolicy(options).split("\n")[0]}`;

/** Milliseconds between two tellings that a policy's state is missing (xfrm_larval's retry is of that order). */
const ACQUIRE_INTERVAL = 1000;

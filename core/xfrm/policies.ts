import type { PacketColumns } from "../packet/columns.ts";
import { XfrmError } from "./error.ts";
import {
  checkPolicy,
  type Direction,
  Policy,
  type PolicyOptions,
  same,
  type TemplateMatch,
} from "./policy.ts";
import { type InterfaceIndex, sameSelector } from "./selector.ts";
import { ADDED, type State, VALID } from "./state.ts";
import type { States } from "./states.ts";
import * as count from "./statistics.ts";

/**
 * Security policies: what must go through ESP, and what must have come through it.
 *
 * Overview    a list for each direction, by priority, older ones first where it is equal; the first that matches counts.
 *             `resolve` says what becomes of a packet that leaves, `check` whether one that came is allowed.
 * Ownership   the data-plane thread.
 * Limits      lists are walked: for tens of policies, not for thousands. Two templates a policy.
 */
export class Policies {
  /** Of the last `resolve` that answered POLICY_TRANSFORM: the states to go through. */
  first: State | undefined;
  second: State | undefined;
  readonly #lists: Record<Direction, Policy[]> = { in: [], out: [], fwd: [] };
  readonly #environment: PoliciesEnvironment;
  #nextIndex = 0;
  #ages = 0;

  constructor(environment: PoliciesEnvironment) {
    this.#environment = environment;
  }

  /** @throws XfrmError where there is one with this selector, mark and direction, or it cannot be one. */
  add(options: PolicyOptions): Policy {
    checkPolicy(options);
    if (this.find(options) !== undefined) {
      throw new XfrmError(`there is a policy of direction ${options.direction} with this selector and mark`);
    }
    const policy = this.#insert(options);
    policy.index = this.#freeIndex(options.direction);
    this.#environment.onChange?.(policy, "add");
    return policy;
  }

  /**
   * Adds it, in place of one with the same selector, mark and direction.
   * @throws XfrmError where it cannot be one; then nothing has changed.
   */
  update(options: PolicyOptions): Policy {
    checkPolicy(options);
    const before = this.find(options), list = this.#lists[options.direction];
    if (before !== undefined) list.splice(list.indexOf(before), 1);
    const policy = this.#insert(options);
    policy.index = before?.index ?? this.#freeIndex(options.direction);
    this.#environment.onChange?.(policy, "update");
    return policy;
  }

  #insert(options: PolicyOptions): Policy {
    const policy = new Policy(options, this.#environment.interfaceIndex ?? (() => 0));
    policy.age = this.#ages++;
    const list = this.#lists[options.direction];
    const at = list.findIndex((other) => other.priority > policy.priority);
    list.splice(at < 0 ? list.length : at, 0, policy);
    return policy;
  }

  /** A number that says the direction too (xfrm_gen_index). */
  #freeIndex(direction: Direction): number {
    for (;;) {
      const index = this.#nextIndex | DIRECTION_BITS[direction];
      this.#nextIndex += 8;
      if (index !== 0 && !this.#lists[direction].some((policy) => policy.index === index)) return index;
    }
  }

  find(options: Pick<PolicyOptions, "direction" | "selector" | "mark">): Policy | undefined {
    return this.#lists[options.direction].find((policy) =>
      sameSelector(policy.options.selector, options.selector) &&
      (policy.options.mark?.value ?? 0) === (options.mark?.value ?? 0) &&
      (policy.options.mark?.mask ?? 0) === (options.mark?.mask ?? 0)
    );
  }

  delete(policy: Policy): void {
    const list = this.#lists[policy.options.direction], at = list.indexOf(policy);
    if (at < 0) return;
    list.splice(at, 1);
    this.#environment.onChange?.(policy, "delete");
  }

  all(): Policy[] {
    return [...this.#lists.in, ...this.#lists.fwd, ...this.#lists.out];
  }

  /** Interfaces came or went. */
  bind(index: InterfaceIndex): void {
    for (const policy of this.all()) policy.match.bind(index);
  }

  /** True when nothing need be asked in this direction. */
  empty(direction: Direction): boolean {
    return this.#lists[direction].length === 0;
  }

  /** The policy of a parsed row; `device`: index of the interface it leaves by (out), or came by. */
  lookup(direction: Direction, packet: PacketColumns, row: number, device: number): Policy | undefined {
    const list = this.#lists[direction];
    for (let i = 0; i < list.length; i++) if (list[i]!.matches(packet, row, device)) return list[i];
    return undefined;
  }

  /** What becomes of a row that leaves: POLICY_*. Refusals are counted. */
  resolve(packet: PacketColumns, row: number, device: number): PolicyAnswer {
    const policy = this.lookup("out", packet, row, device);
    if (policy === undefined) return POLICY_CLEAR;
    if (policy.block) {
      this.#environment.statistics.count(count.OUT_BLOCKED);
      return POLICY_BLOCK;
    }
    this.first = this.second = undefined;
    for (let i = 0; i < policy.templates.length; i++) {
      const template = policy.templates[i]!;
      const state = this.#stateOf(policy, template, packet, row, device);
      if (state === undefined) {
        if (template.optional) continue;
        this.#environment.statistics.count(count.OUT_NO_STATES);
        this.#environment.onAcquire?.(policy, packet, row);
        return POLICY_NO_STATE;
      }
      if (this.first === undefined) this.first = state;
      else this.second = state;
    }
    return this.first === undefined ? POLICY_CLEAR : POLICY_TRANSFORM;
  }

  /** The template's state for a packet: one that is not dying, the youngest (xfrm_state_look_at). */
  #stateOf(
    policy: Policy,
    template: TemplateMatch,
    packet: PacketColumns,
    row: number,
    device: number,
  ): State | undefined {
    const { states } = this.#environment, last = template.found;
    if (
      template.foundGeneration === states.generation && last !== undefined &&
      usable(policy, template, last, packet, row, device)
    ) return last;
    let best: State | undefined;
    for (let i = 0; i < states.capacity; i++) {
      const state = states.at(i);
      if (state === undefined || !usable(policy, template, state, packet, row, device)) continue;
      if (
        best === undefined || (best.dying && !state.dying) ||
        (best.dying === state.dying && state.lives[ADDED]! > best.lives[ADDED]!)
      ) best = state;
    }
    template.found = best;
    template.foundGeneration = states.generation;
    return best;
  }
}

const DIRECTION_BITS: Readonly<Record<Direction, number>> = { in: 0, out: 1, fwd: 2 };

export interface PoliciesEnvironment {
  readonly states: States;
  readonly statistics: count.XfrmStatistics;
  readonly interfaceIndex?: InterfaceIndex;
  /** A packet needs a state that is not there: a key daemon's task. Called for each packet; who listens limits. */
  readonly onChange?: (policy: Policy, change: "add" | "update" | "delete") => void;
  readonly onAcquire?: (policy: Policy, packet: PacketColumns, row: number) => void;
}

function usable(
  policy: Policy,
  template: TemplateMatch,
  state: State,
  packet: PacketColumns,
  row: number,
  device: number,
): boolean {
  if (state.condition !== VALID || !template.accepts(state) || !template.joins(state)) return false;
  const mark = state.options.mark;
  if (mark !== undefined && ((policy.markValue & mark.mask) >>> 0) !== mark.value) return false;
  if (state.inner !== 0 && packet.family[row] !== state.inner) return false;
  if (!template.tunnel && !between(template, state, packet, row)) return false;
  return state.selector === undefined || state.selector.matches(packet, row, device);
}

/** Transport mode joins the packet's own ends, where the template does not name others. */
function between(template: TemplateMatch, state: State, packet: PacketColumns, row: number): boolean {
  return (template.source !== undefined || same(packet.source, row * 4, state.source)) &&
    (template.destination !== undefined || same(packet.destination, row * 4, state.destination));
}

export type PolicyAnswer = 0 | 1 | 2 | 3;
/** As it is. */
export const POLICY_CLEAR = 0;
/** Drop it. */
export const POLICY_BLOCK = 1;
/** Drop it: a required state is missing, and asked for. */
export const POLICY_NO_STATE = 2;
/** Through `first`, then `second` where there is one. */
export const POLICY_TRANSFORM = 3;

import type { PacketColumns } from "../packet/columns.ts";
import type { Policies } from "./policies.ts";
import type { Direction, TemplateMatch } from "./policy.ts";
import type { State } from "./state.ts";
import type { States } from "./states.ts";
import * as count from "./statistics.ts";

/**
 * Whether a packet that came may go on, by the states it was taken out of (__xfrm_policy_check). Every required template of
 * its policy must have been met, in order, and no tunnel may be left that no template asked for. Without a policy, what
 * came in the clear or in transport mode may pass.
 */
export class PolicyCheck {
  readonly #policies: Policies;
  readonly #states: States;
  readonly #statistics: count.XfrmStatistics;

  constructor(policies: Policies, states: States, statistics: count.XfrmStatistics) {
    this.#policies = policies;
    this.#states = states;
    this.#statistics = statistics;
  }

  /** `in` for packets to this router, `fwd` for others; `device`: index of the interface it came by. */
  allows(direction: Exclude<Direction, "out">, packet: PacketColumns, row: number, device: number): boolean {
    const path = packet.secpath[row]!;
    if (path === 0 && this.#policies.empty(direction)) return true;
    for (let i = 0; i < 2; i++) {
      const state = this.#state(path, i);
      if (state?.selector !== undefined && !state.selector.matches(packet, row, device)) {
        return this.#refuse(count.IN_MISMATCH);
      }
    }
    const policy = this.#policies.lookup(direction, packet, row, device);
    if (policy === undefined) return this.#tunnelFrom(path, 0) ? this.#refuse(count.IN_NO_POLICIES) : true;
    if (policy.block) return this.#refuse(count.IN_BLOCKED);
    let at = 0;
    for (let i = policy.templates.length - 1; i >= 0; i--) {
      at = this.#met(policy.templates[i]!, path, at);
      if (at < 0) return this.#refuse(count.IN_TEMPLATE_MISMATCH);
    }
    return this.#tunnelFrom(path, at) ? this.#refuse(count.IN_TEMPLATE_MISMATCH) : true;
  }

  /** Which of the path's states the next template begins with; -1 when this one was not met (xfrm_policy_ok). */
  #met(template: TemplateMatch, path: number, from: number): number {
    if (template.optional && !template.tunnel) return from;
    for (let i = from; i < 2; i++) {
      const state = this.#state(path, i);
      if (state === undefined) break;
      if (template.accepts(state) && (!state.tunnel || template.joins(state))) return i + 1;
      if (state.tunnel) return -1;
    }
    return template.optional ? from : -1;
  }

  #tunnelFrom(path: number, from: number): boolean {
    for (let i = from; i < 2; i++) {
      if (entry(path, i) !== 0 && this.#state(path, i)?.tunnel !== false) return true;
    }
    return false;
  }

  #state(path: number, at: number): State | undefined {
    const number = entry(path, at);
    return number === 0 ? undefined : this.#states.at(number - 1);
  }

  #refuse(which: number): false {
    this.#statistics.count(which);
    return false;
  }
}

const entry = (path: number, at: number): number => at === 0 ? path & 0xffff : path >>> 16;

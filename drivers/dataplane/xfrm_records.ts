import type { XfrmEvent, XfrmLedger } from "../../core/xfrm/plan.ts";
import type { PolicyOptions } from "../../core/xfrm/policy.ts";
import { sameSelector } from "../../core/xfrm/selector.ts";
import type { StateOptions } from "../../core/xfrm/state.ts";

/**
 * States and policies of a running data plane, by what its events tell.
 *
 * Overview    those of the configuration and those added by commands alike; the next Worker begins with them after a
 *             death, and finds their sequence numbers by their rows.
 * Ownership   the main thread; keys are in here.
 */
export class XfrmRecords {
  readonly #states = new Map<number, StateOptions>();
  #policies: PolicyOptions[] = [];

  take(event: XfrmEvent): void {
    if (event.change === "failed" || event.change === "acquire" || event.change === "soft") return;
    const gone = event.change !== "add" && event.change !== "update";
    if ("state" in event) {
      if (gone) this.#states.delete(event.row);
      else this.#states.set(event.row, event.state);
      return;
    }
    this.#policies = this.#policies.filter((policy) => !samePolicy(policy, event.policy));
    if (!gone) this.#policies.push(event.policy);
  }

  /** For the message that starts a Worker; nothing where nothing is known. */
  ledger(): { readonly ledger?: XfrmLedger } {
    if (this.#states.size === 0 && this.#policies.length === 0) return {};
    const states = [...this.#states].map(([row, options]) => ({ row, options }));
    return { ledger: { states, policies: [...this.#policies] } };
  }
}

/** As policies are told apart: by direction, selector and mark. */
const samePolicy = (a: PolicyOptions, b: PolicyOptions): boolean =>
  a.direction === b.direction && sameSelector(a.selector, b.selector) &&
  (a.mark?.value ?? 0) === (b.mark?.value ?? 0) && (a.mark?.mask ?? 0) === (b.mark?.mask ?? 0);

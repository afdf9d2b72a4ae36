import type { RouterPlan } from "../../core/plan.ts";
import type { XfrmAnswer } from "../../core/xfrm/commands.ts";
import type { XfrmLedger } from "../../core/xfrm/plan.ts";
import type { RouterEvent } from "../../core/router.ts";
import type { PortDescription } from "../port/registry.ts";
import type { SharedState } from "./shared.ts";

export interface NumberedPort {
  readonly number: number;
  readonly description: PortDescription;
}

/** Control plane to data plane. Each is posted before CONTROL_POSTED grows. */
export type ToDataPlane =
  | {
    readonly kind: "start";
    readonly ports: readonly NumberedPort[];
    readonly plan: RouterPlan;
    readonly shared: SharedState;
    /** Eventfd in the poll set. */
    readonly wake: number;
    readonly seed: number;
    readonly secret: Uint8Array;
    /** IPsec of a data plane that died. */
    readonly ledger?: XfrmLedger;
    /** Split CPU time into receive, process, transmit (costs some 20 ns a packet). */
    readonly measure: boolean;
  }
  | { readonly kind: "plan"; readonly plan: RouterPlan; readonly ports: readonly NumberedPort[] }
  /** A command of `ip xfrm`: the words behind `xfrm`. Its answer bears the same number. */
  | {
    readonly kind: "xfrm";
    readonly number: number;
    readonly words: readonly string[];
    readonly json: boolean;
  };

/** Data plane to control plane. */
export type FromDataPlane =
  | { readonly kind: "ready" }
  | { readonly kind: "applied"; readonly generation: number; readonly error?: string }
  | { readonly kind: "event"; readonly event: RouterEvent }
  /** What a command of `ip xfrm` printed, or why nothing was changed. */
  | { readonly kind: "xfrm"; readonly number: number } & XfrmAnswer
  | { readonly kind: "stopped" }
  /** Uncaught error; the batch that was in work, as pcap. */
  | { readonly kind: "died"; readonly error: string; readonly pcap: Uint8Array };

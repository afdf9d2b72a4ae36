import type { PolicyOptions } from "./policy.ts";
import type { Selector } from "./selector.ts";
import type { StateOptions } from "./state.ts";

/** What a config says of IPsec: states and policies keyed by hand. Those added while running are not in it. */
export interface XfrmPlan {
  readonly states: readonly StateOptions[];
  readonly policies: readonly PolicyOptions[];
}

/** What a data plane had when it died, as its events told. */
export interface XfrmLedger {
  readonly states: readonly { readonly row: number; readonly options: StateOptions }[];
  readonly policies: readonly PolicyOptions[];
}

/** What `ip xfrm monitor` tells of. `row` is the state's number, by which its sequence numbers are kept. */
export type XfrmEvent =
  | {
    readonly kind: "xfrm";
    readonly change: "add" | "update" | "delete" | "soft" | "hard" | "sequence";
    readonly state: StateOptions;
    readonly row: number;
  }
  | { readonly kind: "xfrm"; readonly change: "add" | "update" | "delete"; readonly policy: PolicyOptions }
  /** A state or policy of a config could not be taken: why. */
  | { readonly kind: "xfrm"; readonly change: "failed"; readonly what: string; readonly error: string }
  /** A packet needs a state that is not there: words as `ip xfrm monitor` prints an acquire. */
  | {
    readonly kind: "xfrm";
    readonly change: "acquire";
    readonly policy: PolicyOptions;
    /** The packet itself. */
    readonly selector?: Selector;
  };

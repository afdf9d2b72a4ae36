import type { LinkCounters } from "./counters.ts";

/** The router of the demo as its checks see it. */
export interface DemoRouter extends AsyncDisposable {
  readonly kind: "weir" | "kernel";
  /** Traffic of the wire ports, by device name; `rx` is what came into the router. */
  ports(): Promise<Record<string, LinkCounters>>;
  /** Packets so far that the filter's policy dropped. */
  dropped(): Promise<number>;
  /** How its process ended, once it has been stopped; undefined when it has none. */
  readonly ending?: undefined | { readonly code: number; readonly milliseconds: number };
}

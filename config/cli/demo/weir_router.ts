import type { LinkCounters } from "./counters.ts";
import type { Network } from "./network.ts";
import type { DemoRouter } from "./router.ts";

export interface WeirOptions {
  /** Path of the configuration. */
  readonly configuration: string;
  readonly stop?: AbortSignal;
  /** Module that is weir's command line; the running program's unless told. */
  readonly entry?: string;
}

export class WeirRouter implements DemoRouter {
  readonly kind = "weir";
  static start(_network: Network, _options: WeirOptions): Promise<WeirRouter> {
    return Promise.reject(new Error("weir run is not built yet"));
  }
  ports(): Promise<Record<string, LinkCounters>> {
    return Promise.resolve({});
  }
  dropped(): Promise<number> {
    return Promise.resolve(0);
  }
  [Symbol.asyncDispose](): Promise<void> {
    return Promise.resolve();
  }
}

import type { CryptoDevice } from "../device.ts";

/** What carries requests out in the card: a device of software, asked for one request at a time. */
export interface CardEngine extends CryptoDevice {
  /** Carries a request out at once: 0, or a negative error number. */
  carryOut(row: number, context: number): number;
}

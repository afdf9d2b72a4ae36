import type { Address, Prefix } from "../../packet/address.ts";

/**
 * What happened on a link that others must act on or log. Rare: made by configuration, timers and
 * advertisements, never once a packet.
 */
export type AdjacencyEvent =
  /** An address changed. `tentative` and `duplicated` are not usable; `removed` is gone. */
  | {
    readonly kind: "address";
    readonly interface: number;
    readonly address: Prefix;
    readonly origin: AddressOrigin;
    readonly state: AddressState | "removed";
  }
  /**
   * A route learned from an advertisement; `add` comes again when one renews its lifetime. It is removed by an event
   * of its own when its lifetime ends.
   */
  | {
    readonly kind: "route";
    readonly action: "add" | "remove";
    readonly interface: number;
    readonly destination: Prefix;
    /** Absent: on link. */
    readonly via?: Address;
    /** Seconds left from now when added or renewed (Infinity: for ever); 0 when removed. */
    readonly lifetime: number;
  }
  /** All recursive DNS servers known by advertisement on the interface now, RFC 8106. */
  | { readonly kind: "dns"; readonly interface: number; readonly servers: readonly Address[] }
  /** Bytes: the IPv6 MTU an advertisement gave (1280 .. the interface's own), or the interface's own again. */
  | { readonly kind: "mtu"; readonly interface: number; readonly mtu: number }
  /** The hop limit packets made here should start with. */
  | { readonly kind: "hop limit"; readonly interface: number; readonly hopLimit: number }
  /** Another station claims an address of ours. `mac` is its link-layer address where the message told it. */
  | {
    readonly kind: "conflict";
    readonly interface: number;
    readonly address: Address;
    readonly mac?: string;
  };

/** RFC 4862 section 2 and 5.5.4. IPv4 addresses are `preferred` at once. */
export type AddressState = "tentative" | "preferred" | "deprecated" | "duplicated";
export type AddressOrigin = "static" | "link-local" | "autoconfigured";

export type OnEvent = (event: AdjacencyEvent) => void;

import type { Verdict } from "./expression.ts";

/** What happened to a traced packet in a chain (NFT_MSG_TRACE). Plain data, so that it may go to another thread. */
export interface TraceEvent {
  /** Of the packet; the same over all chains it meets. */
  readonly id: number;
  readonly family: "ip" | "ip6" | "inet" | "arp" | "bridge" | "netdev";
  readonly table: string;
  readonly chain: string;
  readonly kind: "rule" | "policy";
  /** Handle of the rule. */
  readonly handle?: number;
  readonly verdict: Verdict;
  /** With the first event of a base chain: the packet as it is then. */
  readonly packet?: TracedPacket;
}

export interface TracedPacket {
  /** Interfaces; the empty string for none. */
  readonly input: string;
  readonly output: string;
  /** Ethernet header; empty where there is none. */
  readonly link: Uint8Array;
  /** 4 or 6; 0 for others. */
  readonly version: number;
  /** Network header without options: 20 or 40 bytes. */
  readonly network: Uint8Array;
  /** Number of the transport protocol. */
  readonly protocol: number;
  /** The first bytes from the transport header on, at most 20 (NFT_TRACETYPE_TRANSPORT_HSIZE); none of later fragments. */
  readonly transport: Uint8Array;
}

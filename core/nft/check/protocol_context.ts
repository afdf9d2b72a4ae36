import type { Family } from "../../ruleset/ruleset.ts";
import type { HeaderBase, Protocol } from "../protocol/protocol.ts";
import { nextProtocol, PROTOCOLS } from "../protocol/registry.ts";
import { GRE, greRow } from "../protocol/tunnel.ts";
import { TRANSPORTS } from "../protocol/transports.ts";
import type { Span } from "../text/source.ts";
import type { Expr } from "../tree/typed.ts";

/** What may stand on one base: nothing known, one protocol, or several (after `meta l4proto { tcp, udp }`). */
interface Layer {
  protocol?: Protocol;
  span?: Span;
  candidates: Protocol[];
  /** Bits of stacked headers before this one (VLAN tags). */
  offset: number;
}

/** Transport protocols by their number. */
const BY_NUMBER: ReadonlyMap<bigint, Protocol | undefined> = new Map(
  TRANSPORTS.map(([number, name]) => [BigInt(number), PROTOCOLS.get(name)]),
);

const UNKNOWN_TRANSPORT: Protocol = { name: "unknown", base: "transport", fields: [] };
const UNKNOWN_NETWORK: Protocol = { name: "unknown", base: "network", fields: [] };

const layer = (protocol?: Protocol): Layer => ({
  candidates: [],
  offset: 0,
  ...(protocol === undefined ? {} : { protocol }),
});

/**
 * Which protocols a packet is known to have at this point of a rule (nft's proto_ctx). Grows with every match
 * that names one; the checker asks it which dependencies to write, the delinearizer which ones to leave out.
 */
export class ProtocolContext {
  readonly family: Family;
  readonly link: Layer;
  readonly network: Layer;
  readonly transport: Layer;
  /** ICMP types the rule has settled on. */
  icmpTypes: readonly number[] | undefined;
  /** What is known of packets inside tunnels, by the tunnel's name. */
  private readonly inner = new Map<string, ProtocolContext>();
  private readonly newest: boolean;

  /** `newest`: tunnels are known. */
  constructor(family: Family, newest = false) {
    this.family = family;
    this.newest = newest;
    this.link = layer(family === "bridge" ? PROTOCOLS.get("ether") : undefined);
    this.network = layer(
      family === "ip" || family === "ip6" || family === "arp" ? PROTOCOLS.get(family) : undefined,
    );
    this.transport = layer();
  }

  /** What is known of the packet inside a tunnel. */
  inside(tunnel: string): ProtocolContext {
    let found = this.inner.get(tunnel);
    if (found === undefined) this.inner.set(tunnel, found = new ProtocolContext("netdev"));
    return found;
  }

  at(base: HeaderBase): Layer {
    return base === "link" ? this.link : base === "network" ? this.network : this.transport;
  }

  /** A packet of this rule has `protocol` at its base. */
  learn(protocol: Protocol, span: Span, offset = 0): void {
    const found = this.at(protocol.base);
    found.protocol = protocol;
    found.span = span;
    found.candidates = [];
    found.offset = protocol.base === "link" ? offset : 0;
  }

  /** One of several. */
  learnSome(protocols: readonly Protocol[], span: Span): void {
    const first = protocols[0];
    if (first === undefined) return;
    const found = this.at(first.base);
    found.protocol = protocols[protocols.length - 1]!;
    found.span = span;
    found.candidates = [...protocols];
  }

  /** Learns from a match of `left` against these values; answers the base it is about, if any. */
  learnFrom(left: Expr, values: readonly bigint[], span: Span): HeaderBase | undefined {
    if ((left.kind === "payload" || left.kind === "meta") && left.tunnel !== undefined) {
      const { tunnel, ...plain } = left;
      this.inside(tunnel.name).learnFrom(plain, values, span);
      return undefined;
    }
    const announced = values.map((value) => this.announced(left, value)).filter((row) => row !== undefined);
    if (announced.length === 0) {
      if (values.length > 0 && left.kind === "meta") this.learnUnknown(left.row.name, span);
      return undefined;
    }
    if (values.length === 1) this.learn(announced[0]!, span, this.stackOffset(left));
    else this.learnSome([...new Set(announced)], span);
    return announced[0]!.base;
  }

  /** A number no row of the table has: whatever is behind it, it is no header we know. */
  private learnUnknown(key: string, span: Span): void {
    const { family } = this;
    const framed = family === "bridge" || family === "netdev";
    if (key === "l4proto") this.learn(UNKNOWN_TRANSPORT, span);
    else if (key === "nfproto" ? family === "inet" || family === "netdev" : key === "protocol" && framed) {
      this.learn(UNKNOWN_NETWORK, span);
    }
  }

  private stackOffset(left: Expr): number {
    if (left.kind !== "payload" || left.protocol === undefined || left.base !== "link") return 0;
    return this.link.offset + (left.protocol.length ?? 0);
  }

  private announced(left: Expr, value: bigint): Protocol | undefined {
    if (left.kind === "payload") {
      if (left.protocol?.nextField === undefined || left.field?.name !== left.protocol.nextField) {
        return undefined;
      }
      return nextProtocol(left.protocol, value);
    }
    if (left.kind !== "meta") return undefined;
    switch (left.row.name) {
      case "nfproto":
        return this.family === "inet" || this.family === "bridge" || this.family === "netdev"
          ? PROTOCOLS.get(value === 2n ? "ip" : value === 10n ? "ip6" : "")
          : undefined;
      case "l4proto":
        return BY_NUMBER.get(value) ?? (this.newest && value === BigInt(GRE) ? greRow : undefined);
      case "protocol":
        return this.family === "bridge" || this.family === "netdev"
          ? nextProtocol(PROTOCOLS.get("ether")!, value)
          : undefined;
      case "iiftype":
        return value === 1n ? PROTOCOLS.get("ether") : undefined;
      default:
        return undefined;
    }
  }
}

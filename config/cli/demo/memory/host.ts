import { formatMac } from "../../../../core/packet/address.ts";
import { ethernet, icmp, tcp, udp } from "../../../../core/packet/build.ts";
import { u16, u32 } from "../../../../core/packet/bytes.ts";
import { ETHERNET, ETHERTYPE_ARP } from "../../../../core/packet/ethernet.ts";
import { ICMP_ECHO_REPLY, ICMP_ECHO_REQUEST } from "../../../../core/packet/icmp.ts";
import {
  ICMPV6_ECHO_REPLY,
  ICMPV6_ECHO_REQUEST,
  ICMPV6_ROUTER_SOLICIT,
} from "../../../../core/packet/icmpv6.ts";
import { PROTOCOL_ICMP, PROTOCOL_ICMPV6, PROTOCOL_TCP, PROTOCOL_UDP } from "../../../../core/packet/ipv4.ts";
import { TCP, TCP_ACK, TCP_SYN } from "../../../../core/packet/tcp.ts";
import { UDP } from "../../../../core/packet/udp.ts";
import type { MemoryPort } from "../../../../core/port_memory.ts";
import { ECHO_PORT, HTTP_PORT } from "../settings.ts";
import { advertised, advertisedPrefixes, advertisement, question, readArp } from "./neighbour.ts";
import { type ReadPacket, readPacket } from "./packet.ts";

export interface MemoryHostOptions {
  readonly port: MemoryPort;
  readonly mac: string;
  /** Addresses given by hand; a link-local one belongs to them. */
  readonly addresses: readonly string[];
  /** Last digits of the addresses it makes from advertised prefixes. */
  readonly digits?: string;
  readonly gateway4?: string;
  readonly gateway6?: string;
}

/**
 * A host on a memory port, where no kernel may play one: just enough of a stack to be routed to.
 *
 * Overview    it resolves neighbours, makes IPv6 addresses from advertisements, answers echo requests, echoes UDP
 *             port 7 and accepts (but does not carry on) TCP connections to port 80. All else is kept in `received`.
 * Life-cycle  the laboratory calls `step` until nothing moves.
 * Limits      no duplicate detection, no timers, no retransmission; one packet may wait for each neighbour.
 */
export class MemoryHost {
  readonly mac: string;
  readonly addresses: string[];
  /** Packets for this host that it did not answer itself, oldest first. */
  readonly received: ReadPacket[] = [];
  /** Sources of packets that it answered. */
  readonly answered: string[] = [];
  gateway6: string;
  readonly #port: MemoryPort;
  readonly #gateway4: string;
  readonly #digits: string;
  readonly #neighbours = new Map<string, string>();
  readonly #waiting = new Map<string, Uint8Array>();

  constructor(options: MemoryHostOptions) {
    this.#port = options.port;
    this.mac = options.mac;
    this.addresses = [...options.addresses];
    this.#digits = options.digits ?? "";
    this.#gateway4 = options.gateway4 ?? "";
    this.gateway6 = options.gateway6 ?? "";
  }

  /** The first address that begins so. */
  address(start: string): string {
    return this.addresses.find((a) => a.startsWith(start)) ?? "";
  }

  /** Asks routers to speak up (RFC 4861 4.1). */
  solicitRouters(): void {
    const packet = icmp({ from: this.address("fe80:"), to: "ff02::2", ttl: 255 }, ICMPV6_ROUTER_SOLICIT, 0);
    this.#port.put(ethernet(this.mac, "33:33:00:00:00:02", packet));
  }

  /** Sends an IP packet to its next hop, which is asked for first when it is not known. */
  send(packet: Uint8Array): void {
    const read = readPacket(packet);
    if (read === undefined) return;
    const next = this.#nextHop(read);
    if (next === "") return;
    const mac = this.#neighbours.get(next);
    if (mac !== undefined) {
      this.#port.put(ethernet(this.mac, mac, packet));
      return;
    }
    this.#waiting.set(next, packet);
    this.#port.put(question(this.mac, read.from, next));
  }

  #nextHop({ family, to }: ReadPacket): string {
    if (family === 6) {
      const network = to.split(":").slice(0, 3).join(":");
      return to.startsWith("fe80:") || this.address(network) !== "" ? to : this.gateway6;
    }
    const network = to.slice(0, to.lastIndexOf(".") + 1);
    return this.address(network) !== "" ? to : this.#gateway4;
  }

  /** Takes what waits at the port. Returns whether there was anything. */
  step(): boolean {
    let any = false;
    for (let frame = this.#port.take(); frame !== undefined; frame = this.#port.take()) {
      any = true;
      this.#receive(frame);
    }
    return any;
  }

  #receive(frame: Uint8Array): void {
    const senderMac = formatMac(frame, ETHERNET.source);
    if (u16(frame, ETHERNET.type) === ETHERTYPE_ARP) {
      const { sender, senderMac: mac, answer } = readArp(frame, this.mac, this.addresses);
      this.#learn(sender, mac);
      if (answer !== undefined) this.#port.put(answer);
      return;
    }
    const packet = readPacket(frame.subarray(ETHERNET.size));
    if (packet === undefined) return;
    if (packet.protocol === PROTOCOL_ICMPV6 && this.#discovery(packet, senderMac)) return;
    if (!this.addresses.includes(packet.to)) return;
    const answer = this.#answer(packet);
    if (answer === undefined) {
      this.received.push({ ...packet, payload: packet.payload.slice() });
      return;
    }
    this.answered.push(packet.from);
    this.send(answer);
  }

  #learn(address: string, mac: string): void {
    this.#neighbours.set(address, mac);
    const packet = this.#waiting.get(address);
    this.#waiting.delete(address);
    if (packet !== undefined) this.#port.put(ethernet(this.mac, mac, packet));
  }

  /** Neighbour discovery; true when the packet was of it. */
  #discovery(packet: ReadPacket, senderMac: string): boolean {
    const target = advertised(packet);
    if (target !== undefined) this.#learn(target, senderMac);
    const offer = advertisedPrefixes(packet);
    if (offer !== undefined && this.#digits !== "") {
      this.#neighbours.set(packet.from, senderMac);
      if (offer.isDefault) this.gateway6 = packet.from;
      for (const prefix of offer.prefixes) {
        const address = prefix + this.#digits;
        if (!this.addresses.includes(address)) this.addresses.push(address);
      }
    }
    const answer = advertisement(packet, this.mac, senderMac, this.addresses);
    if (answer !== undefined) this.#port.put(answer);
    return target !== undefined || offer !== undefined || answer !== undefined;
  }

  #answer({ family, from, to, protocol, payload: p }: ReadPacket): Uint8Array | undefined {
    const back = { from: to, to: from };
    if (protocol === PROTOCOL_ICMP && family === 4 && p[0] === ICMP_ECHO_REQUEST) {
      return icmp(back, ICMP_ECHO_REPLY, 0, u32(p, 4), p.subarray(8));
    }
    if (protocol === PROTOCOL_ICMPV6 && p[0] === ICMPV6_ECHO_REQUEST) {
      return icmp(back, ICMPV6_ECHO_REPLY, 0, u32(p, 4), p.subarray(8));
    }
    if (protocol === PROTOCOL_UDP && u16(p, UDP.dport) === ECHO_PORT) {
      return udp(back, ECHO_PORT, u16(p, UDP.sport), p.slice(UDP.size));
    }
    if (protocol === PROTOCOL_TCP && u16(p, TCP.dport) === HTTP_PORT && p[TCP.flags] === TCP_SYN) {
      const acknowledgement = u32(p, TCP.sequence) + 1;
      return tcp(back, HTTP_PORT, u16(p, TCP.sport), {
        flags: TCP_SYN | TCP_ACK,
        sequence: 1,
        acknowledgement,
      });
    }
    return undefined;
  }
}

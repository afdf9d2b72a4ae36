import type { PacketBatch } from "../packet/batch.ts";
import { NO_PORT, VERDICT_CONTINUE, VERDICT_STOLEN } from "../packet/columns.ts";
import {
  ICMP_ECHO_REQUEST,
  ICMP_UNREACHABLE,
  UNREACHABLE_PORT,
  UNREACHABLE_PROTOCOL,
} from "../packet/icmp.ts";
import { ICMPV6_ECHO_REQUEST, ICMPV6_UNREACHABLE, UNREACHABLE6_PORT } from "../packet/icmpv6.ts";
import { PROTOCOL_ICMP, PROTOCOL_ICMPV6, PROTOCOL_IGMP, PROTOCOL_TCP, PROTOCOL_UDP } from "../packet/ipv4.ts";
import { DROP_NO_LOCAL, type Drops } from "./drops.ts";
import type { Echo } from "./echo.ts";
import type { Interfaces } from "./interfaces.ts";
import type { IpsecHooks } from "./ipsec_hooks.ts";
import type { IpsecPolicy } from "./ipsec_policy.ts";
import type { Adjacency } from "./neighbour/adjacency.ts";
import type { Rejection } from "./rejection.ts";
import type { RowList } from "./row_list.ts";
import { stripLink, type Transmitter } from "./transmit.ts";

/**
 * What is addressed to this router: neighbour discovery and echo are answered here, so that a router whose host
 * stack is busy still answers; everything else goes to the interface's local port. Where there is none
 * (`local: none`, simulation) the sender hears what a host without services would say.
 */
export class LocalDelivery {
  readonly #parts: LocalDeliveryParts;

  constructor(parts: LocalDeliveryParts) {
    this.#parts = parts;
  }

  deliver(batch: PacketBatch, list: RowList): void {
    for (let i = 0; i < list.count; i++) {
      const row = list.rows[i]!;
      if (batch.verdict[row] === VERDICT_CONTINUE) this.#deliver(batch, row);
    }
  }

  #deliver(batch: PacketBatch, row: number): void {
    const { adjacency, echo, interfaces, ipsec, policy, transmitter, drops } = this.#parts;
    const protocol = batch.protocol[row]!, type = batch.destinationPort[row]! >>> 8;
    if (protocol === PROTOCOL_ICMPV6 && adjacency.inputIcmpv6(batch, row)) return;
    if (ipsec.receive(batch, row) || !policy.admits("in", batch, row)) return;
    if (
      protocol === PROTOCOL_ICMPV6
        ? type === ICMPV6_ECHO_REQUEST
        : type === ICMP_ECHO_REQUEST && protocol === PROTOCOL_ICMP
    ) {
      echo.input(batch, row);
      batch.verdict[row] = VERDICT_STOLEN;
      return;
    }
    const local = interfaces.local[batch.inInterface[row]!]!;
    if (local === NO_PORT) return this.#nobody(batch, row);
    if (transmitter.ports[local]?.up !== true) return drops.drop(batch, row, DROP_NO_LOCAL);
    stripLink(batch, row);
    transmitter.send(batch, row, local);
  }

  #nobody(batch: PacketBatch, row: number): void {
    const { drops, rejection } = this.#parts;
    const protocol = batch.protocol[row]!, six = batch.family[row] === 6;
    drops.drop(batch, row, DROP_NO_LOCAL);
    if (protocol === PROTOCOL_ICMP || protocol === PROTOCOL_ICMPV6 || protocol === PROTOCOL_IGMP) return;
    if (protocol === PROTOCOL_TCP) rejection.reset(batch, row);
    else if (protocol === PROTOCOL_UDP) {
      const type = six ? ICMPV6_UNREACHABLE : ICMP_UNREACHABLE;
      rejection.error(batch, row, type, six ? UNREACHABLE6_PORT : UNREACHABLE_PORT, 0);
    } else if (!six) rejection.error(batch, row, ICMP_UNREACHABLE, UNREACHABLE_PROTOCOL, 0);
  }
}

export interface LocalDeliveryParts {
  readonly adjacency: Adjacency;
  readonly echo: Echo;
  readonly interfaces: Interfaces;
  readonly ipsec: IpsecHooks;
  readonly policy: IpsecPolicy;
  readonly transmitter: Transmitter;
  readonly rejection: Rejection;
  readonly drops: Drops;
}

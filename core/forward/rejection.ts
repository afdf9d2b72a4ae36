import type { PacketBatch } from "../packet/batch.ts";
import { ICMP_UNREACHABLE } from "../packet/icmp.ts";
import { ICMPV6_UNREACHABLE } from "../packet/icmpv6.ts";
import { REJECT_ICMPX, REJECT_TCP_RESET, type RejectRequest } from "../classify/machine.ts";
import type { Conntrack } from "../conntrack/track.ts";
import { CT_RELATED } from "../packet/columns.ts";
import type { IcmpErrors } from "./icmp_error.ts";

/** `reject` and the errors of the network layer: made by IcmpErrors, tied to the flow they are about. */
export class Rejection {
  readonly #errors: IcmpErrors;
  readonly #conntrack: Conntrack;

  constructor(errors: IcmpErrors, conntrack: Conntrack) {
    this.#errors = errors;
    this.#conntrack = conntrack;
  }

  /** Answers a rejected packet as nft_reject does: an `icmpx` code is that of the packet's family. */
  send(batch: PacketBatch, row: number, request: RejectRequest): void {
    if (request.type === REJECT_TCP_RESET) {
      const first = batch.count;
      this.#errors.sendReset(batch, row);
      if (batch.count > first && batch.flow[row]! >= 0) this.#conntrack.close(batch.flow[row]!, batch.now);
      return relate(batch, row, first);
    }
    const first = batch.count, six = batch.family[row] === 6;
    const code = request.type === REJECT_ICMPX ? (six ? ICMPX6 : ICMPX4)[request.code & 3]! : request.code;
    this.#errors.reject(batch, row, six ? ICMPV6_UNREACHABLE : ICMP_UNREACHABLE, code);
    relate(batch, row, first);
  }

  /** The reset of a host where nobody listens: an answer as any other, which ends the flow when it is tracked. */
  reset(batch: PacketBatch, row: number): void {
    this.#errors.sendReset(batch, row);
  }

  /** An ICMP or ICMPv6 error about a row; it belongs to the row's flow, as nf_ct_attach makes it. */
  error(batch: PacketBatch, row: number, type: number, code: number, info: number): void {
    const first = batch.count;
    this.#errors.send(batch, row, type, code, info);
    relate(batch, row, first);
  }
}

/** Rows made from `first` on are about `row`: same flow, the other way, state related. */
function relate(batch: PacketBatch, row: number, first: number): void {
  if (batch.flow[row]! < 0) return;
  for (let r = first; r < batch.count; r++) {
    batch.flow[r] = batch.flow[row]!;
    batch.direction[r] = 1 - batch.direction[row]!;
    batch.ctState[r] = CT_RELATED;
  }
}

/** NFT_REJECT_ICMPX_*: no-route, port-unreachable, host-unreachable, admin-prohibited. */
export const ICMPX4 = [0, 3, 1, 13] as const;
export const ICMPX6 = [0, 4, 3, 1] as const;

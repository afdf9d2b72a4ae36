import type { FlowTable } from "./table.ts";
import { TcpTimeouts } from "./tcp_timeouts.ts";
import { milliseconds, type Timeouts } from "./timeouts.ts";

/**
 * Timeout policies that rules assign to flows (`ct timeout`).
 *
 * Overview    a policy has a slot; a flow names its slot. Trackers ask only while there is a policy at all.
 * Life-cycle  `install` with every program: a policy that is in both keeps its slot, and flows of one that is gone
 *             have the usual timeouts again (nf_ct_untimeout), from their next packet on.
 * Limits      as many as a 16-bit slot; the first is 1.
 */
export class TimeoutPolicies {
  /** Policies there are: 0 saves asking. */
  count = 0;
  readonly #table: FlowTable;
  readonly #timeouts: Timeouts;
  readonly #slots: (Policy | undefined)[] = [undefined];

  constructor(table: FlowTable, timeouts: Timeouts) {
    this.#table = table;
    this.#timeouts = timeouts;
  }

  /** Takes the policies of a program in place of those before; their slots. */
  install(policies: readonly TimeoutPolicy[]): number[] {
    const slots = this.#slots, keep = new Set<number>();
    const identities = policies.map((p) => JSON.stringify([p.name, p.protocol, p.policy]));
    const result = identities.map((identity) => slots.findIndex((slot) => slot?.identity === identity));
    for (const slot of result) if (slot > 0) keep.add(slot);
    this.#forget(keep);
    for (const [i, policy] of policies.entries()) {
      if (result[i]! > 0) continue;
      let slot = 1;
      while (slots[slot] !== undefined) slot++;
      slots[slot] = this.#policy(identities[i]!, policy);
      result[i] = slot;
    }
    this.count = policies.length;
    return result;
  }

  #forget(keep: ReadonlySet<number>): void {
    let gone = false;
    for (let slot = 1; slot < this.#slots.length; slot++) {
      if (this.#slots[slot] === undefined || keep.has(slot)) continue;
      this.#slots[slot] = undefined;
      gone = true;
    }
    if (!gone) return;
    const { assigned, end } = this.#table;
    for (let row = 0; row < end; row++) {
      const slot = assigned.policy(row);
      if (slot !== 0 && this.#slots[slot] === undefined) assigned.setPolicy(row, 0);
    }
  }

  #policy(identity: string, { protocol, policy }: TimeoutPolicy): Policy {
    const timeouts: Timeouts = { ...this.#timeouts }, seconds = new Map(policy);
    for (const [state, name] of STATES) timeouts[name] = seconds.get(state) ?? timeouts[name];
    const tcp = new TcpTimeouts(timeouts, seconds.get("syn_sent2") ?? this.#timeouts.tcpSynSent);
    const udp = { unreplied: milliseconds(timeouts.udp), replied: milliseconds(timeouts.udpStream) };
    return {
      identity,
      tcp,
      udp,
      first: milliseconds(protocol === "tcp" ? timeouts.tcpSynSent : timeouts.udp),
    };
  }

  /** What a new flow gets with the policy, milliseconds. */
  first(slot: number): number {
    return this.#slots[slot]!.first;
  }

  /** The policy of a TCP flow, if it has one. */
  tcp(flow: number): TcpTimeouts | undefined {
    return this.#slots[this.#table.assigned.policy(flow)]?.tcp;
  }

  udp(flow: number): Policy["udp"] | undefined {
    return this.#slots[this.#table.assigned.policy(flow)]?.udp;
  }
}

/** A declared policy. */
export interface TimeoutPolicy {
  /** Unique over tables. */
  readonly name: string;
  readonly protocol: "tcp" | "udp";
  /** States as the language names them, seconds. */
  readonly policy: readonly (readonly [state: string, seconds: number])[];
}

interface Policy {
  readonly identity: string;
  readonly first: number;
  readonly tcp: TcpTimeouts;
  /** Milliseconds. */
  readonly udp: { readonly unreplied: number; readonly replied: number };
}

/** States of the language and the timeouts they are; the second SYN_SENT has no name among them. */
const STATES: readonly (readonly [state: string, timeout: keyof Timeouts])[] = [
  ["syn_sent", "tcpSynSent"],
  ["syn_recv", "tcpSynRecv"],
  ["established", "tcpEstablished"],
  ["fin_wait", "tcpFinWait"],
  ["close_wait", "tcpCloseWait"],
  ["last_ack", "tcpLastAck"],
  ["time_wait", "tcpTimeWait"],
  ["close", "tcpClose"],
  ["retrans", "tcpMaxRetransmission"],
  ["unack", "tcpUnacknowledged"],
  ["unreplied", "udp"],
  ["replied", "udpStream"],
];

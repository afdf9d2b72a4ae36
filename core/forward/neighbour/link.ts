import { IPV6_MINIMUM_MTU } from "../../packet/ipv6.ts";
import type { InterfacePlan } from "../../plan.ts";
import type { Random } from "../../random.ts";
import { REACHABLE_TIME, RETRANS_TIMER } from "./neighbour_state.ts";

/**
 * One interface as this room sees it: the plan's part and the host variables of RFC 4861 6.3.2.
 * Down until `up` is set by the one who watches the port.
 */
export class Link {
  plan: InterfacePlan;
  readonly index: number;
  readonly mac: Uint8Array;
  up = false;
  /** CurHopLimit. */
  hopLimit = 64;
  /** LinkMTU for IPv6, bytes. */
  mtu: number;
  /** BaseReachableTime, RetransTimer and the drawn ReachableTime, milliseconds. */
  baseReachable = REACHABLE_TIME;
  retransmit = RETRANS_TIMER;
  reachable = REACHABLE_TIME;
  #tokens = REPLY_BURST;
  #filledAt = 0;

  constructor(plan: InterfacePlan) {
    this.plan = plan;
    this.index = plan.index;
    this.mac = plan.mac.slice();
    this.mtu = plan.mtu;
  }

  /** Whether IPv6 may use the link: it needs 1280 bytes (RFC 8200 section 5). */
  get carriesIpv6(): boolean {
    return this.plan.mtu >= IPV6_MINIMUM_MTU;
  }

  /** Draws ReachableTime between half and one and a half of the base (RFC 4861 6.3.2). */
  drawReachable(random: Random): void {
    this.reachable = this.baseReachable * (0.5 + random.u32() / 4294967296);
  }

  /** Takes one of the replies allowed a second; false when they are used up. */
  mayReply(now: number): boolean {
    const gained = (now - this.#filledAt) * REPLIES_PER_MILLISECOND;
    if (gained >= 1) {
      this.#tokens = Math.min(REPLY_BURST, this.#tokens + gained);
      this.#filledAt = now;
    }
    if (this.#tokens < 1) return false;
    this.#tokens--;
    return true;
  }
}

/** Links by interface index. */
export type Links = readonly (Link | undefined)[];

/** ARP replies and advertisements to one link: a thousand a second serves any office and starves no packet. */
const REPLIES_PER_MILLISECOND = 1;
const REPLY_BURST = 500;

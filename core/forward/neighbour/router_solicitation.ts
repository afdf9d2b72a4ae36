import type { PacketBatch } from "../../packet/batch.ts";
import { ICMPV6_ROUTER_SOLICIT, ROUTER_SOLICITATION } from "../../packet/icmpv6.ts";
import { below, type Random } from "../../random.ts";
import { ALL_ROUTERS, UNSPECIFIED } from "./groups.ts";
import { closeMessage, messageAt, openMessage } from "./icmpv6_message.ts";
import type { Link } from "./link.ts";
import { MAC_OPTION_SIZE, OPTION_SOURCE_MAC, putMacOption } from "./nd_options.ts";
import type { Neighbours } from "./neighbours.ts";

/**
 * When to ask for routers: the first within a second, then after 4 s and twice as long each time up to an hour,
 * give or take a tenth, until a default router has answered (RFC 4861 6.3.7, RFC 7559).
 */
export class SolicitationTimer {
  readonly #random: Random;
  #wait = 0;
  at = Infinity;

  constructor(random: Random) {
    this.#random = random;
  }

  start(now: number): void {
    this.#wait = 0;
    this.at = now + below(this.#random, MAX_DELAY);
  }
  stop(): void {
    this.at = Infinity;
  }
  /** One was sent now. */
  sent(now: number): void {
    this.#wait = Math.min(MOST_WAIT, this.#wait === 0 ? FIRST_WAIT : 2 * this.#wait);
    this.at = now + this.#wait * (0.9 + 0.2 * (this.#random.u32() / 4294967296));
  }
}

/** Appends a router solicitation; false when there is no room. `from` is undefined while there is no address. */
export function putRouterSolicitation(
  batch: PacketBatch,
  link: Link,
  from: Uint32Array | undefined,
  neighbours: Neighbours,
): boolean {
  const length = ROUTER_SOLICITATION.options + (from === undefined ? 0 : MAC_OPTION_SIZE);
  const row = openMessage(
    batch,
    link.index,
    from ?? UNSPECIFIED,
    0,
    ALL_ROUTERS,
    0,
    ICMPV6_ROUTER_SOLICIT,
    length,
  );
  if (row < 0) return false;
  if (from !== undefined) {
    const at = messageAt(batch, row) + ROUTER_SOLICITATION.options;
    putMacOption(batch.bytes(row), at, OPTION_SOURCE_MAC, link.mac);
  }
  closeMessage(batch, row, neighbours.lookup(link.index, 6, ALL_ROUTERS, 0, batch.now));
  return true;
}

/** Milliseconds. */
const MAX_DELAY = 1000;
const FIRST_WAIT = 4000;
const MOST_WAIT = 3600000;

import { NetlinkSocket } from "./netlink.ts";
import { type Link, readLink, RTM_DELLINK, RTM_NEWLINK } from "./link.ts";

/**
 * rtnetlink: the host's interfaces, addresses, routes and neighbours. The nouns live in files of their own and take
 * the socket; this one opens it and watches interfaces come and go.
 */
export * from "./link.ts";
export * from "./address.ts";
export * from "./route.ts";
export * from "./neighbour.ts";

/** A socket for requests, in the namespace the calling thread is in. */
export const openRoute = (): NetlinkSocket => new NetlinkSocket(NETLINK_ROUTE);

export interface LinkEvent {
  readonly kind: "new" | "gone";
  readonly link: Link;
}

/**
 * Tells what became of interfaces. Subscribe first, list then (`links`), so that nothing falls between. `fd` may stand
 * in a poll set.
 */
export class LinkMonitor {
  readonly #socket = new NetlinkSocket(NETLINK_ROUTE);

  constructor() {
    this.#socket.join(RTNLGRP_LINK);
  }
  get fd(): number {
    return this.#socket.fd;
  }
  /** Waits for an event, at most `milliseconds`; blocks the thread. */
  wait(milliseconds: number): boolean {
    return this.#socket.wait(milliseconds);
  }
  /** Events so far, oldest first. Undefined when the kernel had to drop some: list the interfaces anew. */
  events(): LinkEvent[] | undefined {
    const messages = this.#socket.receive();
    if (messages === undefined) return undefined;
    const result: LinkEvent[] = [];
    for (const message of messages) {
      // A bridge's port notices come in its own family; the interface itself is AF_UNSPEC.
      if (message.payload.length < 16 || message.payload[0] !== 0) continue;
      if (message.type === RTM_NEWLINK) result.push({ kind: "new", link: readLink(message) });
      else if (message.type === RTM_DELLINK) result.push({ kind: "gone", link: readLink(message) });
    }
    return result;
  }
  close(): void {
    this.#socket.close();
  }
}

const NETLINK_ROUTE = 0, RTNLGRP_LINK = 1;

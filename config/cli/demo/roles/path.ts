import { formatAddress } from "../../../../core/packet/address.ts";
import { PathSocket } from "../../../../drivers/sys/probe_socket.ts";
import { addressOf } from "../address.ts";

const EMSGSIZE = 90;
/** First UDP port of traceroute(8), nobody listens there. */
const TRACE_PORT = 33434;

export interface Hop {
  readonly ttl: number;
  /** Who answered; empty when nobody did. */
  readonly from: string;
  readonly type: number;
  readonly code: number;
}

/** traceroute(8) with UDP probes: one hop after another until the destination itself answers. */
export async function trace({ to, hops }: { to: string; hops: number }): Promise<readonly Hop[]> {
  const address = addressOf(to), found: Hop[] = [];
  for (let ttl = 1; ttl <= hops; ttl++) {
    const socket = new PathSocket(address, TRACE_PORT + ttl);
    try {
      socket.ttl = ttl;
      socket.send(new Uint8Array(new ArrayBuffer(32)));
      const answer = await socket.error(1500);
      const from = answer?.offender === undefined ? "" : formatAddress(answer.offender);
      found.push({ ttl, from, type: answer?.type ?? 0, code: answer?.code ?? 0 });
      if (from === to) break;
    } finally {
      socket.close();
    }
  }
  return found;
}

export interface PathMtu {
  /** MTU of the first hop, before any answer. */
  readonly before: number;
  /** MTU that the router told and the host's stack believes. */
  readonly told: number;
  readonly learnt: number;
  /** Who told. */
  readonly from: string;
  readonly type: number;
  readonly code: number;
}

/** Path MTU discovery (RFC 1191, RFC 8201): datagrams of the link's MTU with DF until the path complains. */
export async function pathMtu({ to, port }: { to: string; port: number }): Promise<PathMtu> {
  const address = addressOf(to);
  const socket = new PathSocket(address, port);
  try {
    const before = socket.mtu, headers = address.family === 4 ? 28 : 48;
    let told = 0, from = "", type = 0, code = 0;
    for (let attempt = 0; attempt < 3 && told === 0; attempt++) {
      socket.send(new Uint8Array(new ArrayBuffer(before - headers)));
      const answer = await socket.error(1000);
      if (answer?.errno !== EMSGSIZE) continue;
      told = answer.info;
      type = answer.type;
      code = answer.code;
      from = answer.offender === undefined ? "" : formatAddress(answer.offender);
    }
    return { before, told, learnt: socket.mtu, from, type, code };
  } finally {
    socket.close();
  }
}

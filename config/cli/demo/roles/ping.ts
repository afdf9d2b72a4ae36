import { finish, sum } from "../../../../core/packet/checksum.ts";
import { formatAddress } from "../../../../core/packet/address.ts";
import { setU16, u16 } from "../../../../core/packet/bytes.ts";
import { IcmpSocket } from "../../../../drivers/sys/probe_socket.ts";
import { addressOf } from "../address.ts";

const ECHO_REQUEST = { 4: 8, 6: 128 } as const, ECHO_REPLY = { 4: 0, 6: 129 } as const;

export interface PingArguments {
  readonly to: string;
  readonly count: number;
  /** Payload bytes behind the 8-byte header. */
  readonly size?: number;
}

export interface PingResult {
  readonly sent: number;
  readonly received: number;
  /** TTL or hop limit of the last answer, 0 without one. */
  readonly ttl: number;
  /** Round-trip times in milliseconds, one an answer. */
  readonly times: readonly number[];
}

/** Echo requests from a raw socket, one after another; each waits at most a second for its answer. */
export async function ping({ to, count, size = 56 }: PingArguments): Promise<PingResult> {
  const address = addressOf(to);
  const socket = new IcmpSocket(address.family);
  const times: number[] = [];
  let ttl = 0;
  try {
    const identifier = (Deno.pid ^ Math.floor(performance.now())) & 0xffff;
    for (let sequence = 1; sequence <= count; sequence++) {
      const request = new Uint8Array(new ArrayBuffer(8 + size)).fill(0x77, 8);
      request[0] = ECHO_REQUEST[address.family];
      setU16(request, 4, identifier);
      setU16(request, 6, sequence);
      if (address.family === 4) setU16(request, 2, finish(sum(request, 0, request.length)));
      const start = performance.now();
      if (socket.send(address, request) !== 0) continue;
      for (let left = 1000; left > 0; left = 1000 - (performance.now() - start)) {
        const message = await socket.receive(left);
        if (message === undefined || message.bytes.length < request.length) continue;
        if (message.bytes[0] !== ECHO_REPLY[address.family]) continue;
        if (u16(message.bytes, 4) !== identifier || u16(message.bytes, 6) !== sequence) continue;
        if (!message.bytes.subarray(8).every((b) => b === 0x77)) continue;
        times.push(performance.now() - start);
        ttl = message.ttl;
        break;
      }
    }
  } finally {
    socket.close();
  }
  return { sent: count, received: times.length, ttl, times };
}

/** Echo requests that reached this host since `watchEchoes`: their source addresses, in order of arrival. */
const sources: string[] = [];

/** Starts to note the sources of echo requests that arrive here. */
export function watchEchoes(_: Record<never, never>): Promise<void> {
  for (const family of [4, 6] as const) {
    const socket = new IcmpSocket(family);
    (async () => {
      for (;;) {
        const message = await socket.receive(60_000);
        if (message?.bytes[0] === ECHO_REQUEST[family]) sources.push(formatAddress(message.from));
      }
    })();
  }
  return Promise.resolve();
}

export const echoSources = (_: Record<never, never>): Promise<readonly string[]> =>
  Promise.resolve(sources.splice(0));

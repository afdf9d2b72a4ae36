import { createSocket } from "node:dgram";
import { plainAddress } from "../address.ts";

/** Answers every datagram with the sender's address, a newline and the datagram itself. */
export function serveEcho({ port }: { port: number }): Promise<void> {
  const socket = createSocket("udp6");
  socket.on("message", (data, peer) => {
    const answer = new Uint8Array([...new TextEncoder().encode(`${plainAddress(peer.address)}\n`), ...data]);
    socket.send(answer, peer.port, peer.address);
  });
  return new Promise((resolve, reject) => {
    socket.once("error", reject);
    socket.bind(port, "::", () => resolve());
  });
}

export interface EchoResult {
  readonly sent: number;
  /** Answers with exactly the bytes that were sent. */
  readonly received: number;
  /** Source address that the far side saw. */
  readonly seenFrom: string;
}

/** Sends `count` datagrams of `size` bytes and waits until all came back, at most two seconds after the last. */
export function echo(
  { to, port, count, size }: { to: string; port: number; count: number; size: number },
): Promise<EchoResult> {
  const socket = createSocket(to.includes(":") ? "udp6" : "udp4");
  const result = { sent: count, received: 0, seenFrom: "" };
  const payload = new Uint8Array(size);
  return new Promise((resolve) => {
    const end = () => {
      clearTimeout(timer);
      socket.close();
      resolve(result);
    };
    const timer = setTimeout(end, 2000);
    socket.on("error", end);
    socket.on("message", (data) => {
      const at = data.indexOf(10);
      const back = data.subarray(at + 1);
      if (back.length !== size || back.subarray(4).some((b, i) => b !== (i & 255))) return;
      result.seenFrom = new TextDecoder().decode(data.subarray(0, at));
      if (++result.received === count) end();
    });
    for (let i = 4; i < size; i++) payload[i] = (i - 4) & 255;
    for (let i = 0; i < count; i++) {
      payload[3] = i;
      socket.send(payload.slice(), port, to);
    }
  });
}

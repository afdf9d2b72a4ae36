import { createHash } from "node:crypto";
import { connect } from "node:net";
import { plainAddress, urlHost } from "../address.ts";

/** Bytes of one chunk of a made body. */
const CHUNK = 65536;

/** A body of `bytes` that nobody can guess right by accident: a fixed noise, each chunk with its number. */
export function* body(bytes: number): Generator<Uint8Array<ArrayBuffer>> {
  const noise = new Uint32Array(CHUNK / 4);
  for (let i = 0, x = 0x2545f491; i < noise.length; i++) {
    x ^= x << 13;
    x ^= x >>> 17;
    x ^= x << 5;
    noise[i] = x;
  }
  for (let at = 0, number = 0; at < bytes; at += CHUNK, number++) {
    const chunk = noise.slice();
    chunk[0] = number;
    yield new Uint8Array(chunk.buffer, 0, Math.min(CHUNK, bytes - at));
  }
}

/** SHA-256 in hexadecimal of chunks. */
export function hashOf(chunks: Iterable<Uint8Array>): string {
  const hash = createHash("sha256");
  for (const chunk of chunks) hash.update(chunk);
  return hash.digest("hex");
}

/** What the server of this host saw: remote address and path, one entry a request. */
const requests: { from: string; path: string }[] = [];

/**
 * Serves HTTP on both families: GET /N answers N bytes of `body`, POST / the hash of what came; both say in
 * `x-seen-from` who asked.
 */
export function serveHttp({ port }: { port: number }): Promise<void> {
  const ready = Promise.withResolvers<void>();
  Deno.serve({ port, hostname: "::", onListen: () => ready.resolve() }, async (request, info) => {
    const from = plainAddress((info.remoteAddr as Deno.NetAddr).hostname);
    const path = new URL(request.url).pathname;
    requests.push({ from, path });
    const headers = { "x-seen-from": from };
    if (request.method === "POST") {
      const chunks: Uint8Array[] = [];
      if (request.body !== null) { for await (const chunk of request.body) chunks.push(chunk); }
      return new Response(hashOf(chunks), { headers });
    }
    const bytes = Number(path.slice(1));
    if (!Number.isInteger(bytes) || bytes < 0) return new Response("no such page\n", { status: 404 });
    return new Response(ReadableStream.from(body(bytes)), { headers });
  });
  return ready.promise;
}

/** Requests served since the last call. */
export const served = (_: Record<never, never>): Promise<readonly { from: string; path: string }[]> =>
  Promise.resolve(requests.splice(0));

export interface FetchArguments {
  readonly to: string;
  readonly port: number;
  readonly bytes: number;
  /** Sends the body instead of asking for it. */
  readonly upload?: boolean;
  /** Milliseconds after which it is given up. */
  readonly timeout: number;
}

export interface FetchResult {
  /** Whether every byte came over as it was sent. */
  readonly intact: boolean;
  readonly bytes: number;
  readonly milliseconds: number;
  /** Source address that the server saw. */
  readonly seenFrom: string;
}

/** Downloads (or uploads) a body and compares its hash with what it must be. */
export async function fetchBody(a: FetchArguments): Promise<FetchResult> {
  const url = `http://${urlHost(a.to)}:${a.port}/${a.upload ? "" : a.bytes}`;
  const expected = hashOf(body(a.bytes));
  const start = performance.now();
  const response = await fetch(url, {
    signal: AbortSignal.timeout(a.timeout),
    ...(a.upload ? { method: "POST", body: ReadableStream.from(body(a.bytes)) } : {}),
  });
  const chunks: Uint8Array[] = [];
  if (response.body !== null) { for await (const chunk of response.body) chunks.push(chunk); }
  const milliseconds = performance.now() - start;
  const total = chunks.reduce((n, chunk) => n + chunk.length, 0);
  const intact = a.upload
    ? new TextDecoder().decode(chunks[0]) === expected
    : total === a.bytes && hashOf(chunks) === expected;
  return {
    intact,
    bytes: a.upload ? a.bytes : total,
    milliseconds,
    seenFrom: response.headers.get("x-seen-from") ?? "",
  };
}

/** Tries to open a TCP connection: what became of it within `timeout` milliseconds. */
export function probe(
  { to, port, timeout }: { to: string; port: number; timeout: number },
): Promise<"open" | "refused" | "silent" | "rejected"> {
  return new Promise((resolve) => {
    const socket = connect({ host: to, port });
    const end = (outcome: "open" | "refused" | "silent" | "rejected") => {
      clearTimeout(timer);
      socket.destroy();
      resolve(outcome);
    };
    const timer = setTimeout(() => end("silent"), timeout);
    socket.on("connect", () => end("open"));
    socket.on(
      "error",
      (e: Error & { code?: string }) => end(e.code === "ECONNREFUSED" ? "refused" : "rejected"),
    );
  });
}

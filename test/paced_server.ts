import { body } from "../config/cli/demo/roles/http.ts";

/**
 * A program for tests: `paced_server.ts PORT RATE` serves GET /N with N bytes of the demo's body, RATE bytes a second,
 * to one who reads as fast as they come.
 */
const [port, rate] = Deno.args.map(Number) as [number, number];

async function* paced(bytes: number): AsyncGenerator<Uint8Array<ArrayBuffer>> {
  const start = performance.now();
  let sent = 0;
  for (const chunk of body(bytes)) {
    const due = start + sent * 1000 / rate;
    if (due > performance.now()) await new Promise((resolve) => setTimeout(resolve, due - performance.now()));
    yield chunk;
    sent += chunk.length;
  }
}

Deno.serve({ port, hostname: "::", onListen: () => console.log("ready") }, (request) => {
  const bytes = Number(new URL(request.url).pathname.slice(1));
  return new Response(ReadableStream.from(paced(bytes)));
});

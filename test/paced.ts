import { createHash } from "node:crypto";
import { body, hashOf } from "../config/cli/demo/roles/http.ts";
import { urlHost } from "../config/cli/demo/address.ts";
import type { Topology } from "./topology.ts";

/** Starts a server on WAN, port 80, that sends `rate` bytes a second. */
export async function servePaced(t: Topology, rate: number): Promise<void> {
  const program = new URL("./paced_server.ts", import.meta.url).href;
  const server = t.spawn("wan", Deno.execPath(), {
    args: ["run", "--quiet", "--allow-all", program, "80", String(rate)],
    stdin: "null",
    stdout: "piped",
  });
  const reader = server.stdout.getReader();
  await reader.read();
  await reader.cancel();
}

export interface Download {
  readonly bytes: number;
  /** Whether they are those that were sent. */
  readonly intact: boolean;
  readonly seconds: number;
}

/** A download from that server by the hosts' own TCP. Throws when it breaks off. */
export async function downloadPaced(t: Topology, to: string, bytes: number): Promise<Download> {
  const start = performance.now(), hash = createHash("sha256");
  const child = t.spawn("lan", "curl", {
    args: ["-sS", "-N", "--noproxy", "*", `http://${urlHost(to)}/${bytes}`],
    stdin: "null",
    stdout: "piped",
    stderr: "inherit",
  });
  let received = 0;
  for await (const chunk of child.stdout) {
    hash.update(chunk);
    received += chunk.length;
  }
  const { code } = await child.status;
  if (code !== 0) throw new Error(`curl ended with ${code} after ${received} bytes`);
  const intact = hash.digest("hex") === hashOf(body(bytes));
  return { bytes: received, intact, seconds: (performance.now() - start) / 1000 };
}

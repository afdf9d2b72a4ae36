import { TextLineStream } from "./lines.ts";
import { dieWithParent } from "./process.ts";
import { type RoleName, roles } from "./roles/mod.ts";

/**
 * A client of the demo: the process behind `weir demo-client`.
 *
 * Overview    started inside a network namespace, it plays one host there. Every line of standard input is a
 *             request `{ id, role, arguments }` in JSON, every line of output its answer `{ id, value }` or
 *             `{ id, error }`; answers come as they are ready.
 * Life-cycle  it ends when its input does, which happens also when the demo is killed. Ctrl-C reaches the whole
 *             process group, so SIGINT is left to the demo.
 */
export async function demoClient(): Promise<number> {
  dieWithParent("SIGKILL");
  Deno.addSignalListener("SIGINT", () => {});
  const lines = Deno.stdin.readable.pipeThrough(new TextDecoderStream()).pipeThrough(new TextLineStream());
  for await (const line of lines) answer(JSON.parse(line) as Request);
  return 0;
}

interface Request {
  readonly id: number;
  readonly role: RoleName;
  readonly arguments: never;
}

async function answer({ id, role, arguments: given }: Request): Promise<void> {
  let reply;
  try {
    reply = { id, value: await roles[role](given) ?? null };
  } catch (e) {
    reply = { id, error: e instanceof Error ? e.message : String(e) };
  }
  Deno.stdout.writeSync(new TextEncoder().encode(JSON.stringify(reply) + "\n"));
}

import { readKernelFile } from "../../drivers/sys/kernel_file.ts";
import { until } from "../waiting.ts";
import type { Bed } from "./bed.ts";
import { type Place, SITES } from "./network.ts";

/** Programs that send through a tunnel, from the host `left` to the host `right` and back. */

/** A server for one test: between two, a server's listener is closed for a moment, and who comes then is reset. */
async function serveOnce(bed: Bed): Promise<Deno.ChildProcess> {
  const server = bed.spawn("right", "iperf3", {
    args: ["-s", "-1"],
    stdin: "null",
    stdout: "null",
    stderr: "null",
  });
  await until(
    "iperf3 listens",
    () =>
      / [0:]{32}:1451 [0:]+ 0A /.test(
        bed.within("right", () => readKernelFile("/proc/thread-self/net/tcp6")),
      ),
  );
  return server;
}

export interface Throughput {
  /** That arrived. */
  readonly bitsPerSecond: number;
  readonly bytes: number;
  readonly retransmits: number;
}

/** A TCP stream from left to right, or with `-R` among the arguments the other way. */
export async function iperf(bed: Bed, seconds: number, ...args: string[]): Promise<Throughput> {
  const server = await serveOnce(bed);
  const { stdout, stderr } = await bed.run("left", "iperf3", [
    ...["-J", "--connect-timeout", "2000", "-c", SITES.far.host, "-t", String(seconds)],
    ...args,
  ], seconds + 10);
  const { error, end } = JSON.parse(stdout || `{"error":"it did not end"}`);
  if (error !== undefined) throw new Error(`iperf3: ${error} ${stderr}`);
  await server.status;
  return {
    bitsPerSecond: end.sum_received.bits_per_second,
    bytes: end.sum_received.bytes,
    retransmits: end.sum_sent.retransmits,
  };
}

/**
 * Sends echo requests 20 ms apart from a site's host to the other's, or to an address that is the last argument: how many
 * were answered, and round trips in milliseconds.
 */
export async function ping(
  bed: Bed,
  from: "left" | "right",
  count: number,
  ...args: string[]
): Promise<{ readonly answered: number; readonly times: readonly number[]; readonly text: string }> {
  const other = from === "left" ? SITES.far.host : SITES.near.host;
  const to = /^[\d.]{7,}$/.test(args.at(-1) ?? "") ? [] : [other];
  const { stdout, stderr } = await bed.run(from, "ping", [
    ...["-n", "-c", String(count), "-i", "0.02", "-W", "1"],
    ...args,
    ...to,
  ]);
  const times = [...stdout.matchAll(/time=([\d.]+) ms/g)].map((match) => Number(match[1]));
  const answered = Number(/(\d+) received/.exec(stdout)?.[1] ?? 0);
  return { answered, times, text: stdout + stderr };
}

/** tcpdump on a device: another's view of what is on the wire. */
export class Watch {
  readonly #child: Deno.ChildProcess;
  readonly #done: Promise<unknown>;
  #text = "";

  private constructor(child: Deno.ChildProcess, errors: ReadableStreamDefaultReader<string>) {
    this.#child = child;
    const drain = async () => {
      while (!(await errors.read()).done);
    };
    const collect = async () => {
      for await (const text of child.stdout.pipeThrough(new TextDecoderStream())) this.#text += text;
    };
    this.#done = Promise.all([drain(), collect(), child.status]);
  }

  static async start(bed: Bed, place: Place, device: string, filter: string): Promise<Watch> {
    const child = bed.spawn(place, "tcpdump", {
      args: ["-n", "-v", "-l", "--immediate-mode", "-i", device, filter],
      stdin: "null",
      stdout: "piped",
      stderr: "piped",
    });
    const errors = child.stderr.pipeThrough(new TextDecoderStream()).getReader();
    for (let said = ""; !said.includes("listening on");) {
      const { value, done } = await errors.read();
      if (done) throw new Error(`tcpdump: ${said.trim()}`);
      said += value;
    }
    return new Watch(child, errors);
  }

  get #seen(): Seen[] {
    return [...this.#text.matchAll(/flags \[(.*?)\], proto .*?, length (\d+)\)/g)].map((
      [, flags, length],
    ) => ({
      dontFragment: flags!.includes("DF"),
      length: Number(length),
    }));
  }

  /** What was seen until now, `wanted` packets at least. The watch is over. */
  async end(wanted: number): Promise<Seen[]> {
    await until(`tcpdump sees ${wanted} packets`, () => this.#seen.length >= wanted);
    this.#child.kill("SIGTERM");
    await this.#done;
    return this.#seen;
  }
}

/** An IPv4 packet: its DF bit and total length. */
export interface Seen {
  readonly dontFragment: boolean;
  readonly length: number;
}

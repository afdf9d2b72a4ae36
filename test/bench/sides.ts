import { LAN, ROUTER_LAN, WAN } from "../../config/cli/demo/settings.ts";
import { namespaceLinks } from "../../config/cli/demo/counters.ts";
import { type Topology, topology } from "../topology.ts";
import { linesOf } from "./lines.ts";

/**
 * One side of a comparison: a topology with its traffic programs, started once and idle until asked.
 *
 * Life-cycle  `Side.start` -> measurements -> the topology's end, which kills the programs.
 * Ownership   generator and sink are children inside the hosts' namespaces.
 */
export class Side {
  readonly topology: Topology;
  readonly #orders: WritableStreamDefaultWriter<Uint8Array>;
  readonly #answers: ReadableStreamDefaultReader<string>;

  private constructor(topology: Topology, generator: Deno.ChildProcess) {
    this.topology = topology;
    this.#orders = generator.stdin.getWriter();
    this.#answers = linesOf(generator.stdout).getReader();
  }

  /** `run`: more arguments for `weir run`. */
  static async start(
    stack: AsyncDisposableStack,
    router: "weir" | "kernel",
    run: readonly string[] = [],
  ): Promise<Side> {
    const t = stack.use(await topology({ router, run }));
    const side = new Side(t, await generator(t));
    t.spawn("wan", Deno.execPath(), { args: ["run", "-A", here("sink.ts")], stdin: "piped", stdout: "null" });
    t.spawn("wan", "iperf3", { args: ["-s"], stdin: "null", stdout: "null", stderr: "null" });
    await side.#answer();
    return side;
  }

  async #answer(): Promise<string> {
    const { value, done } = await this.#answers.read();
    if (done) throw new Error("the generator ended; it needs root and a device eth0");
    return value;
  }

  /** Sends small UDP for `seconds`; packets a second that arrived, and that were sent. */
  async flood(seconds: number): Promise<{ readonly arrived: number; readonly sent: number }> {
    const milliseconds = Math.round((WARM_UP + seconds) * 1000);
    await this.#orders.write(new TextEncoder().encode(`${milliseconds}\n`));
    await sleep(WARM_UP * 1000);
    const begin = this.#arrived(), since = performance.now();
    await sleep(seconds * 1000 - MARGIN);
    const arrived = (this.#arrived() - begin) / ((performance.now() - since) / 1000);
    const sent = Number(await this.#answer()) / (milliseconds / 1000);
    await sleep(50);
    return { arrived, sent };
  }

  #arrived(): number {
    return namespaceLinks(this.topology.namespace("wan"))["eth0"]!.rxPackets;
  }

  /** Receive steering of the router's lan0: a mask of CPUs, 0 for none. */
  async steer(mask: number): Promise<void> {
    const file = "/sys/class/net/lan0/queues/rx-0/rps_cpus", namespace = this.topology.namespace("router");
    // sysfs shows a namespace's devices to who mounted it there, which `ip netns exec` does
    await must("ip", ["netns", "exec", namespace, "sh", "-c", `echo ${mask.toString(16)} > ${file}`]);
  }

  /** Every offload of every device, on or off. */
  async offloads(state: "on" | "off"): Promise<void> {
    const devices = [["lan", "eth0"], ["wan", "eth0"], ["router", "lan0"], ["router", "wan0"]] as const;
    for (const [place, device] of devices) {
      const features = ["tx", "tso", "gso", "gro"].flatMap((feature) => [feature, state]);
      const { code, stderr } = await this.topology.run(place, "ethtool", ["-K", device, ...features]);
      if (code !== 0) throw new Error(`ethtool: ${stderr.trim()}`);
    }
  }

  /** One TCP stream from LAN to WAN; bits a second that arrived. */
  async tcp(seconds: number): Promise<number> {
    const args = ["-c", WAN.ipv4, "-t", String(seconds), "-J", "--connect-timeout", "3000"];
    const { stdout } = await this.topology.run("lan", "iperf3", args, seconds + 10);
    const { error, end } = JSON.parse(stdout);
    if (error !== undefined) throw new Error(`iperf3: ${error}`);
    return end.sum_received.bits_per_second;
  }

  /** Round-trip times of `count` echo requests, milliseconds. */
  async ping(count: number): Promise<number[]> {
    const { stdout } = await this.topology.run("lan", "ping", ["-i", "0.002", "-c", `${count}`, WAN.ipv4]);
    const times = [...stdout.matchAll(/time=([\d.]+) ms/g)].map((match) => Number(match[1]));
    if (times.length < count / 2) {
      throw new Error(`only ${times.length} of ${count} echo requests were answered`);
    }
    return times;
  }
}

/** The generator, pinned to the first CPU, once the router has told its link-layer address. */
async function generator(t: Topology): Promise<Deno.ChildProcess> {
  await t.run("lan", "ping", ["-c", "1", "-W", "2", WAN.ipv4]);
  const { stdout } = await t.run("lan", "ip", ["neigh", "show", ROUTER_LAN.ipv4]);
  const mac = /lladdr (\S+)/.exec(stdout)?.[1];
  if (mac === undefined) throw new Error("the router does not answer ARP");
  const options = ["--mac", mac, "--from", LAN.ipv4, "--to", WAN.ipv4];
  return t.spawn("lan", "taskset", {
    args: ["-c", "0", Deno.execPath(), "run", "-A", here("generator.ts"), ...options],
    stdin: "piped",
    stdout: "piped",
  });
}

export async function must(program: string, args: readonly string[]): Promise<string> {
  const { success, stdout, stderr } = await new Deno.Command(program, { args: [...args], stdin: "null" })
    .output();
  if (!success) throw new Error(`${program} ${args.join(" ")}: ${new TextDecoder().decode(stderr).trim()}`);
  return new TextDecoder().decode(stdout);
}

export const sleep = (milliseconds: number): Promise<void> =>
  new Promise((resolve) => setTimeout(resolve, Math.max(0, milliseconds)));

/** Path of a program of this folder. */
export const here = (file: string): string => new URL(file, import.meta.url).pathname;

/** Seconds of traffic before counting begins, and milliseconds of it left when counting ends. */
const WARM_UP = 0.2, MARGIN = 50;

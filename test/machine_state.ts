import { readKernelFile } from "../drivers/sys/kernel_file.ts";
import type { Topology } from "./topology.ts";
import { until } from "./waiting.ts";

/** What a router may have changed of the machine: the router's namespace seen by the kernel's own tools. */
export interface MachineState {
  readonly links: readonly string[];
  readonly addresses: readonly string[];
  readonly routes: readonly string[];
  readonly rules: string;
  /** Of the wire ports and of new devices, under net/ipv4/conf and net/ipv6/conf. */
  readonly parameters: Readonly<Record<string, string>>;
}

/** Waits until the wires' own IPv6 addresses have passed duplicate address detection: then nothing moves by itself. */
export async function settled(t: Topology): Promise<void> {
  await until("the wires' addresses are in use", async () => {
    const { stdout } = await t.run("router", "ip", ["-6", "-o", "address", "show"]);
    const own = stdout.split("\n").filter((line) => /(lan0|lan1|wan0) +inet6 fe80:/.test(line));
    return own.length === 3 && !own.some((line) => line.includes("tentative"));
  });
}

export async function machineState(t: Topology): Promise<MachineState> {
  const lines = async (...args: string[]) =>
    (await t.run("router", "ip", args)).stdout.split("\n").map((line) => line.trim()).filter((line) =>
      line !== ""
    );
  const [links, addresses, routes, { stdout: rules }] = await Promise.all([
    lines("-o", "link", "show"),
    lines("-o", "address", "show"),
    lines("route", "show", "table", "all"),
    t.run("router", "nft", ["list", "ruleset"]),
  ]);
  // link-local routes and addresses of a wire come and go with duplicate address detection
  const lasting = (line: string) => !/fe80::|ff00::\/8|\bproto kernel metric 0 pref/.test(line);
  return {
    links: links.map((line) => line.replace(/ state \S+| qlen \d+/g, "")),
    addresses: addresses.filter(lasting),
    routes: routes.filter(lasting),
    rules,
    parameters: t.within("router", parameters),
  };
}

function parameters(): Record<string, string> {
  const found: Record<string, string> = {};
  for (const family of ["ipv4", "ipv6"]) {
    for (const { name: device } of Deno.readDirSync(`/proc/sys/net/${family}/conf`)) {
      for (const { name } of Deno.readDirSync(`/proc/sys/net/${family}/conf/${device}`)) {
        const key = `net/${family}/conf/${device}/${name}`;
        try {
          found[key] = readKernelFile(`/proc/sys/${key}`);
        } catch {
          // stable_secret cannot be read before it was written
        }
      }
    }
  }
  return found;
}

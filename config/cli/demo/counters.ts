import { inNamespace } from "../../../drivers/sys/namespace.ts";
import { readKernelFile } from "../../../drivers/sys/kernel_file.ts";

/** Counters the kernel keeps in a network namespace, read on this thread inside it. */

export interface LinkCounters {
  readonly rxPackets: number;
  /** Came in and could not be taken: no room in ring or queue. */
  readonly rxDropped: number;
  readonly rxBytes: number;
  readonly txPackets: number;
  readonly txBytes: number;
}

const read = (namespace: string, name: string): string =>
  inNamespace(namespace, () => readKernelFile(`/proc/thread-self/net/${name}`));

/** Interfaces but loopback, as /proc/net/dev counts them. */
export function namespaceLinks(namespace: string): Record<string, LinkCounters> {
  const found: Record<string, LinkCounters> = {};
  for (const line of read(namespace, "dev").trim().split("\n").slice(2)) {
    const colon = line.indexOf(":"), name = line.slice(0, colon).trim();
    const n = line.slice(colon + 1).trim().split(/\s+/).map(Number);
    if (name === "lo") continue;
    found[name] = { rxBytes: n[0]!, rxPackets: n[1]!, rxDropped: n[3]!, txBytes: n[8]!, txPackets: n[9]! };
  }
  return found;
}

export interface ForwardedByKernel {
  /** `Ip: ForwDatagrams` of /proc/net/snmp. */
  readonly ipv4: number;
  /** `Ip6OutForwDatagrams` of /proc/net/snmp6. */
  readonly ipv6: number;
  /** net.ipv4.ip_forward. */
  readonly enabled: boolean;
}

/** What the kernel itself forwarded in a namespace. */
export function forwardedByKernel(namespace: string): ForwardedByKernel {
  const [titles, values] = read(namespace, "snmp").split("\n").filter((line) => line.startsWith("Ip:"));
  const column = titles!.split(" ").indexOf("ForwDatagrams");
  const ipv6 = /^Ip6OutForwDatagrams\s+(\d+)/m.exec(read(namespace, "snmp6"));
  const enabled =
    inNamespace(namespace, () => readKernelFile("/proc/sys/net/ipv4/ip_forward")).trim() !== "0";
  return { ipv4: Number(values!.split(" ")[column]), ipv6: Number(ipv6?.[1] ?? 0), enabled };
}

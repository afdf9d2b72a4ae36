import type { RouterStatus } from "../status.ts";

type Sample = readonly [labels: Readonly<Record<string, string>>, value: number];

/** The status in Prometheus' text format 0.0.4. */
export function metrics(status: RouterStatus): string {
  const ports = <K extends keyof RouterStatus["ports"][number]>(key: K): Sample[] =>
    status.ports.map((port) => [{ port: port.name, device: port.device }, Number(port[key])]);
  const plain = (value: number): Sample[] => [[{}, value]];
  return [
    metric("weir_info", "gauge", "Version of the running router.", [[{ version: status.version }, 1]]),
    metric("weir_uptime_seconds", "gauge", "Seconds since the data plane started.", plain(status.uptime)),
    metric("weir_generation", "gauge", "Generation of the plan in use.", plain(status.generation)),
    metric("weir_port_up", "gauge", "Whether frames can pass.", ports("up")),
    metric("weir_port_receive_packets_total", "counter", "Frames received.", ports("rxPackets")),
    metric("weir_port_receive_bytes_total", "counter", "Bytes received.", ports("rxBytes")),
    metric(
      "weir_port_receive_dropped_total",
      "counter",
      "Frames the ring had no room for.",
      ports("rxDropped"),
    ),
    metric("weir_port_transmit_packets_total", "counter", "Frames sent.", ports("txPackets")),
    metric("weir_port_transmit_bytes_total", "counter", "Bytes sent.", ports("txBytes")),
    metric(
      "weir_port_transmit_dropped_total",
      "counter",
      "Frames the device did not take.",
      ports("txDropped"),
    ),
    metric("weir_port_errors_total", "counter", "Malformed frames.", ports("errors")),
    metric("weir_packets_total", "counter", "Packets taken in.", plain(status.packets)),
    metric("weir_forwarded_packets_total", "counter", "Packets sent on.", plain(status.forwarded)),
    metric("weir_batches_total", "counter", "Batches processed.", plain(status.batches)),
    metric("weir_flows", "gauge", "Tracked flows.", plain(status.flows.count)),
    metric("weir_flows_limit", "gauge", "Rows of the flow table.", plain(status.flows.max)),
    metric(
      "weir_dropped_packets_total",
      "counter",
      "Packets dropped.",
      Object.entries(status.drops).map(([reason, value]) => [{ reason }, value]),
    ),
    metric(
      "weir_cpu_seconds_total",
      "counter",
      "CPU time of the data plane, by stage where it is measured.",
      Object.entries(status.cpu).map(([stage, value]) => [{ stage }, value / 1e9]),
    ),
  ].join("");
}

function metric(name: string, type: "counter" | "gauge", help: string, samples: readonly Sample[]): string {
  const lines = samples.map(([labels, value]) => `${name}${labelText(labels)} ${value}\n`);
  return `# HELP ${name} ${help}\n# TYPE ${name} ${type}\n${lines.join("")}`;
}

function labelText(labels: Readonly<Record<string, string>>): string {
  const pairs = Object.entries(labels).map(([name, value]) => `${name}="${escape(value)}"`);
  return pairs.length === 0 ? "" : `{${pairs.join(",")}}`;
}

const escape = (text: string): string => text.replace(/[\\"\n]/g, (c) => (c === "\n" ? "\\n" : `\\${c}`));

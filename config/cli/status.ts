import type { RouterStatus } from "../status.ts";
import { table } from "./output.ts";

/** `weir status` for people. */
export function statusText(status: RouterStatus): string {
  const { config, flows, cpu, drops } = status;
  const lines: string[] = [];
  const say = (name: string, value: string) => lines.push(`${name.padEnd(12)}${value}\n`);
  say("router", `${status.hostname}, weir ${status.version}, up ${duration(status.uptime)}`);
  say("config", `${config.path}, generation ${status.generation}, loaded ${config.loaded}`);
  if (config.error !== "") say("", `the last reload was refused: ${config.error.split("\n")[0]}`);
  if (status.failed !== "") say("FORWARDING", `STOPPED: ${status.failed}`);
  else if (status.deaths > 0) say("data plane", `died ${status.deaths} times within a minute, runs again`);
  say("packets", `${status.packets} in, ${status.forwarded} forwarded, ${status.batches} batches`);
  say("flows", `${flows.count} of ${flows.max}`);
  const perPacket = status.packets < MEANINGFUL
    ? ""
    : `, ${Math.round(cpu.total / status.packets)} ns a packet`;
  say("cpu", `${(cpu.total / 1e9).toFixed(2)} s${perPacket}`);
  if (cpu.process > 0) {
    const share = (part: number) => `${Math.round(100 * part / cpu.total)} %`;
    say("", `receive ${share(cpu.receive)}, process ${share(cpu.process)}, transmit ${share(cpu.transmit)}`);
  }
  for (const entry of status.interfaces) {
    const over = entry.ports.length === 1 && entry.ports[0] === entry.name
      ? ""
      : ` (${entry.ports.join(", ")})`;
    say(entry.name, `${entry.addresses.join(", ") || "no address"}${over}`);
  }
  const dropped = Object.entries(drops).filter(([, count]) => count > 0).sort((a, b) => b[1] - a[1]);
  if (dropped.length > 0) say("dropped", dropped.map(([why, count]) => `${why} ${count}`).join(", "));
  return lines.join("");
}

/** Packets below which the time of the loop's idle turns is most of it. */
const MEANINGFUL = 10_000;

function duration(seconds: number): string {
  const days = Math.floor(seconds / 86400), hours = Math.floor(seconds / 3600) % 24;
  const minutes = Math.floor(seconds / 60) % 60;
  if (days > 0) return `${days} d ${hours} h`;
  if (hours > 0) return `${hours} h ${minutes} min`;
  return minutes > 0 ? `${minutes} min ${Math.floor(seconds) % 60} s` : `${Math.floor(seconds)} s`;
}

/** `weir port`: one line a port. */
export function portText(status: RouterStatus): string {
  const received = ["rx packets", "rx bytes", "rx dropped"], sent = ["tx packets", "tx bytes", "tx dropped"];
  const head = ["port", "device", "kind", "state", ...received, ...sent, "errors"];
  const rows = status.ports.map((port) => [
    port.name,
    port.device,
    port.kind,
    port.up ? "up" : "down",
    port.rxPackets,
    port.rxBytes,
    port.rxDropped,
    port.txPackets,
    port.txBytes,
    port.txDropped,
    port.errors,
  ]);
  return table([head, ...rows]);
}

import { bridgesOf, type PortEntry } from "../config.ts";
import { closest, type Report, type Span } from "../diagnostic.ts";
import { fileKey } from "../read.ts";
import type { PortConfig } from "../schema.ts";
import type { Check } from "./check.ts";

/** Members exist, belong to one bridge, and leave addresses to it. */
export const checkBridges: Check = (config, report) => {
  const ports = new Map(config.ports.map((port) => [port.name.value, port]));
  const taken = new Map<string, { bridge: string; place: Span }>();
  for (const bridge of bridgesOf(config.document)) {
    const members = bridge.settings.interfaces ?? [];
    if (members.length === 0) {
      report(bridge.name.place, `the bridge ${bridge.name.value} has no members`, {
        hints: ["list its ports: interfaces: [lan1, lan2]"],
      });
    }
    for (const { value: name, place } of members) {
      const port = ports.get(name);
      if (port === undefined) {
        const near = closest(name, ports.keys());
        report(place, `no port is named ${name}`, {
          hints: near === undefined ? [] : [`did you mean ${near}?`],
        });
        continue;
      }
      const before = taken.get(name);
      if (before !== undefined) {
        const message = before.bridge === bridge.name.value
          ? `${name} is listed twice`
          : `${name} is a member of ${before.bridge} already`;
        report(place, message, { also: before.place });
        continue;
      }
      taken.set(name, { bridge: bridge.name.value, place });
      checkMember(port, bridge.name.value, report);
    }
  }
};

const OF_THE_BRIDGE: readonly (keyof PortConfig)[] = [
  "addresses",
  "routes",
  "routingPolicy",
  "acceptRa",
  "ra",
  "local",
];

function checkMember(port: PortEntry, bridge: string, report: Report): void {
  for (const key of OF_THE_BRIDGE) {
    const value = port.settings[key];
    if (value === undefined || (Array.isArray(value) && value.length === 0)) continue;
    report(
      port.name.place,
      `${port.name.value} is a member of the bridge ${bridge} and has ${fileKey(key)}`,
      {
        hints: [`move ${fileKey(key)} to the bridge: its members carry frames only`],
      },
    );
  }
}

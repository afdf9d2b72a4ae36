import { formatPrefix, network } from "../../core/packet/address.ts";
import type { Config } from "../config.ts";
import { closest, type Located, type Report } from "../diagnostic.ts";
import type { PolicyRuleConfig } from "../schema.ts";
import type { Check } from "./check.ts";

/** Policy rules as written; as in netplan it does not matter under which interface one stands. */
export function writtenPolicyRules(config: Config): PolicyRuleConfig[] {
  const own = config.interfaces.flatMap((entry) => entry.settings.routingPolicy ?? []);
  return [...config.document.routingPolicy ?? [], ...own];
}

const CONDITIONS = ["from", "to", "mark", "incoming"];

/** Rules name a table, prefixes of one family, and an interface that exists. */
export const checkPolicyRules: Check = (config, report) => {
  const names = config.interfaces.map((entry) => entry.name.value);
  for (const { value, place, written } of writtenPolicyRules(config)) {
    if (!written.has("table")) {
      report(place, "a policy rule needs its table", { hints: ["table: 100, and routes with table: 100"] });
    }
    const { from, to, mark, incoming } = value;
    if (!CONDITIONS.some((key) => written.has(key))) {
      report(place, "a policy rule without a condition takes every packet from the main table", {
        hints: ["give it one of from, to, mark, incoming"],
      });
    }
    if (from !== undefined && to !== undefined && from.value.family !== to.value.family) {
      report(to.place, "from and to are of different families", { also: from.place });
    }
    for (const prefix of [from, to]) {
      if (prefix === undefined) continue;
      const net = formatPrefix(network(prefix.value));
      if (net !== formatPrefix(prefix.value)) {
        report(prefix.place, "bits are set behind the prefix's length", { hints: [`write ${net}`] });
      }
    }
    if (mark !== undefined && (mark.value.value & ~mark.value.mask) !== 0) {
      report(mark.place, "the mark has bits that its mask takes away: it would never match");
    }
    if (incoming !== undefined) checkIncoming(config, incoming, names, report);
  }
};

function checkIncoming(
  config: Config,
  incoming: Located<string>,
  names: readonly string[],
  report: Report,
): void {
  const { value: name, place } = incoming;
  if (names.includes(name)) return;
  const bridge = config.interfaces.find((entry) => entry.members.includes(name));
  const near = closest(name, names);
  const hint = bridge !== undefined
    ? `${name} is a member of ${bridge.name.value}: name the bridge`
    : near && `did you mean ${near}?`;
  report(place, `no interface is named ${name}`, { hints: hint === undefined ? [] : [hint] });
}

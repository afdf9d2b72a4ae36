import { type Address, formatAddress } from "../../core/packet/address.ts";
import type { Config, InterfaceEntry } from "../config.ts";
import type { Check } from "./check.ts";
import { destinationOf, outgoing, writtenRoutes } from "./routes.ts";

/** The admin interface answers on loopback and inner networks only. */
export const checkAdmin: Check = (config, report) => {
  const admin = config.document.admin?.value;
  if (admin === undefined) return;
  const outer = new Set(outerInterfaces(config));
  for (const { value, place } of admin.listen ?? []) {
    if (isLoopback(value)) continue;
    if (value.words.every((word) => word === 0)) {
      report(place, "the admin interface does not listen on every address", {
        hints: [`name those it shall use: ${suggestion(config, outer)}`],
      });
      continue;
    }
    const holder = config.interfaces.find((entry) => hasAddress(entry, value));
    if (holder === undefined) {
      report(place, `no interface has the address ${formatAddress(value)}`, {
        hints: [`it can listen on ${suggestion(config, outer)}`],
      });
    } else if (outer.has(holder)) {
      report(place, `${holder.name.value} leads outside: the admin interface does not listen there`, {
        hints: [`it can listen on ${suggestion(config, outer)}`],
      });
    }
  }
};

/** Interfaces towards the Internet: those of a default route, or that take one from advertisements. */
export function outerInterfaces(config: Config): InterfaceEntry[] {
  const outer = new Set(config.interfaces.filter((entry) => entry.settings.acceptRa?.value === true));
  for (const written of writtenRoutes(config)) {
    if (destinationOf(written.route)?.length !== 0) continue;
    const entry = outgoing(config, written);
    if (entry !== undefined) outer.add(entry);
  }
  return [...outer];
}

const isLoopback = ({ family, words }: Address): boolean =>
  family === 4 ? words[0] >>> 24 === 127 : (words[0] | words[1] | words[2]) === 0 && words[3] === 1;

const hasAddress = ({ settings }: InterfaceEntry, address: Address): boolean =>
  (settings.addresses ?? []).some(({ value }) =>
    value.family === address.family && value.words.every((word, i) => word === address.words[i])
  );

function suggestion(config: Config, outer: ReadonlySet<InterfaceEntry>): string {
  const inner = config.interfaces.filter((entry) => !outer.has(entry));
  const own = inner.flatMap((entry) =>
    (entry.settings.addresses ?? []).map(({ value }) => formatAddress(value))
  );
  return ["127.0.0.1", ...own].join(", ");
}

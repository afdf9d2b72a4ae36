import { contains, formatPrefix, network, type Prefix } from "../../core/packet/address.ts";
import type { InterfaceEntry } from "../config.ts";
import type { Located, Report } from "../diagnostic.ts";
import type { AdvertisedPrefixConfig } from "../schema.ts";
import type { Check } from "./check.ts";

/** Advertisements keep the rules of RFC 4861 6.2.1 and RFC 4862 5.5.3, so that hosts make use of them. */
export const checkAdvertisements: Check = ({ interfaces }, report) => {
  for (const entry of interfaces) {
    const ra = entry.settings.ra?.value;
    if (ra === undefined) continue;
    const six = (entry.settings.addresses ?? []).filter((address) => address.value.family === 6);
    if (entry.settings.acceptRa?.value === true) {
      report(entry.settings.acceptRa.place, "an interface cannot both take and send router advertisements", {
        also: entry.settings.ra?.place,
      });
    }
    for (const prefix of ra.prefixes ?? []) checkPrefix(entry, prefix, six, report);
    if (ra.prefixes === undefined && six.length === 0) {
      report(
        entry.name.place,
        `${entry.name.value} advertises, and has no IPv6 address to offer a network of`,
        {
          hints: ["add an address: fd00:1:2:3::1/64, of a prefix you generate yourself (RFC 4193 3.2.2)"],
        },
      );
    }
    for (const dns of ra.dns ?? []) {
      if (dns.value.family !== 6) {
        report(dns.place, "router advertisements carry IPv6 name servers only (RFC 8106)");
      }
    }
    const { routerLifetime, interval, mtu } = ra;
    const longest = interval?.value ?? DEFAULT_INTERVAL;
    if (routerLifetime !== undefined && routerLifetime.value !== 0 && routerLifetime.value < longest) {
      report(routerLifetime.place, `the router lifetime is shorter than the interval of ${longest} seconds`, {
        also: interval?.place,
        hints: [
          "hosts would drop their default route between two advertisements; 0 means: no default router",
        ],
      });
    }
    if (mtu !== undefined && mtu.value > (entry.settings.mtu?.value ?? 1500)) {
      report(mtu.place, `hosts would send packets larger than the MTU of ${entry.name.value}`, {
        also: entry.settings.mtu?.place,
      });
    }
  }
};

/** Seconds between unsolicited advertisements (MaxRtrAdvInterval) when the file is silent. */
export const DEFAULT_INTERVAL = 600;

function checkPrefix(
  { name }: InterfaceEntry,
  { prefix, validLifetime, preferredLifetime }: AdvertisedPrefixConfig,
  own: readonly Located<Prefix>[],
  report: Report,
): void {
  const { value, place } = prefix;
  if (value.family !== 6) {
    report(place, "router advertisements carry IPv6 prefixes only");
    return;
  }
  const net = formatPrefix(network(value));
  if (net !== formatPrefix(value)) {
    report(place, "bits are set behind the prefix's length", { hints: [`write ${net}`] });
  }
  if (value.length !== 64) {
    report(
      place,
      `hosts configure addresses from prefixes of 64 bits only (RFC 4862 5.5.3), not ${value.length}`,
    );
  } else if (!own.some((address) => contains(value, address.value.words, 0))) {
    report(place, `no address of ${name.value} is in ${net}: answers to its hosts would find no way`, {
      hints: [`add ${formatPrefix(firstHost(value))} to its addresses`],
    });
  }
  if (
    validLifetime !== undefined && preferredLifetime !== undefined &&
    preferredLifetime.value > validLifetime.value
  ) {
    report(preferredLifetime.place, "preferred for longer than valid", { also: validLifetime.place });
  }
}

function firstHost(prefix: Prefix): Prefix {
  const [a, b, c, d] = network(prefix).words;
  return { family: 6, length: prefix.length, words: [a, b, c, (d | 1) >>> 0] };
}

import { contains, formatPrefix, mask, network, type Prefix } from "../../core/packet/address.ts";
import type { InterfaceEntry } from "../config.ts";
import type { Located, Report, Span } from "../diagnostic.ts";
import type { Check } from "./check.ts";

/** Every address can be a host's, and no two interfaces claim one network. */
export const checkAddresses: Check = ({ interfaces }, report) => {
  const before: { address: Prefix; entry: InterfaceEntry; place: Span }[] = [];
  for (const entry of interfaces) {
    for (const { value: address, place } of entry.settings.addresses ?? []) {
      if (!checkHost({ value: address, place }, report)) continue;
      const other = before.find((one) =>
        one.entry === entry ? same(one.address, address) : overlap(one.address, address)
      );
      if (other !== undefined && !isLinkLocal(address)) {
        const net = formatPrefix(network(address));
        const message = other.entry === entry
          ? "this address stands twice"
          : `${net} is on ${other.entry.name.value} too`;
        report(place, message, { also: other.place });
      }
      before.push({ address, entry, place });
    }
    checkMtu(entry, report);
  }
};

export const isLinkLocal = ({ family, words }: Pick<Prefix, "family" | "words">): boolean =>
  family === 6 && words[0] >>> 22 === 0xfe80 >>> 6;

const same = (a: Prefix, b: Prefix): boolean =>
  a.family === b.family && a.words.every((word, i) => word === b.words[i]);

const overlap = (a: Prefix, b: Prefix): boolean =>
  a.family === b.family && (a.length <= b.length ? contains(a, b.words, 0) : contains(b, a.words, 0));

/** Whether the address can be an interface's own; says why not. */
function checkHost({ value, place }: Located<Prefix>, report: Report): boolean {
  const problem = value.family === 4 ? ipv4Problem(value) : ipv6Problem(value);
  if (problem !== undefined) report(place, problem[0], { hints: problem.slice(1) });
  return problem === undefined;
}

/** What is wrong, then hints. */
type Problem = readonly [string, ...string[]];

function ipv4Problem(address: Prefix): Problem | undefined {
  const word = address.words[0], first = word >>> 24;
  if (address.length === 0) return ["a prefix length of 0 leaves no network"];
  if (first === 127) return ["a loopback address stays inside the host"];
  if (first === 0 || first >= 224) return ["no host can have this address (RFC 1122 3.2.1.3)"];
  if (address.length >= 31) return undefined;
  const host = (word & ~mask(address.length)) >>> 0;
  if (host === 0) {
    return ["this is the network's address, not a host's", `the first host is ${firstHost(address)}`];
  }
  if (host === ~mask(address.length) >>> 0) return ["this is the network's broadcast address, not a host's"];
  return undefined;
}

function ipv6Problem(address: Prefix): Problem | undefined {
  const [a, b, c, d] = address.words;
  if (address.length === 0) return ["a prefix length of 0 leaves no network"];
  if ((a | b | c) === 0) return ["unspecified, loopback and IPv4-compatible addresses are no host's"];
  if (a >>> 24 === 0xff) return ["a multicast address is no host's"];
  if (address.length > 126) return undefined;
  const net = network(address).words;
  if (net[0] === a && net[1] === b && net[2] === c && net[3] === d) {
    return [
      "this is the subnet-router anycast address (RFC 4291 2.6.1), not a host's",
      `the first host is ${firstHost(address)}`,
    ];
  }
  return undefined;
}

function firstHost(address: Prefix): string {
  const net = network(address);
  const [a, b, c, d] = net.words;
  const words = net.family === 4 ? [a + 1, 0, 0, 0] as const : [a, b, c, d + 1] as const;
  return formatPrefix({ ...net, words });
}

function checkMtu({ name, settings }: InterfaceEntry, report: Report): void {
  const mtu = settings.mtu;
  if (mtu === undefined || mtu.value >= 1280) return;
  const six = (settings.addresses ?? []).find((address) => address.value.family === 6);
  if (six !== undefined || settings.acceptRa?.value === true) {
    report(mtu.place, `IPv6 needs an MTU of 1280 (RFC 8200 5) and ${name.value} uses it`, {
      also: six?.place,
    });
  }
}

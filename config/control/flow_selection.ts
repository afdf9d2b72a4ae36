import type { FlowFilter } from "../../core/conntrack/filter.ts";
import { type Address, parseAddress } from "../../core/packet/address.ts";
import type { FlowSelection } from "./request.ts";

/** IANA protocol numbers under the names conntrack(8) prints. */
const PROTOCOLS: Readonly<Record<string, number>> = {
  icmp: 1,
  tcp: 6,
  udp: 17,
  dccp: 33,
  gre: 47,
  icmpv6: 58,
  "ipv6-icmp": 58,
  sctp: 132,
  udplite: 136,
};

/** A selection as the data plane takes it, or what is wrong with it. */
export function flowFilter(
  selection: FlowSelection,
): { ok: true; filter: FlowFilter } | { ok: false; error: string } {
  const { family, protocol, source, destination, sourcePort, destinationPort, mark } = selection;
  const number = protocol === undefined ? undefined : protocolNumber(protocol);
  if (protocol !== undefined && number === undefined) {
    return { ok: false, error: `unknown protocol ${protocol}; known: ${Object.keys(PROTOCOLS).join(", ")}` };
  }
  const addresses: { source?: Address["words"]; destination?: Address["words"] } = {};
  let version = family === undefined ? undefined : family === "ipv4" ? 4 as const : 6 as const;
  for (const [side, text] of [["source", source], ["destination", destination]] as const) {
    if (text === undefined) continue;
    const address = parseAddress(text);
    if (address === undefined) return { ok: false, error: `${text} is no address` };
    if (version !== undefined && version !== address.family) {
      return { ok: false, error: `${text} is of another family than what was asked for before` };
    }
    version = address.family;
    addresses[side] = address.words;
  }
  const filter = {
    ...addresses,
    ...(version === undefined ? {} : { family: version }),
    ...(number === undefined ? {} : { protocol: number }),
    ...(sourcePort === undefined ? {} : { sourcePort }),
    ...(destinationPort === undefined ? {} : { destinationPort }),
    ...(mark === undefined ? {} : { mark }),
  };
  return { ok: true, filter };
}

function protocolNumber(text: string): number | undefined {
  const named = PROTOCOLS[text.toLowerCase()];
  if (named !== undefined) return named;
  return /^\d{1,3}$/.test(text) && Number(text) < 256 ? Number(text) : undefined;
}

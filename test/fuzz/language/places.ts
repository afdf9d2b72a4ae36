/** Where rules are tried: a chain of each kind, in a table that has something of everything rules may name. */
export interface Place {
  readonly family: "ip" | "ip6" | "inet" | "arp" | "bridge" | "netdev";
  readonly chain: string;
}

const filter = (hook: string) => `type filter hook ${hook} priority 0`;

export const PLACES: readonly Place[] = [
  { family: "ip", chain: filter("input") },
  { family: "ip", chain: filter("forward") },
  { family: "ip", chain: filter("prerouting") },
  { family: "ip", chain: "type nat hook prerouting priority 0" },
  { family: "ip", chain: "type nat hook postrouting priority 0" },
  { family: "ip6", chain: filter("output") },
  { family: "ip6", chain: filter("input") },
  { family: "ip6", chain: "type nat hook prerouting priority 0" },
  { family: "ip6", chain: "type nat hook postrouting priority 0" },
  { family: "inet", chain: filter("input") },
  { family: "inet", chain: filter("forward") },
  { family: "inet", chain: filter("prerouting") },
  { family: "inet", chain: "type nat hook prerouting priority 0" },
  { family: "inet", chain: "type nat hook postrouting priority 0" },
  { family: "arp", chain: filter("input") },
  { family: "bridge", chain: filter("input") },
  { family: "bridge", chain: filter("prerouting") },
  { family: "netdev", chain: "type filter hook ingress device lo priority 0" },
];

const COMMON = `
  set a4 { type ipv4_addr; }
  set a4i { type ipv4_addr; flags interval; }
  set a6 { type ipv6_addr; }
  set p { type inet_service; }
  set pi { type inet_service; flags interval; }
  set m { type mark; }
  set ifs { type ifname; }
  set dyn4 { type ipv4_addr; flags dynamic,timeout; }
  set dynp { type ipv4_addr . inet_service; flags dynamic; }
  set c4p { type ipv4_addr . inet_service; }
  set c4pi { type ipv4_addr . inet_service; flags interval; }
  map m4m { type ipv4_addr : mark; }
  map v { type inet_service : verdict; }
  map p4 { type inet_service : ipv4_addr; }
  map mm { type mark : mark; }
  map dm { type ipv4_addr : mark; flags dynamic; }
  map cm { type ipv4_addr : counter; }
  counter cnt { }
  quota q { 25 mbytes }
  limit l { rate 1/second }
  chain other { }
`;

/** What makes the place, from nothing. */
export const setup = ({ family, chain }: Place): string =>
  `add table ${family} t\ndelete table ${family} t\ntable ${family} t {${COMMON}\n  chain c { ${chain}; }\n}\n`;

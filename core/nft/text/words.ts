/**
 * Words that are keywords everywhere in the language, so no symbolic value is called so without quotes and error
 * messages name them. Words that are keywords only behind another (`ct state`, `fib oif`) are not here.
 */
export const RESERVED: ReadonlySet<string> = new Set(
  (`describe hook device devices table chain rule set sets element map maps flowtable handle ruleset
  socket tproxy accept drop continue jump goto return inet netdev add update replace create insert
  delete get list reset flush rename import export monitor position index comment constant interval
  dynamic auto-merge timeout gc-interval elements expires policy flow meter meters performance memory
  counter quota limit name log synproxy queue num bypass fanout dup fwd snat dnat masquerade redirect
  random reject ether type vlan arp ip ip6 icmp icmpv6 igmp tcp udp udplite
  sctp dccp esp ah comp th meta ct rt rt0 rt2 rt4 srh hbh frag dst mh exthdr fib osf ipsec secmark
  numgen jhash symhash notrack include define redefine undefine vmap original reply mark iif iifname
  iiftype oif oifname oiftype skuid skgid nftrace rtclassid pkttype cpu time day hour iifgroup
  oifgroup cgroup ibrname ibriport obrname obriport flags typeof priority over ecn all`)
    .split(/\s+/),
);

/** Reserved words that may stand for a value all the same. */
export const VALUE_WORDS: ReadonlySet<string> = new Set([
  "ecn",
  "ether",
  "ip",
  "ip6",
  "vlan",
  "arp",
  "dnat",
  "snat",
  "redirect",
  "tcp",
  "udp",
  "udplite",
  "esp",
  "ah",
  "icmp",
  "icmpv6",
  "igmp",
  "comp",
  "dccp",
  "sctp",
  "reset",
  "original",
  "reply",
  "mark",
  "type",
  "fanout",
  "bypass",
  "mh",
  "th",
  "rt",
  "group",
  "random",
  "name",
  "size",
  "packets",
  "policy",
]);

/** Words for operators, and the sign each stands for. */
export const OPERATOR_WORDS: ReadonlyMap<string, string> = new Map([
  ["and", "&"],
  ["or", "|"],
  ["xor", "^"],
  ["not", "!"],
  ["eq", "=="],
  ["ne", "!="],
  ["lt", "<"],
  ["gt", ">"],
  ["le", "<="],
  ["ge", ">="],
  ["lshift", "<<"],
  ["rshift", ">>"],
]);

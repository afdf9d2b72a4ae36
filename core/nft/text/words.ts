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

/**
 * What nothing may be called: words that nft's scanner takes for keywords wherever they stand. Behind them come the words
 * for operators.
 */
export const KEYWORDS: ReadonlySet<string> = new Set(
  (`accept add ah all arp auto-merge bridge cgroup chain comment comp constant continue counter cpu create
  ct day dccp define delete describe device devices dnat drop dst dup dynamic ecn element elements esp
  ether exists expires export exthdr fib flags flow flowtable flush frag fwd gc-interval get goto handle
  hbh hook hour ibriport ibrname icmp icmpv6 igmp iif iifgroup iifname iiftype import include index inet
  insert interval ip ip6 ipsec jhash jump limit list log map mark masquerade meta meter mh missing monitor
  netdev nftrace notrack numgen obriport obrname offload oif oifgroup oifname oiftype osf pkttype policy
  position priority queue quota random redefine redirect reject rename replace reset return rt rt0 rt2
  rtclassid rule ruleset sctp secmark set size skgid skuid snat socket srh symhash synproxy table tcp th
  time timeout tproxy type typeof udp udplite undefine update vlan vmap xt`)
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

/**
 * Rule expressions as the kernel's netlink interface has them (linux/netfilter/nf_tables.h): the form between
 * the checked tree and the assembled program. `weir nft --debug=netlink` prints them, listing starts from them.
 *
 * Registers   numbers as `--debug=netlink` prints them: 1..4 are 16 bytes each, 8..23 are the same 64 bytes as
 *             sixteen 4-byte ones (register 1 is 8..11). 0 is the verdict register.
 * Data        bytes as they lie in registers: network order for payload, little-endian for host-order values.
 */
export type Expression =
  | { kind: "meta"; key: MetaKey; dreg: number }
  | { kind: "meta set"; key: MetaKey; sreg: number }
  | { kind: "payload"; base: PayloadBase; offset: number; length: number; dreg: number }
  /** What another loads, looked for inside a tunnel (nft_inner). */
  | {
    kind: "inner";
    type: number;
    headerSize: number;
    flags: number;
    load: InnerLoad;
    dreg: number;
  }
  | {
    kind: "payload write";
    base: PayloadBase;
    offset: number;
    length: number;
    sreg: number;
    /** 0 none, 1 internet checksum, 2 SCTP. */
    checksumType: number;
    checksumOffset: number;
    /** 1: the pseudo-header of the transport changes too. */
    checksumFlags: number;
  }
  | {
    kind: "exthdr";
    op: "ipv6" | "tcpopt" | "ipv4" | "sctp";
    type: number;
    offset: number;
    length: number;
    dreg: number;
    present: boolean;
  }
  | { kind: "exthdr write"; op: "tcpopt"; type: number; offset: number; length: number; sreg: number }
  | { kind: "exthdr reset"; op: "tcpopt"; type: number }
  | { kind: "cmp"; op: CompareOp; sreg: number; data: Uint8Array }
  | { kind: "range"; op: "eq" | "neq"; sreg: number; from: Uint8Array; to: Uint8Array }
  | { kind: "bitwise"; sreg: number; dreg: number; length: number; mask: Uint8Array; xor: Uint8Array }
  /** Since nft 1.1.2: of two registers. */
  | {
    kind: "bitwise registers";
    op: "&" | "|" | "^";
    sreg: number;
    sreg2: number;
    dreg: number;
    length: number;
  }
  | { kind: "shift"; op: "<<" | ">>"; sreg: number; dreg: number; length: number; bits: number }
  | { kind: "byteorder"; op: "hton" | "ntoh"; sreg: number; dreg: number; length: number; size: number }
  | { kind: "immediate"; dreg: number; data: Uint8Array }
  | { kind: "verdict"; verdict: Verdict }
  | { kind: "lookup"; set: string; sreg: number; dreg?: number; inverted: boolean }
  | {
    kind: "dynset";
    op: "add" | "update" | "delete";
    set: string;
    key: number;
    data?: number;
    timeout?: number;
    /** Run for the element on every packet, each with state of the element's own. */
    statements?: readonly ElementStatement[];
  }
  | { kind: "ct"; key: CtKey; direction?: "original" | "reply"; dreg: number }
  | { kind: "ct set"; key: CtKey; direction?: "original" | "reply"; sreg: number }
  | { kind: "rt"; key: "classid" | "nexthop4" | "nexthop6" | "tcpmss" | "ipsec"; dreg: number }
  | {
    kind: "fib";
    flags: readonly ("saddr" | "daddr" | "mark" | "iif" | "oif")[];
    result: "oif" | "oifname" | "type";
    present: boolean;
    dreg: number;
  }
  | { kind: "counter"; packets: number; bytes: number }
  | { kind: "limit"; rate: number; unit: number; burst: number; type: "packets" | "bytes"; inverted: boolean }
  | { kind: "quota"; bytes: number; used: number; inverted: boolean }
  | { kind: "connlimit"; count: number; inverted: boolean }
  /** When a packet came here last: `used` milliseconds ago; absent: never. */
  | { kind: "last"; used?: number }
  | {
    kind: "log";
    prefix?: string;
    group?: number;
    snaplen?: number;
    threshold?: number;
    level?: number;
    flags?: number;
  }
  | { kind: "objref"; type: number; name: string }
  | { kind: "objref map"; type: number; sreg: number; set: string }
  | { kind: "numgen"; mode: "inc" | "random"; modulus: number; offset: number; dreg: number }
  | {
    kind: "hash";
    mode: "jhash" | "symhash";
    /** What `jhash` is of. */
    sreg?: number;
    length?: number;
    modulus: number;
    /** Absent: one of the machine's choice. */
    seed?: number;
    offset: number;
    dreg: number;
  }
  | { kind: "socket"; key: SocketKey; dreg: number }
  | { kind: "osf"; ttl: number; version: boolean; dreg: number }
  | { kind: "xfrm"; direction: "in" | "out"; key: XfrmKey; template: number; dreg: number }
  | { kind: "queue"; from: number; to: number; sreg?: number; bypass: boolean; fanout: boolean }
  | { kind: "dup"; address?: number; device?: number }
  | { kind: "fwd"; device: number; address?: number; family?: "ip" | "ip6" }
  | { kind: "tproxy"; family?: "ip" | "ip6"; address?: number; port?: number }
  | { kind: "synproxy"; mss: number; wscale: number; flags: number }
  | { kind: "flow offload"; flowtable: string }
  | { kind: "reject"; type: "icmp" | "tcp reset" | "icmpx"; code: number }
  | {
    kind: "nat";
    type: "snat" | "dnat";
    /** `inet`: the packet's own, where only the port changes. */
    family: "ip" | "ip6" | "inet";
    addressMin?: number;
    addressMax?: number;
    portMin?: number;
    portMax?: number;
    /** NF_NAT_RANGE_* bits: 4 random, 8 persistent, 16 fully-random, 64 netmap. */
    flags: number;
  }
  | { kind: "masquerade"; portMin?: number; portMax?: number; flags: number }
  | { kind: "redirect"; portMin?: number; portMax?: number; flags: number }
  | { kind: "notrack" };

/** What an element of a set may do by itself. */
export type ElementStatement = Extract<
  Expression,
  { kind: "counter" | "limit" | "quota" | "connlimit" | "last" }
>;
export type SocketKey = "transparent" | "mark" | "wildcard";
export type XfrmKey = "reqid" | "spi" | "saddr4" | "daddr4" | "saddr6" | "daddr6";

/** `tunnel`: the tunnel's own header. */
export type InnerLoad =
  | { kind: "payload"; base: PayloadBase | "tunnel"; offset: number; length: number; dreg: number }
  | { kind: "meta"; key: MetaKey; dreg: number };

export type ExpressionKind = Expression["kind"];
export type PayloadBase = "link" | "network" | "transport" | "inner";
export type CompareOp = "eq" | "neq" | "lt" | "lte" | "gt" | "gte";

export type Verdict =
  | { code: "accept" | "drop" | "continue" | "break" | "return" }
  | { code: "jump" | "goto"; chain: string };

/** Names as `--debug=netlink` prints them. */
export type MetaKey =
  | "len"
  | "protocol"
  | "priority"
  | "mark"
  | "iif"
  | "oif"
  | "iifname"
  | "oifname"
  | "iiftype"
  | "oiftype"
  | "skuid"
  | "skgid"
  | "nftrace"
  | "rtclassid"
  | "nfproto"
  | "l4proto"
  | "bri_iifname"
  | "bri_oifname"
  | "pkttype"
  | "cpu"
  | "iifgroup"
  | "oifgroup"
  | "cgroup"
  | "random"
  | "secpath"
  | "iifkind"
  | "oifkind"
  | "time"
  | "day"
  | "hour"
  | "sdif"
  | "sdifname"
  | "secmark"
  | "bri_iifpvid"
  | "bri_iifvproto"
  | "broute"
  | "ibrhwaddr";

export type CtKey =
  | "state"
  | "direction"
  | "status"
  | "mark"
  | "secmark"
  | "expiration"
  | "helper"
  | "l3protocol"
  | "src"
  | "dst"
  | "protocol"
  | "proto_src"
  | "proto_dst"
  | "label"
  | "packets"
  | "bytes"
  | "avgpkt"
  | "zone"
  | "event"
  | "src_ip"
  | "dst_ip"
  | "src_ip6"
  | "dst_ip6"
  | "id";

/**
 * What a `snat`, `dnat`, `masquerade` or `redirect` statement asked for, for the NAT room to carry out. One
 * mutable record a machine, valid from the end of `Machine.run` until the next.
 */
export interface NatRequest {
  /** True when a NAT statement ended the chain; the verdict is then MACHINE_ACCEPT. */
  active: boolean;
  /** NAT_*. */
  kind: number;
  /** Family of the addresses: 4 or 6; for masquerade and redirect that of the packet. */
  family: number;
  hasAddress: boolean;
  hasPort: boolean;
  /** Four host-order words as `batch.source`; IPv4 in the first. */
  readonly minAddress: Uint32Array;
  readonly maxAddress: Uint32Array;
  /** Host order, inclusive. */
  minPort: number;
  maxPort: number;
  /** NF_NAT_RANGE_*. */
  flags: number;
}

export const NAT_SNAT = 0;
export const NAT_DNAT = 1;
export const NAT_MASQUERADE = 2;
export const NAT_REDIRECT = 3;

/** linux/netfilter/nf_nat.h. */
export const NF_NAT_RANGE_MAP_IPS = 1;
export const NF_NAT_RANGE_PROTO_SPECIFIED = 2;
export const NF_NAT_RANGE_PROTO_RANDOM = 4;
export const NF_NAT_RANGE_PERSISTENT = 8;
export const NF_NAT_RANGE_PROTO_RANDOM_FULLY = 16;
export const NF_NAT_RANGE_PROTO_OFFSET = 32;
export const NF_NAT_RANGE_NETMAP = 64;

export const natRequest = (): NatRequest => ({
  active: false,
  kind: NAT_SNAT,
  family: 0,
  hasAddress: false,
  hasPort: false,
  minAddress: new Uint32Array(4),
  maxAddress: new Uint32Array(4),
  minPort: 0,
  maxPort: 0,
  flags: 0,
});

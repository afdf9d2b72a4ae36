import { NF_NAT_RANGE_PROTO_RANDOM, NF_NAT_RANGE_PROTO_RANDOM_FULLY } from "../classify/nat_request.ts";

/** What a key may be translated to (struct nf_nat_range2). Addresses are four host-order words. */
export interface Range {
  /** NF_NAT_RANGE_*. */
  flags: number;
  readonly minAddress: Uint32Array;
  readonly maxAddress: Uint32Array;
  minPort: number;
  maxPort: number;
  /** With PROTO_OFFSET: the port the range is counted from. */
  basePort: number;
}

export const newRange = (): Range => ({
  flags: 0,
  minAddress: new Uint32Array(4),
  maxAddress: new Uint32Array(4),
  minPort: 0,
  maxPort: 0,
  basePort: 0,
});

export const RANDOM_ALL = NF_NAT_RANGE_PROTO_RANDOM | NF_NAT_RANGE_PROTO_RANDOM_FULLY;

/** Compares two addresses as numbers: negative, 0, positive. */
export function compareWords(a: Uint32Array, aAt: number, b: Uint32Array, bAt: number): number {
  for (let i = 0; i < 4; i++) {
    const difference = a[aAt + i]! - b[bAt + i]!;
    if (difference !== 0) return difference;
  }
  return 0;
}

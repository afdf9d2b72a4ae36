import type { DataType } from "../types.ts";
import { integerType } from "../types.ts";

/** Where a header begins, and which one comes before it. */
export type HeaderBase = "link" | "network" | "transport";
export const BASES: readonly HeaderBase[] = ["link", "network", "transport"];

export interface Field<Name extends string = string> {
  readonly name: Name;
  readonly type: DataType;
  /** Bits from the start of the header. */
  readonly offset: number;
  readonly bits: number;
  /** Another name rules may write. */
  readonly written?: string;
  /** Only there in messages of these types (ICMP): values of the header's `type` field. */
  readonly onlyIn?: readonly number[];
  /** A key of `meta` that holds the same number and reaches behind extension headers. */
  readonly meta?: "l4proto";
  /** Came after nft 1.0.6. */
  readonly newest?: true;
}

/** A row of the protocol table: names, datatypes, bit offsets, what may follow. */
export interface Protocol {
  readonly name: string;
  readonly base: HeaderBase;
  readonly fields: readonly Field[];
  /** Bits of the fixed header where headers of the same base may be stacked (VLAN tags). */
  readonly length?: number;
  /** Field that names the next header. */
  readonly nextField?: string;
  /** Values of `nextField` and the protocol each one announces. */
  readonly next?: readonly (readonly [value: number, protocol: string])[];
  /** Offset of the internet checksum in bytes; writes must mend it. */
  readonly checksum?: number;
  /** Likewise of a CRC-32C. */
  readonly crc?: number;
  /** The checksum covers the addresses of the network header too. */
  readonly pseudoHeader?: boolean;
}

/** A field of whole bytes or bits: `[name, type, bit offset, bits]`. */
export const field = <const Name extends string>(
  name: Name,
  type: DataType,
  offset: number,
  bits: number = type.bits,
): Field<Name> => ({
  name,
  type,
  offset,
  bits,
});
export const number = <const Name extends string>(name: Name, offset: number, bits: number): Field<Name> =>
  field(name, integerType, offset, bits);

import { formatAddress } from "../../../../core/packet/address.ts";
import { u16 } from "../../../../core/packet/bytes.ts";
import { IPV4, ipv4HeaderLength } from "../../../../core/packet/ipv4.ts";
import { IPV6 } from "../../../../core/packet/ipv6.ts";
import { prefixFrom } from "../../../../drivers/sys/socket_address.ts";

/** An IP packet as a host reads it: a few fields by name. Extension headers are not looked through. */
export interface ReadPacket {
  readonly family: 4 | 6;
  readonly from: string;
  readonly to: string;
  /** TTL or hop limit. */
  readonly ttl: number;
  readonly protocol: number;
  /** From the transport header on. */
  readonly payload: Uint8Array;
}

const AF_INET = 2, AF_INET6 = 10;

/** Text of the 4 or 16 address bytes at `at`. */
export function addressAt(b: Uint8Array, at: number, family: 4 | 6): string {
  const bytes = b.subarray(at, at + (family === 4 ? 4 : 16));
  const prefix = prefixFrom(family === 4 ? AF_INET : AF_INET6, bytes, 0);
  return prefix === undefined ? "" : formatAddress(prefix);
}

/** Undefined for what is no whole IP packet. */
export function readPacket(b: Uint8Array): ReadPacket | undefined {
  const version = (b[0] ?? 0) >>> 4;
  if (version === 4 && b.length >= IPV4.size) {
    const length = u16(b, IPV4.totalLength);
    if (length > b.length) return undefined;
    return {
      family: 4,
      from: addressAt(b, IPV4.source, 4),
      to: addressAt(b, IPV4.destination, 4),
      ttl: b[IPV4.ttl]!,
      protocol: b[IPV4.protocol]!,
      payload: b.subarray(ipv4HeaderLength(b, 0), length),
    };
  }
  if (version !== 6 || b.length < IPV6.size) return undefined;
  const length = IPV6.size + u16(b, IPV6.payloadLength);
  if (length > b.length) return undefined;
  return {
    family: 6,
    from: addressAt(b, IPV6.source, 6),
    to: addressAt(b, IPV6.destination, 6),
    ttl: b[IPV6.hopLimit]!,
    protocol: b[IPV6.nextHeader]!,
    payload: b.subarray(IPV6.size, length),
  };
}

import { setU16, setU32, u16, u32 } from "../packet/bytes.ts";
import { fold } from "../packet/checksum.ts";
import {
  ICMP_ADDRESS_MASK_REPLY,
  ICMP_ECHO_REPLY,
  ICMP_ECHO_REQUEST,
  ICMP_TIMESTAMP,
} from "../packet/icmp.ts";
import { ICMPV6_ECHO_REPLY, ICMPV6_ECHO_REQUEST } from "../packet/icmpv6.ts";
import {
  IPV4,
  PROTOCOL_GRE,
  PROTOCOL_ICMP,
  PROTOCOL_ICMPV6,
  PROTOCOL_SCTP,
  PROTOCOL_TCP,
  PROTOCOL_UDP,
  PROTOCOL_UDPLITE,
} from "../packet/ipv4.ts";
import { IPV6 } from "../packet/ipv6.ts";
import { TCP } from "../packet/tcp.ts";
import { UDP } from "../packet/udp.ts";
import { crc32c } from "./crc32c.ts";
import { MANIP_DESTINATION, MANIP_SOURCE } from "./manip.ts";

/** The half of a packet to write: an address of host-order words and what stands for the port. */
export interface Replacement {
  readonly address: Uint32Array;
  /** Port; ICMP: identifier; GRE: call id. Host order. */
  port: number;
}

/**
 * Writes one half of the IP packet at `at` (its own, or one quoted by an ICMP error) and mends its checksums by
 * the difference (RFC 1624). `transport` is 0 where no header is to be touched; a quoted one may be cut off at
 * `end`, and then has no checksum to mend. `partial`: the transport checksum holds the pseudo-header sum only, so
 * that addresses count and ports do not. Without bounds errors whatever the bytes are.
 */
export function rewrite(
  b: Uint8Array,
  at: number,
  transport: number,
  end: number,
  family: number,
  protocol: number,
  manip: number,
  to: Replacement,
  partial: boolean,
): void {
  const difference = rewriteAddress(b, at, family, manip, to.address);
  if (transport === 0) return;
  switch (protocol) {
    case PROTOCOL_TCP: {
      const change = rewritePort(b, transport, manip, to.port);
      if (transport + TCP.size <= end) mend(b, transport + TCP.checksum, difference, change, partial);
      return;
    }
    case PROTOCOL_UDP:
    case PROTOCOL_UDPLITE: {
      const change = rewritePort(b, transport, manip, to.port), field = transport + UDP.checksum;
      if (transport + UDP.size > end || (u16(b, field) === 0 && !partial && protocol === PROTOCOL_UDP)) {
        return;
      }
      mend(b, field, difference, change, partial);
      if (u16(b, field) === 0 && !partial) setU16(b, field, 0xffff);
      return;
    }
    case PROTOCOL_ICMP:
      if (transport + 8 <= end && hasIdentifier(b[transport]!)) {
        mend(b, transport + 2, 0, rewriteIdentifier(b, transport, to.port), partial);
      }
      return;
    case PROTOCOL_ICMPV6: {
      const type = b[transport]!, echo = type === ICMPV6_ECHO_REQUEST || type === ICMPV6_ECHO_REPLY;
      if (transport + 8 > end) return;
      mend(b, transport + 2, difference, echo ? rewriteIdentifier(b, transport, to.port) : 0, partial);
      return;
    }
    case PROTOCOL_SCTP:
      rewritePort(b, transport, manip, to.port);
      if (transport + 12 <= end && !partial) {
        const crc = crc32c(b, transport, end, transport + 8);
        for (let i = 0; i < 4; i++) b[transport + 8 + i] = crc >>> (8 * i);
      }
      return;
    case PROTOCOL_GRE:
      // Enhanced GRE names only the destination's call.
      if (manip === MANIP_DESTINATION && transport + 8 <= end && (b[transport + 1]! & 7) === 1) {
        setU16(b, transport + 6, to.port);
      }
  }
}

/** Writes an address; returns what that adds to a checksum over it. */
function rewriteAddress(
  b: Uint8Array,
  at: number,
  family: number,
  manip: number,
  address: Uint32Array,
): number {
  const words = family === 4 ? 1 : 4;
  const field = at +
    (family === 4
      ? (manip === MANIP_SOURCE ? IPV4.source : IPV4.destination)
      : (manip === MANIP_SOURCE ? IPV6.source : IPV6.destination));
  let difference = 0;
  for (let i = 0; i < words; i++) {
    const before = u32(b, field + 4 * i), after = address[i]!;
    difference += (~(before >>> 16) & 0xffff) + (~before & 0xffff) + (after >>> 16) + (after & 0xffff);
    setU32(b, field + 4 * i, after);
  }
  if (family === 4) mend(b, at + IPV4.checksum, difference, 0, false);
  return difference;
}

function rewritePort(b: Uint8Array, transport: number, manip: number, port: number): number {
  const field = transport + (manip === MANIP_SOURCE ? 0 : 2), before = u16(b, field);
  setU16(b, field, port);
  return (~before & 0xffff) + port;
}

function rewriteIdentifier(b: Uint8Array, transport: number, identifier: number): number {
  const before = u16(b, transport + 4);
  setU16(b, transport + 4, identifier);
  return (~before & 0xffff) + identifier;
}

/** Adds the differences of the address (in the pseudo-header) and of the transport header to a checksum. */
function mend(b: Uint8Array, field: number, address: number, header: number, partial: boolean): void {
  const before = u16(b, field);
  if (partial) setU16(b, field, fold(before + address));
  else setU16(b, field, ~fold((~before & 0xffff) + address + header) & 0xffff);
}

/** ICMP questions and answers carry an identifier, errors a packet. */
const hasIdentifier = (type: number): boolean =>
  type === ICMP_ECHO_REPLY || type === ICMP_ECHO_REQUEST ||
  (type >= ICMP_TIMESTAMP && type <= ICMP_ADDRESS_MASK_REPLY);

import { u32 } from "../packet/bytes.ts";
import { UDP } from "../packet/udp.ts";

/** What a datagram on a port for UDP-encapsulated ESP holds (RFC 3948 section 2; kernel: xfrm4_udp_encap_rcv). */
export type Encapsulated = typeof ENCAPSULATED_ESP | typeof ENCAPSULATED_IKE | typeof ENCAPSULATED_KEEPALIVE;
export const ENCAPSULATED_ESP = 1;
/** Behind four zero bytes, where an SPI would stand: for the IKE daemon. */
export const ENCAPSULATED_IKE = 2;
/** One byte 0xff: it has done its work in NATs on the way. Drop it. */
export const ENCAPSULATED_KEEPALIVE = 3;

/** `at`: the UDP header, checked to be inside [at, end). */
export function encapsulated(b: Uint8Array, at: number, end: number): Encapsulated {
  const payload = at + UDP.size, length = end - payload;
  if (length === 1 && b[payload] === 0xff) return ENCAPSULATED_KEEPALIVE;
  return length > 8 && u32(b, payload) !== 0 ? ENCAPSULATED_ESP : ENCAPSULATED_IKE;
}

export const IKE_PORT = 500;
/** The port IKE and ESP share behind NATs. */
export const NAT_TRAVERSAL_PORT = 4500;

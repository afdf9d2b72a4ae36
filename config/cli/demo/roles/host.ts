import { formatWords } from "../../../../core/packet/address.ts";

/**
 * What the host's own stack says about itself, read from /proc/self/net: this process lives in one network
 * namespace, so that is the namespace's truth.
 */

/** Flags of RFC 4191-era `struct in6_rtmsg`: a default route made from an advertisement. */
const RTF_GATEWAY = 0x2, RTF_DEFAULT = 0x10000, RTF_ADDRCONF = 0x40000;
/** IFA_F_TENTATIVE, IFA_F_PERMANENT of if_addr.h. */
const TENTATIVE = 0x40, PERMANENT = 0x80;

export interface Ipv6State {
  /** Addresses of global scope that duplicate address detection let pass. */
  readonly addresses: readonly string[];
  /** True when none of them was typed in by hand. */
  readonly automatic: boolean;
  /** Link-local address of the default router, empty when there is none from an advertisement. */
  readonly gateway: string;
}

const words = (hex: string): number[] => [0, 8, 16, 24].map((at) => parseInt(hex.slice(at, at + 8), 16));
const address = (hex: string): string => formatWords(6, words(hex), 0);
const rows = (name: string): string[][] =>
  Deno.readTextFileSync(`/proc/self/net/${name}`).trim().split("\n").map((line) => line.trim().split(/\s+/));

/** The IPv6 configuration that the kernel made for itself (RFC 4862). */
export function ipv6State(_: Record<never, never>): Promise<Ipv6State> {
  const global = rows("if_inet6").filter((r) => r[3] === "00" && r[5] !== "lo");
  const usable = global.filter((r) => (parseInt(r[4]!, 16) & TENTATIVE) === 0);
  const gateway = rows("ipv6_route").find((r) => {
    const flags = parseInt(r[8] ?? "0", 16), wanted = RTF_GATEWAY | RTF_DEFAULT | RTF_ADDRCONF;
    return r[1] === "00" && (flags & wanted) === wanted;
  });
  return Promise.resolve({
    addresses: usable.map((r) => address(r[0]!)).sort(),
    automatic: global.every((r) => (parseInt(r[4]!, 16) & PERMANENT) === 0),
    gateway: gateway === undefined ? "" : address(gateway[4]!),
  });
}

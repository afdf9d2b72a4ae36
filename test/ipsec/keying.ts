import type { Proposal } from "./bed.ts";
import { type Gateway, otherOf, SITES } from "./network.ts";

/**
 * Keys of a CHILD_SA out of charon's log (`chd = 4`), and the same in the words of `ip xfrm`.
 *
 * An end's log names SPIs as inbound and outbound, and keys as the initiator's and the responder's: who sends by them.
 */

/** One direction of a tunnel. */
export interface OneWay {
  readonly spi: number;
  readonly from: string;
  readonly to: string;
  /** For AES-GCM with its four bytes of salt at the end (RFC 4106 section 8.1). */
  readonly encryption: Uint8Array;
  /** Of HMAC; undefined where encryption authenticates. */
  readonly integrity: Uint8Array | undefined;
}

/** Both directions, as the end sees them whose log it was. */
export interface Keying {
  readonly inward: OneWay;
  readonly outward: OneWay;
}

export const reversed = ({ inward, outward }: Keying): Keying => ({ inward: outward, outward: inward });

/** Reads the last tunnel of a log. Throws what is missing. */
export function parseKeying(log: string): Keying {
  const begin = log.lastIndexOf("encryption initiator key");
  if (begin < 0) throw new Error("the log holds no keys of a tunnel");
  const text = log.slice(begin);
  // Who asked for a tunnel is its initiator; charon says so when it sends the request.
  const initiator = /establishing CHILD_SA/.test(log);
  const [own, other] = initiator ? ["initiator", "responder"] : ["responder", "initiator"];
  return {
    outward: oneWay(text, "outbound", own!),
    inward: oneWay(text, "inbound", other!),
  };
}

function oneWay(text: string, direction: string, sender: string): OneWay {
  const found = new RegExp(
    `(?:adding|registering) ${direction} ESP SA\\n.*SPI 0x([0-9a-f]{8}), src ([\\d.]+) dst ([\\d.]+)`,
  ).exec(text);
  const encryption = dump(text, `encryption ${sender} key`);
  if (found === null || encryption === undefined) throw new Error(`the log holds no ${direction} keys`);
  return {
    spi: parseInt(found[1]!, 16),
    from: found[2]!,
    to: found[3]!,
    encryption,
    integrity: dump(text, `integrity ${sender} key`),
  };
}

/** Bytes of a dump: a title with their number, then lines of up to 16, in hexadecimal and as text. */
function dump(text: string, title: string): Uint8Array | undefined {
  const found = new RegExp(`${title} => (\\d+) bytes @.*\\n((?:.*\\] +\\d+: .*\\n)+)`).exec(text);
  if (found === null) return undefined;
  const length = Number(found[1]);
  const digits = [...found[2]!.matchAll(/\] +\d+: ((?:[0-9A-F]{2} )+)/g)].flatMap((m) =>
    m[1]!.trim().split(" ")
  );
  return Uint8Array.from(digits.slice(0, length), (pair) => parseInt(pair, 16));
}

/** The state of one direction in the words of `ip xfrm state add`. */
export function stateWords(way: OneWay, reqid: number): string {
  const { spi, from, to, encryption, integrity } = way;
  const algorithm = integrity === undefined
    ? `aead rfc4106(gcm(aes)) 0x${encryption.toHex()} 128`
    : `auth-trunc hmac(sha256) 0x${integrity.toHex()} 128 enc cbc(aes) 0x${encryption.toHex()}`;
  return `src ${from} dst ${to} proto esp spi 0x${spi.toString(16).padStart(8, "0")} reqid ${reqid} ` +
    `mode tunnel replay-window 64 encap espinudp 4500 4500 0.0.0.0 ${algorithm}`;
}

/** Keys of nobody's choice, as `near` sees them. */
export function keyingOf(proposal: Proposal): Keying {
  const key = (bytes: number) => crypto.getRandomValues(new Uint8Array(bytes));
  const way = (from: Gateway, spi: number): OneWay => ({
    spi,
    from: SITES[from].wan,
    to: SITES[otherOf(from)].wan,
    encryption: key(proposal === "aes128gcm16" ? 20 : 16),
    integrity: proposal === "aes128gcm16" ? undefined : key(32),
  });
  return { outward: way("near", 0x1001), inward: way("far", 0x1002) };
}

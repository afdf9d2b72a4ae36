import { arp, ethernet, icmp, ip, tcp, udp } from "../packet/build.ts";

/** For tests: frames that between them hold every header, option and chunk of the language. */

export const VLAN_TAG = ((0x8100 << 16) | 5) >>> 0;

const A = "02:00:00:00:00:01", B = "02:00:00:00:00:02";
const four = { from: "192.0.2.1", to: "192.0.2.2" }, six = { from: "2001:db8::1", to: "2001:db8::2" };
const bytes = (...values: number[]): Uint8Array => Uint8Array.from(values);
const zeros = (length: number): number[] => new Array<number>(length).fill(0);

/** TCP options, padded to the header's words. */
const options = (...values: number[]): Uint8Array =>
  tcp(four, 1000, 80, { flags: 2, options: bytes(...values, ...zeros(-values.length & 3)) });

/** An IPv4 packet with this option before its payload. */
function ipv4Option(...option: number[]): Uint8Array {
  const plain = udp(four, 1, 2), length = (option.length + 3) & ~3;
  const b = new Uint8Array(plain.length + length);
  b.set(plain.subarray(0, 20));
  b.set(option, 20);
  b.set(plain.subarray(20), 20 + length);
  b[0] = 0x45 + length / 4;
  b[3] = b.length;
  b[10] = b[11] = 0;
  let sum = 0;
  for (let i = 0; i < 20 + length; i += 2) sum += (b[i]! << 8) | b[i + 1]!;
  sum = (sum & 0xffff) + (sum >>> 16);
  b[10] = ~sum >>> 8 & 255;
  b[11] = ~sum & 255;
  return b;
}

const SCTP_CHUNKS = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 128, 192, 193];

export function sampleFrames(): Uint8Array[] {
  const packets = [
    options(2, 4, 5, 180, 3, 3, 7, 4, 2, 8, 10, ...zeros(8), 34, 6, ...zeros(4), 1, 0),
    options(5, 34, ...zeros(32), 1, 0),
    options(19, 18, ...zeros(16), 30, 12, ...zeros(10)),
    udp(four, 1000, 53),
    udp(six, 1000, 53),
    ip(four, 136, bytes(0, 1, 0, 2, 0, 12, 0, 0, ...zeros(4))),
    ip(four, 33, bytes(0, 1, 0, 2, 3, 0, 0, 0, 4, ...zeros(11))),
    ...SCTP_CHUNKS.map((type) => ip(four, 132, bytes(0, 1, 0, 2, ...zeros(8), type, 0, 0, 32, ...zeros(28)))),
    udp(four, 9, 4789, bytes(8, ...zeros(25))),
    udp(four, 9, 6081, bytes(0, 0, 0x65, 0x58, ...zeros(4))),
    ip(four, 47, bytes(0, 0, 8, 0, ...zeros(20))),
    ip(four, 51, bytes(6, 4, ...zeros(22))),
    ip(four, 50, bytes(...zeros(16))),
    ip(four, 108, bytes(6, ...zeros(7))),
    ip(four, 2, bytes(0x11, 0, 0, 0, 224, 0, 0, 1)),
    icmp(four, 8, 0, 0x00010001),
    icmp(four, 3, 4, 1400),
    icmp(four, 5, 1, 0xc0000201),
    icmp(six, 128, 0, 0x00010001),
    icmp(six, 2, 0, 1400),
    icmp(six, 4, 0, 8),
    icmp(six, 130, 0, 0x00010000, bytes(...zeros(16))),
    icmp(six, 137, 0, 0, bytes(...zeros(32))),
    ipv4Option(131, 7, 4, 192, 0, 2, 9),
    ipv4Option(7, 7, 4, 192, 0, 2, 9),
    ipv4Option(137, 7, 4, 192, 0, 2, 9),
    ipv4Option(148, 4, 0, 0),
    ip(six, 0, bytes(59, 0, 1, 4, ...zeros(4))),
    ip(six, 43, bytes(59, 2, 0, 1, ...zeros(20))),
    ip(six, 43, bytes(59, 2, 2, 1, ...zeros(20))),
    ip(six, 43, bytes(59, 2, 4, 1, ...zeros(20))),
    ip(six, 44, bytes(59, 0, 0, 1, 0, 0, 0, 1)),
    ip(six, 60, bytes(59, 0, 1, 4, ...zeros(4))),
    ip(six, 135, bytes(59, 0, 1, 0, ...zeros(4))),
  ];
  return [arp(A, "192.0.2.1", "192.0.2.2"), ...packets.map((packet) => ethernet(A, B, packet))];
}

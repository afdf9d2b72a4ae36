import { icmp, tcp, udp } from "../../core/packet/build.ts";
import { below, SeededRandom } from "../../core/random.ts";
import type { Step } from "./scenarios.ts";

/**
 * A random conversation: TCP segments of both sides that are mostly right and often a little or very wrong, with
 * datagrams and ICMP errors between them. The same seed gives the same steps.
 */
export function walk(seed: number, length: number, answerTo: string): Step[] {
  const random = new SeededRandom(seed);
  const pick = <T>(from: readonly T[]): T => from[below(random, from.length)]!;
  const next = [random.u32(), random.u32()];
  const started = [false, false];
  const scaled = below(random, 2) === 1;
  const steps: Step[] = [];
  for (let i = 0; i < length; i++) {
    const side = below(random, 2) as 0 | 1, other = 1 - side;
    if (below(random, 12) === 0) {
      steps.push(stray(random, side, answerTo));
      continue;
    }
    const flags = started[0]
      ? pick([
        ACK,
        ACK,
        ACK,
        ACK,
        ACK,
        ACK | PSH,
        FIN | ACK,
        FIN | ACK,
        RST,
        RST | ACK,
        SYN,
        SYN | ACK,
        0,
        FIN,
        ACK | URG,
      ])
      : pick([SYN, SYN, SYN, ACK, SYN | ACK, RST, FIN | ACK]);
    const odd = below(random, 4) === 0;
    const sequence = (next[side]! + (odd ? pick(OFFSETS) : 0)) >>> 0;
    const acknowledgement = (next[other]! + (below(random, 5) === 0 ? pick(OFFSETS) : 0)) >>> 0;
    const data = (flags & (SYN | RST)) === 0 ? pick([0, 0, 0, 1, 100, 1000]) : 0;
    const options: number[] = [];
    if ((flags & SYN) !== 0 && below(random, 3) > 0) {
      options.push(4, 2, 1, 1);
      if (scaled || below(random, 3) === 0) options.push(3, 3, pick([0, 2, 7, 14, 15]), 1);
    } else if ((flags & ACK) !== 0 && below(random, 6) === 0) {
      const right = (acknowledgement + pick([100, 1000, 100000])) >>> 0;
      options.push(1, 1, 5, 10, ...be32(right - 50), ...be32(right));
    }
    const segment = {
      flags,
      sequence,
      acknowledgement,
      window: pick([0, 1, 1000, 29200, 65535, 65535]),
      options: Uint8Array.from(options),
      payload: new Uint8Array(data).fill(0x62),
    };
    if (!odd || below(random, 3) === 0) {
      next[side] = (sequence + data + ((flags & SYN) !== 0 ? 1 : 0) + ((flags & FIN) !== 0 ? 1 : 0)) >>> 0;
      started[side] = true;
    }
    steps.push({
      from: side,
      packet: () =>
        side === 0
          ? tcp({ from: CLIENT, to: SERVER }, 40000, 80, segment)
          : tcp({ from: SERVER, to: answerTo }, 80, 40000, segment),
    });
  }
  return steps;
}

/** A datagram, an echo, or an error about whatever left before. */
function stray(random: SeededRandom, side: 0 | 1, answerTo: string): Step {
  const from = side === 0 ? CLIENT : SERVER, to = side === 0 ? SERVER : answerTo;
  const choice = below(random, 4), n = random.u32();
  return {
    from: side,
    packet: (outputs) => {
      if (choice === 0) {
        return side === 0 ? udp({ from, to }, 500 + n % 3, 53) : udp({ from, to }, 53, 500 + n % 3);
      }
      if (choice === 1) return icmp({ from, to }, side === 0 ? 8 : 0, 0, 0x70001 + (n % 3) * 65536);
      const left = outputs.filter((o) => o.port === side);
      const about = left.at(-1 - n % 3)?.packet;
      if (about === undefined) return icmp({ from, to }, 13, 0, 1, new Uint8Array(12));
      const source = [...about.subarray(12, 16)].join(".");
      const type = [3, 11, 12][n % 3]!;
      return icmp({ from, to: source }, type, 0, 0, about.slice(0, [28, 40, 1000][(n >>> 8) % 3]!));
    },
  };
}

const CLIENT = "192.168.77.2", SERVER = "198.51.100.2";
const FIN = 1, SYN = 2, RST = 4, PSH = 8, ACK = 16, URG = 32;
const OFFSETS = [
  1,
  -1,
  2,
  10,
  -10,
  1000,
  -1000,
  40000,
  65534,
  65535,
  65536,
  -65536,
  66001,
  -66001,
  -70000,
  131072,
  0x7fffffff,
];
const be32 = (n: number) => [n >>> 24, (n >>> 16) & 255, (n >>> 8) & 255, n & 255];

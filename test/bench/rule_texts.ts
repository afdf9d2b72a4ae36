import { SeededRandom } from "../../core/random.ts";

/** Five-tuple rules as firewalls have them: prefixes of mixed length, port ranges, one protocol each. */
export function fiveTuples(count: number, seed: number): string {
  const random = new SeededRandom(seed);
  const below = (n: number) => random.u32() % n;
  const prefix = () => {
    const length = 8 + below(25), mask = length === 32 ? 0xffffffff : ~(0xffffffff >>> length) >>> 0;
    return `${dotted((random.u32() & mask) >>> 0)}${length === 32 ? "" : `/${length}`}`;
  };
  const port = () => {
    const from = 1 + below(60000);
    return below(2) === 0 ? `${from}` : `${from}-${from + 1 + below(5000)}`;
  };
  let text = "table ip t {\n\tchain c {\n\t\ttype filter hook forward priority 0;\n";
  for (let i = 0; i < count; i++) {
    const protocol = below(3) === 0 ? "udp" : "tcp";
    text +=
      `\t\tip saddr ${prefix()} ip daddr ${prefix()} ${protocol} sport ${port()} ${protocol} dport ${port()} ` +
      `${below(2) === 0 ? "accept" : "drop"}\n`;
  }
  return text + "\t}\n}\n";
}

/** One set of `count` intervals that do not touch, in no order. */
export function intervalSet(count: number): string {
  const elements: string[] = [];
  // 7919 is a prime, so every interval comes once.
  for (let i = 0; i < count; i++) elements.push(interval((i * 7919) % count));
  return `table ip t {\n\tset s {\n\t\ttype ipv4_addr\n\t\tflags interval\n\t\telements = { ${
    elements.join(",\n\t\t\t")
  } }\n\t}\n}\n`;
}

function interval(i: number): string {
  const from = 0x0a000000 + i * 16;
  return i % 2 === 0 ? `${dotted(from)}/30` : `${dotted(from)}-${dotted(from + 5)}`;
}

/** One set of `count` concatenated ranges that do not overlap. */
export function concatenatedRanges(count: number): string {
  const elements: string[] = [];
  for (let i = 0; i < count; i++) {
    const from = 0x0a000000 + (i >> 2) * 256, port = 1000 + (i & 3) * 1000;
    elements.push(`${dotted(from)}/25 . ${port}-${port + 900}`);
  }
  return `table ip t {\n\tset s {\n\t\ttype ipv4_addr . inet_service\n\t\tflags interval\n\t\telements = { ${
    elements.join(",\n\t\t\t")
  } }\n\t}\n}\n`;
}

const dotted = (n: number): string => `${n >>> 24}.${(n >>> 16) & 255}.${(n >>> 8) & 255}.${n & 255}`;

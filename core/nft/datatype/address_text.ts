/** Address texts to numbers and back: RFC 4291 section 2.2 and RFC 5952, as inet_pton and inet_ntop have them. */

/** inet_aton without its other bases: the last part of fewer than four fills what is left. */
export function parseIpv4(text: string): bigint | undefined {
  let value = 0, part = 0, digits = 0, dots = 0;
  for (let at = 0; at < text.length; at++) {
    const digit = text.charCodeAt(at) - 0x30;
    if (digit >= 0 && digit <= 9) {
      part = part * 10 + digit;
      if (++digits > (dots === 0 ? 10 : 3)) return undefined;
    } else if (digit === DOT && digits > 0 && part <= 255 && dots < 3) {
      value += part * 2 ** (24 - 8 * dots++);
      part = 0;
      digits = 0;
    } else return undefined;
  }
  return digits === 0 || part >= 2 ** (32 - 8 * dots) ? undefined : BigInt(value + part);
}

/** `.` as the difference of its code and that of `0`. */
const DOT = -2;

export function parseIpv6(text: string): bigint | undefined {
  const tail = /(?:^|:)([0-9]{1,3}(?:\.[0-9]{1,3}){3})$/.exec(text);
  let rest = text;
  if (tail !== null) {
    const v4 = parseIpv4(tail[1]!);
    if (v4 === undefined) return undefined;
    rest = text.slice(0, text.length - tail[1]!.length) + (v4 >> 16n).toString(16) + ":" +
      (v4 & 0xffffn).toString(16);
  }
  const halves = rest.split("::");
  if (halves.length > 2) return undefined;
  const head = groups(halves[0]!);
  const end = halves.length === 2 ? groups(halves[1]!) : [];
  if (head === undefined || end === undefined) return undefined;
  const missing = 8 - head.length - end.length;
  if (halves.length === 2 ? missing < 1 : missing !== 0) return undefined;
  return [...head, ...Array<number>(missing).fill(0), ...end].reduce((v, g) => (v << 16n) | BigInt(g), 0n);
}

function groups(text: string): number[] | undefined {
  if (text === "") return [];
  const parts = text.split(":");
  return parts.every((part) => /^[0-9a-fA-F]{1,4}$/.test(part))
    ? parts.map((part) => parseInt(part, 16))
    : undefined;
}

export function formatIpv6(value: bigint): string {
  const group: number[] = [];
  for (let shift = 112n; shift >= 0n; shift -= 16n) group.push(Number((value >> shift) & 0xffffn));
  let bestAt = -1;
  let bestLength = 1;
  for (let at = 0; at < 8; at++) {
    let length = 0;
    while (at + length < 8 && group[at + length] === 0) length++;
    if (length > bestLength) {
      bestAt = at;
      bestLength = length;
    }
  }
  const hex = group.map((g) => g.toString(16));
  const high = value >> 32n;
  // inet_ntop prints the low half of ::a.b.c.d and ::ffff:a.b.c.d in dotted form.
  if ((high === 0n && value > 0xffffn) || high === 0xffffn) {
    const v4 = [24n, 16n, 8n, 0n].map((shift) => ((value >> shift) & 255n).toString()).join(".");
    return high === 0n ? `::${v4}` : `::ffff:${v4}`;
  }
  if (bestAt < 0) return hex.join(":");
  return `${hex.slice(0, bestAt).join(":")}::${hex.slice(bestAt + bestLength).join(":")}`;
}

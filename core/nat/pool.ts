/**
 * Which address of a pool a flow gets (find_best_ips_proto): a hash of source and destination, or of the source
 * alone (`persistent`), so that a host keeps its address. No secret in it: the choice survives a restart, and is
 * the kernel's.
 */
export function choosePoolAddress(
  to: Uint32Array,
  toAt: number,
  source: Uint32Array,
  destination: Uint32Array,
  destinationAt: number,
  family: number,
  low: Uint32Array,
  high: Uint32Array,
  persistent: boolean,
): void {
  const last = family === 4 ? 0 : 3;
  const target = networkOrder(destination[destinationAt + last]!);
  let j = jenkins4(source, persistent ? 0 : target);
  let full = false;
  for (let i = 0; i <= last; i++) {
    // Once a word is below the pool's highest, the words behind it are free.
    const least = full ? 0 : low[i]!, count = full ? 0xffffffff : (high[i]! - low[i]! + 1) >>> 0;
    const told = destination[destinationAt + i]!;
    to[toAt + i] = least + scale(j, count);
    if (to[toAt + i] !== high[i]) full = true;
    if (!persistent) j = (j ^ networkOrder(told)) >>> 0;
  }
}

/** j * count / 2^32, exactly. */
const scale = (j: number, count: number): number =>
  Math.floor(((j >>> 16) * count + Math.floor((j & 0xffff) * count / 65536)) / 65536);

/** The word as a little-endian machine reads it from the packet. */
const networkOrder = (x: number): number =>
  ((x << 24) | ((x & 0xff00) << 8) | ((x >>> 8) & 0xff00) | (x >>> 24)) >>> 0;

const rotate = (x: number, by: number): number => (x << by) | (x >>> (32 - by));

/** Bob Jenkins' lookup3 over the four words of an address. */
function jenkins4(words: Uint32Array, initial: number): number {
  let a = (0xdeadbeef + 16 + initial) | 0, b = a, c = a;
  a = (a + networkOrder(words[0]!)) | 0;
  b = (b + networkOrder(words[1]!)) | 0;
  c = (c + networkOrder(words[2]!)) | 0;
  a = (a - c) ^ rotate(c, 4);
  c = (c + b) | 0;
  b = (b - a) ^ rotate(a, 6);
  a = (a + c) | 0;
  c = (c - b) ^ rotate(b, 8);
  b = (b + a) | 0;
  a = (a - c) ^ rotate(c, 16);
  c = (c + b) | 0;
  b = (b - a) ^ rotate(a, 19);
  a = (a + c) | 0;
  c = (c - b) ^ rotate(b, 4);
  b = (b + a) | 0;
  a = (a + networkOrder(words[3]!)) | 0;
  c = (c ^ b) - rotate(b, 14);
  a = (a ^ c) - rotate(c, 11);
  b = (b ^ a) - rotate(a, 25);
  c = (c ^ b) - rotate(b, 16);
  a = (a ^ c) - rotate(c, 4);
  b = (b ^ a) - rotate(a, 14);
  c = (c ^ b) - rotate(b, 24);
  return c >>> 0;
}

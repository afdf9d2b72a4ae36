/** Comparisons of register words as memcmp orders their bytes. */

/** Numbers of orders in instructions, as `opcodes.ts`: lt, lte, gt, gte, eq, neq. */
export function holds(op: number, sign: number): boolean {
  switch (op) {
    case 0:
      return sign < 0;
    case 1:
      return sign <= 0;
    case 2:
      return sign > 0;
    case 3:
      return sign >= 0;
    case 4:
      return sign === 0;
    default:
      return sign !== 0;
  }
}

/** Sign of registers[at..] - code[from..]; the code's words are big-endian, the last of both masked. */
export function compareWords(
  registers: Int32Array,
  at: number,
  code: Int32Array,
  from: number,
  words: number,
  last: number,
): number {
  for (let i = 0; i < words; i++) {
    const w = i === words - 1 ? registers[at + i]! & last : registers[at + i]!;
    const a = ((w << 24) | ((w & 0xff00) << 8) | ((w >>> 8) & 0xff00) | (w >>> 24)) >>> 0;
    const b = code[from + i]! >>> 0;
    if (a !== b) return a < b ? -1 : 1;
  }
  return 0;
}

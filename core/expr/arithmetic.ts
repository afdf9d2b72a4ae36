import type { MachineState } from "../classify/state.ts";

/** nft_bitwise_eval_lshift and _rshift: a number of several words, first word most significant. */
export function shift(state: MachineState, at: number): void {
  const code = state.code, r = state.registers;
  const right = code[at]! === 1,
    from = code[at + 1]!,
    to = code[at + 2]!,
    words = code[at + 3]!,
    bits = code[at + 4]!;
  let carry = 0;
  for (let n = 0; n < words; n++) {
    const i = right ? n : words - 1 - n, word = r[from + i]!;
    r[to + i] = (right ? word >>> bits : word << bits) | carry;
    carry = bits === 0 ? 0 : right ? word << (32 - bits) : word >>> (32 - bits);
  }
}

/** nft_byteorder_eval: reverses the bytes of each `size` of them. */
export function reverseBytes(
  state: MachineState,
  from: number,
  to: number,
  length: number,
  size: number,
): void {
  const b = state.bytes, source = from * 4, target = to * 4;
  for (let at = 0; at + size <= length; at += size) {
    for (let i = 0, j = size - 1; i <= j; i++, j--) {
      const first = b[source + at + i]!, last = b[source + at + j]!;
      b[target + at + i] = last;
      b[target + at + j] = first;
    }
  }
}

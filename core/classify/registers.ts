import { REGISTER_WORDS } from "./state.ts";

/**
 * Word number of a register that holds `length` bytes: NFT_REG_1..4 are 1..4, NFT_REG32_00.. are 8..23. What
 * does not fit the register file is a fault of whoever made the expression.
 */
export function register(number: number, length: number): number {
  const word = number >= 1 && number <= 4 ? number * 4 : number >= 8 && number <= 23 ? number - 4 : -1;
  if (word < 0 || length < 0 || word + ((length + 3) >>> 2) > REGISTER_WORDS) {
    throw new TypeError(`register ${number} cannot hold ${length} bytes`);
  }
  return word;
}

/**
 * Big-endian loads and stores on packet bytes. No bounds check: a view's `fits` was asked once before
 * (an out-of-range load reads 0, an out-of-range store is lost; neither throws).
 */
export const u8 = (b: Uint8Array, at: number): number => b[at]!;
export const u16 = (b: Uint8Array, at: number): number => (b[at]! << 8) | b[at + 1]!;
export const u32 = (b: Uint8Array, at: number): number =>
  ((b[at]! << 24) | (b[at + 1]! << 16) | (b[at + 2]! << 8) | b[at + 3]!) >>> 0;

export const setU16 = (b: Uint8Array, at: number, value: number): void => {
  b[at] = value >>> 8;
  b[at + 1] = value;
};
export const setU32 = (b: Uint8Array, at: number, value: number): void => {
  b[at] = value >>> 24;
  b[at + 1] = value >>> 16;
  b[at + 2] = value >>> 8;
  b[at + 3] = value;
};

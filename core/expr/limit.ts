/**
 * Token bucket of nft_limit: tokens are nanoseconds of the rate, refilled by the clock up to `most`. Cells: tokens
 * and the time of the last look (ns); `constants` is where cost and most are in `numbers`. Answers whether the packet stays within the rate.
 */
export function withinLimit(
  cells: Float64Array,
  cell: number,
  numbers: Float64Array,
  constants: number,
  units: number,
  now: number,
): boolean {
  const most = numbers[constants + 1]!;
  const time = Math.floor(now * 1e6);
  // A clock that began anew (the data plane was restarted) refills nothing.
  let tokens = cells[cell]! + Math.max(0, time - cells[cell + 1]!);
  if (tokens > most) tokens = most;
  cells[cell + 1] = time;
  const left = tokens - Math.floor(numbers[constants]! * units);
  cells[cell] = left >= 0 ? left : tokens;
  return left >= 0;
}

/** nft_quota: adds the bytes; answers whether the quota is used up. */
export function overQuota(cells: Float64Array, cell: number, quota: number, bytes: number): boolean {
  return (cells[cell]! += bytes) > quota;
}

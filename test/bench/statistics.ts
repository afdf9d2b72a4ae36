/** What a number of rounds gave: the median, and the smallest and largest of them. */
export interface Spread {
  readonly median: number;
  readonly low: number;
  readonly high: number;
  readonly rounds: number;
}

export function spread(values: readonly number[]): Spread {
  return {
    median: quantile(values, 0.5),
    low: Math.min(...values),
    high: Math.max(...values),
    rounds: values.length,
  };
}

/** Quantile 0..1 by the nearest rank, the median of an even number by its two middle values. */
export function quantile(values: readonly number[], q: number): number {
  const sorted = values.toSorted((a, b) => a - b), n = sorted.length;
  if (n === 0) return 0;
  if (q === 0.5 && n % 2 === 0) return (sorted[n / 2 - 1]! + sorted[n / 2]!) / 2;
  return sorted[Math.min(n - 1, Math.max(0, Math.ceil(q * n) - 1))]!;
}

/** Ratios round by round: what disturbed one round disturbed both sides of it. */
export const ratios = (of: readonly number[], to: readonly number[]): number[] =>
  of.map((value, i) => value / to[i]!);

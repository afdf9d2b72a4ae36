import type { Speed } from "./speed.ts";

/** From which size on handing a request to a device costs the calling thread less than `software` does. */
export interface BreakEven {
  readonly device: string;
  readonly algorithm: string;
  readonly way: Speed["way"];
  /** Bytes; undefined where it never does. */
  readonly bytes: number | undefined;
}

/** Of every device beside `software`, for each algorithm both were measured with: the size from which on it stays cheaper. */
export function breakEvens(speeds: readonly Speed[]): BreakEven[] {
  const own = Map.groupBy(
    speeds.filter(({ device }) => device !== "software"),
    ({ device, algorithm, way }) => `${algorithm} ${device} ${way}`,
  );
  return [...own.values()].flatMap((curve) => {
    const { device, algorithm, way } = curve[0]!;
    const software = new Map(
      speeds.filter((s) => s.device === "software" && s.algorithm === algorithm && s.way === way)
        .map(({ bytes, microseconds }) => [bytes, microseconds]),
    );
    const common = curve.filter(({ bytes }) => software.has(bytes)).sort((a, b) => b.bytes - a.bytes);
    if (common.length === 0) return [];
    const loses = common.findIndex((s) => s.microseconds >= software.get(s.bytes)!);
    const bytes = (loses < 0 ? common.at(-1) : common[loses - 1])?.bytes;
    return [{ device, algorithm, way, bytes }];
  });
}

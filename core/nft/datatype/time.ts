import { type DataType, integerType, type Parsed, parseNumber } from "../types.ts";

const UNITS: readonly (readonly [suffix: string, milliseconds: number])[] = [
  ["d", 86_400_000],
  ["h", 3_600_000],
  ["m", 60_000],
  ["s", 1000],
  ["ms", 1],
];

/** `1d2h3m4s5ms`, or a plain number of seconds; milliseconds, undefined where it is neither. */
export function parseDuration(text: string): bigint | undefined {
  const seconds = parseNumber(text);
  if (seconds !== undefined) return seconds * 1000n;
  const parts = /^(?:(\d{1,9})d)?(?:(\d{1,9})h)?(?:(\d{1,9})m(?!s))?(?:(\d{1,10})s)?(?:(\d{1,12})ms)?$/.exec(
    text,
  );
  if (parts === null || text === "") return undefined;
  return UNITS.reduce((sum, [, size], index) => sum + BigInt(parts[index + 1] ?? 0) * BigInt(size), 0n);
}

export function printDuration(milliseconds: bigint): string {
  if (milliseconds === 0n) return "0s";
  let rest = milliseconds;
  let text = "";
  for (const [suffix, size] of UNITS) {
    const count = rest / BigInt(size);
    rest %= BigInt(size);
    if (count > 0n) text += `${count}${suffix}`;
  }
  return text;
}

const durationError = {
  error: "Could not parse time; expected something like 1d2h3m4s",
  hint: "units are d, h, m, s, ms",
};

/** Timeouts: milliseconds. */
export const timeType: DataType = {
  name: "time",
  description: "relative time",
  bits: 64,
  order: "host",
  base: integerType,
  parse: (text) => parseDuration(text) ?? durationError,
  print: (value, _bits, context) => (context.seconds === true ? `${value / 1000n}s` : printDuration(value)),
};

const DATE = /^(\d{4})-(\d{2})-(\d{2})(?: (\d{2}):(\d{2})(?::(\d{2}))?)?$/;

/** `meta time`: nanoseconds since 1970, written as a date in local time. */
export const dateType: DataType = {
  name: "time",
  description: "Relative time of packet reception",
  bits: 64,
  order: "host",
  base: integerType,
  parse: (text, context): Parsed => {
    const number = parseNumber(text);
    if (number !== undefined) return number;
    const part = DATE.exec(text);
    if (part === null) return { error: "Cannot parse date", hint: "write YYYY-MM-DD hh:mm:ss" };
    const [year, month, day, hour, minute, second] = part.slice(1).map((digits) => Number(digits ?? 0));
    const utc = Date.UTC(year!, month! - 1, day!, hour, minute, second) - context.timezoneOffset * 60_000;
    return utc < 0 ? { error: "Cannot parse date" } : BigInt(utc) * 1_000_000n;
  },
  print: (value, _bits, context) => {
    const local = Number(value / 1_000_000n) + context.timezoneOffset * 60_000;
    if (!(local < 8.64e15)) return value.toString();
    return `"${new Date(local).toISOString().slice(0, 19).replace("T", " ")}"`;
  },
};

const DAY = 86_400;

/** `meta hour`: seconds since midnight UTC, written in local time. */
export const hourType: DataType = {
  name: "hour",
  description: "Hour of day of packet reception",
  bits: 32,
  order: "host",
  base: integerType,
  parse: (text, context): Parsed => {
    const part = /^(\d{1,2}):(\d{2})(?::(\d{2}))?$/.exec(text);
    const number = parseNumber(text);
    if (part === null) {
      return number ?? { error: "Cannot parse hour", hint: 'write "hh:mm" or "hh:mm:ss"' };
    }
    const [hour, minute, second] = part.slice(1).map((digits) => Number(digits ?? 0));
    if (hour! > 23 || minute! > 59 || second! > 59) return { error: "Cannot parse hour" };
    const local = hour! * 3600 + minute! * 60 + second!;
    return BigInt((((local - context.timezoneOffset * 60) % DAY) + DAY) % DAY);
  },
  print: (value, _bits, context) => {
    const local = (((Number(value) + context.timezoneOffset * 60) % DAY) + DAY) % DAY;
    const two = (n: number) => Math.floor(n).toString().padStart(2, "0");
    const seconds = local % 60;
    return `"${two(local / 3600)}:${two((local / 60) % 60)}${seconds === 0 ? "" : ":" + two(seconds)}"`;
  },
};

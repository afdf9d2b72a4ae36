import type { Limits } from "./state.ts";
import type { Words } from "./words.ts";

export const LIMITS: readonly (readonly [string, keyof Limits])[] = [
  ["time-soft", "timeSoft"],
  ["time-hard", "timeHard"],
  ["time-use-soft", "timeUseSoft"],
  ["time-use-hard", "timeUseHard"],
  ["byte-soft", "byteSoft"],
  ["byte-hard", "byteHard"],
  ["packet-soft", "packetSoft"],
  ["packet-hard", "packetHard"],
];

/** One `limit KIND N`, behind `limit`. */
export function limitWords(words: Words, limits: Limits | undefined): Limits {
  const kind = words.oneOf(LIMITS.map(([name]) => name), "a limit");
  return {
    ...limits,
    [LIMITS.find(([name]) => name === kind)![1]]: words.number("a limit", Number.MAX_SAFE_INTEGER),
  };
}

/** What has been used up: bytes, packets, and when it was made and first used, in milliseconds since 1970; 0: never. */
export interface Used {
  readonly bytes: number;
  readonly packets: number;
  readonly added: number;
  readonly used: number;
}

/** `lifetime config` as `ip -s` lists it. */
export function lifetimeConfig(limits: Limits = {}): string {
  const limit = (n: number | undefined): string => n === undefined ? "(INF)" : `${n}`;
  return `\tlifetime config:\n` +
    `\t  limit: soft ${limit(limits.byteSoft)}(bytes), hard ${limit(limits.byteHard)}(bytes)\n` +
    `\t  limit: soft ${limit(limits.packetSoft)}(packets), hard ${limit(limits.packetHard)}(packets)\n` +
    `\t  expire add: soft ${limits.timeSoft ?? 0}(sec), hard ${limits.timeHard ?? 0}(sec)\n` +
    `\t  expire use: soft ${limits.timeUseSoft ?? 0}(sec), hard ${limits.timeUseHard ?? 0}(sec)\n`;
}

/** `lifetime current` as `ip -s` lists it. */
export const lifetimeCurrent = ({ bytes, packets, added, used }: Used): string =>
  `\tlifetime current:\n\t  ${bytes}(bytes), ${packets}(packets)\n` +
  `\t  add ${localTime(added)} use ${localTime(used)}\n`;

function localTime(time: number): string {
  if (time === 0) return "-";
  const at = new Date(time), two = (n: number): string => `${n}`.padStart(2, "0");
  return `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())} ` +
    `${two(at.getHours())}:${two(at.getMinutes())}:${two(at.getSeconds())}`;
}

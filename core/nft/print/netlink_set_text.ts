import { verdictText, words } from "../../expr/netlink_text.ts";
import { compareBytes, sortIntervals } from "../../ruleset/intervals.ts";
import type { Family, SetElement } from "../../ruleset/ruleset.ts";
import type { SetLiteral } from "../tree/typed.ts";

/** NFT_SET_* flags. */
const ANONYMOUS = 1,
  CONSTANT = 2,
  INTERVAL = 4,
  MAP = 8,
  TIMEOUT = 0x10,
  EVAL = 0x20,
  OBJECT = 0x40,
  CONCAT = 0x80;

/** A set written in a rule as `--debug=netlink` prints it: head, then its elements on one line. */
export function setText(literal: SetLiteral, table: string, _family: Family): string {
  if (literal.meter !== undefined) return meterText(literal.meter, table);
  const map = literal.data !== undefined;
  const concatenated = literal.keyBits.length > 1;
  const ranges = literal.interval && concatenated;
  const flags = ANONYMOUS | CONSTANT | (literal.interval ? INTERVAL : 0) | (map ? MAP : 0) |
    (ranges ? CONCAT : 0) | (literal.objects === undefined ? 0 : OBJECT);
  const name = map ? "__map%d" : literal.objects === undefined ? "__set%d" : "__objmap%d";
  const elements = ranges || !literal.interval
    ? literal.elements.map((element) => elementText(element, ranges))
    : boundaries(literal.elements);
  return `${name} ${table} ${flags.toString(16)} size ${elements.length}\n${name} ${table} 0\n\t${
    elements.join("\t")
  }\n`;
}

function meterText(meter: NonNullable<SetLiteral["meter"]>, table: string): string {
  const flags = ANONYMOUS | EVAL | (meter.timeouts ? TIMEOUT : 0);
  const size = meter.size === undefined ? "" : ` size ${meter.size}`;
  return `${meter.name} ${table} ${flags.toString(16)}${size}\n${meter.name} ${table} 0\n`;
}

function elementText(element: SetElement, ranges: boolean): string {
  const key = words(element.key).replaceAll("0x", "");
  const end = ranges ? `  - ${words(element.end ?? element.key).replaceAll("0x", "")}` : "";
  const catchall = element.catchall === true;
  return `element ${key}${end}  : ${dataText(element)}${catchall ? 2 : 0} [end]`;
}

function dataText(element: SetElement): string {
  if (element.verdict !== undefined) return `${verdictText(element.verdict)} `;
  return element.data === undefined ? "" : `${words(element.data).replaceAll("0x", "")} `;
}

/** Intervals as the kernel holds them: where one begins and, flagged 1, where the next gap does. */
function boundaries(elements: readonly SetElement[]): string[] {
  const sorted = sortIntervals(elements);
  const lines: string[] = [];
  const gap = (key: Uint8Array) => lines.push(`element ${words(key).replaceAll("0x", "")}  : 1 [end]`);
  const [first] = sorted;
  if (first !== undefined && first.key.some((byte) => byte !== 0)) gap(new Uint8Array(first.key.length));
  sorted.forEach((element, index) => {
    lines.push(elementText(element, false));
    const after = successor(element.end ?? element.key);
    const next = sorted[index + 1];
    if (after !== undefined && (next === undefined || compareBytes(after, next.key) !== 0)) gap(after);
  });
  return lines.concat(
    elements.filter((element) => element.catchall).map((element) => elementText(element, false)),
  );
}

/** The key behind this one; undefined behind the last. */
function successor(key: Uint8Array): Uint8Array | undefined {
  const next = key.slice();
  for (let at = next.length - 1; at >= 0; at--) {
    next[at] = (next[at]! + 1) & 0xff;
    if (next[at] !== 0) return next;
  }
  return undefined;
}

import { below, type Random } from "../random.ts";

/**
 * Texts changed at random for tests: bytes (bits, bytes that are no UTF-8), tokens (others, twice, gone, elsewhere) and
 * structure (blocks twice, gone, inside others, cut off; lines elsewhere; pieces of another text; what stands behind a
 * variable or an include).
 */
export function mutated(text: string, other: string, random: Random): string {
  let result = text;
  for (let edits = 1 + below(random, 4); edits > 0; edits--) {
    const kind = below(random, 3);
    result = kind === 0
      ? bytes(result, random)
      : kind === 1
      ? tokens(result, other, random)
      : structure(result, other, random);
  }
  return result.length > LONGEST ? result.slice(0, LONGEST) : result;
}

const LONGEST = 4096;
const encoder = new TextEncoder(), decoder = new TextDecoder();
const some = <T>(random: Random, of: readonly T[]): T => of[below(random, of.length)]!;

function bytes(text: string, random: Random): string {
  const input = encoder.encode(text), at = below(random, input.length + 1), end = at + below(random, 9);
  if (below(random, 4) === 0) input[at] = input[at]! ^ (1 << below(random, 8));
  else if (below(random, 3) === 0) input[at] = random.u32();
  else {
    const middle = Uint8Array.from({ length: below(random, 4) }, () => random.u32());
    const parts = [input.subarray(0, at), middle, input.subarray(end)];
    return parts.map((part) => decoder.decode(part)).join("");
  }
  return decoder.decode(input);
}

const ODD = ["99999999999999999999", "0xffffffffff", "-1", "\ud800", "é", "\0", "$x", "@s", "\n", "\\\n", ";"]
  .concat([
    "{",
    "}",
    "(",
    ")",
    '"',
    "#",
    "0-0",
    "::",
    "1.2.3",
    "/",
    "*",
    "$x,$x",
    "{$x}",
    "undefined",
    "null",
  ]);

const split = (text: string): string[] => text.match(/\s+|[A-Za-z0-9_.:/-]+|[^]/g) ?? [];

function tokens(text: string, other: string, random: Random): string {
  const words = split(text), at = below(random, words.length + 1), to = below(random, words.length + 1);
  switch (below(random, 7)) {
    case 0:
      words.splice(at, 1 + below(random, 4));
      break;
    case 1:
      words.splice(at, 0, ` ${some(random, split(other)) ?? ""} `);
      break;
    case 2:
      words[at] = some(random, ODD);
      break;
    case 3:
      words.splice(at, 0, ` ${some(random, ODD)} `);
      break;
    case 4:
      [words[at], words[to]] = [words[to] ?? "", words[at] ?? ""];
      break;
    case 5:
      words.splice(at, 0, (words[at] ?? "").repeat(1 + below(random, 40)));
      break;
    default:
      words[at] = some(random, split(other)) ?? "";
  }
  return words.join("");
}

function structure(text: string, other: string, random: Random): string {
  const [from, to] = block(text, random), inner = text.slice(from, to), before = text.slice(0, from);
  const lines = text.split("\n"), line = below(random, lines.length);
  switch (below(random, 9)) {
    case 0:
      return before + inner + inner + text.slice(to);
    case 1:
      return before + text.slice(to);
    case 2:
      return `${before}{ ${inner} }${text.slice(to)}`;
    case 3:
      return text.slice(0, to);
    case 4:
      return before + other.slice(...block(other, random)) + text.slice(to);
    case 5:
      lines.splice(below(random, lines.length + 1), 0, ...lines.splice(line, 1 + below(random, 3)));
      return lines.join("\n");
    case 6:
      lines.splice(line, 0, some(random, other.split("\n")));
      return lines.join("\n");
    case 7:
      return `define x = ${inner.slice(0, 64)}\n${before}$x${text.slice(to)}`;
    default:
      lines.splice(
        line,
        0,
        some(random, ['include "/a"', 'include "/b"', "define x = { $x, $x }", "redefine x = 1"]),
      );
      return lines.join("\n");
  }
}

/** Where a piece in brackets stands, or, where there is none, any piece. */
function block(text: string, random: Random): [from: number, to: number] {
  const from = text.indexOf("{", below(random, text.length + 1));
  if (from < 0) {
    const at = below(random, text.length + 1);
    return [at, Math.min(text.length, at + below(random, 40))];
  }
  let depth = 0, to = from;
  for (; to < text.length; to++) {
    if (text[to] === "{") depth++;
    else if (text[to] === "}" && --depth === 0) break;
  }
  return [from, Math.min(text.length, to + 1)];
}

import type { Source, Span } from "./source.ts";

/**
 * The lexer: one pass, longest match, no backtracking over more than one token, so linear in the input.
 * Words are not told from keywords here: the grammar decides by where they stand.
 */
export const END = 0;
export const NEWLINE = 1;
/** Letters, digits, `_ . / -`: keywords, names, symbolic values. */
export const WORD = 2;
/** Decimal, octal (leading 0) or hexadecimal. */
export const NUMBER = 3;
export const QUOTED = 4;
/** IPv4, IPv6 and MAC addresses, `major:minor`, `1d2h`, wildcard names: text only a datatype understands. */
export const LITERAL = 5;
/** Operators and brackets; the text says which. */
export const MARK = 6;
export const JUNK = 7;

export interface Token {
  readonly kind: number;
  readonly start: number;
  readonly end: number;
}

const WORD_START = /[A-Za-z_]/;
const wordPattern = /[A-Za-z_.][A-Za-z0-9/\-_.]*/y;
const starPattern = /(?:\\\*|[A-Za-z0-9/\-_.])*\*|(?:[A-Za-z_.][A-Za-z0-9/\-_.]*)?\\\*[A-Za-z0-9/\-_.]*/y;
const numberPattern = /0[xX][0-9a-fA-F]+|[0-9]+/y;
const tagPattern = /8021(?:ad|q)(?![A-Za-z0-9_])/y;
const timePattern = /(?=[0-9])(?:[0-9]+d)?(?:[0-9]+h)?(?:[0-9]+m(?!s))?(?:[0-9]+s)?(?:[0-9]+ms)?/y;
const ipv4Pattern = /[0-9]{1,3}(?:\.[0-9]{1,3}){3}/y;
const macPattern = /(?:[0-9a-fA-F]{1,2}:){5}[0-9a-fA-F]{1,2}/y;
const classPattern = /[0-9a-fA-F]{1,4}:[0-9a-fA-F]{1,4}(?=[\s:\-},]|$)/y;
const TWO = ["==", "!=", "<=", ">=", "<<", ">>"];
const ONE = "{}()[],.:-/=<>&|^!$@*+~;";

/** How many texts of tokens are kept at hand: as many as the cursor looks at, a power of two. */
const KEPT = 8;

/** Words met last, by their first and last letter and length. */
const WORDS = 1024;
const words: string[] = new Array(WORDS).fill("");

/** Text of the tokens of one source, as parallel columns. */
export class Tokens {
  readonly source: Source;
  private total = 0;
  private kinds: Uint8Array;
  private bounds: Uint32Array;
  private readonly keptAt = new Int32Array(KEPT).fill(-1);
  private readonly kept: string[] = new Array(KEPT).fill("");

  constructor(source: Source) {
    this.source = source;
    // Memory that is never touched costs nothing; growing copies.
    const guess = 16 + Math.ceil(source.text.length / 3);
    this.kinds = new Uint8Array(guess);
    this.bounds = new Uint32Array(2 * guess);
    this.scan();
  }

  get count(): number {
    return this.total;
  }
  kind(index: number): number {
    return index < this.total ? this.kinds[index]! : END;
  }
  start(index: number): number {
    return index < this.total ? this.bounds[2 * index]! : this.source.text.length;
  }
  end(index: number): number {
    return index < this.total ? this.bounds[2 * index + 1]! : this.source.text.length;
  }
  text(index: number): string {
    if (this.kind(index) === WORD) return this.word(this.start(index), this.end(index));
    const place = index & (KEPT - 1);
    if (this.keptAt[place] === index) return this.kept[place]!;
    const text = this.source.text.slice(this.start(index), this.end(index));
    this.keptAt[place] = index;
    this.kept[place] = text;
    return text;
  }
  /** A word, the same string every time: no copy is made, and tables need not reckon its hash again. */
  private word(start: number, end: number): string {
    const { text } = this.source;
    const length = end - start, first = text.charCodeAt(start), last = text.charCodeAt(end - 1);
    const place = (first * 31 + last * 7 + length * 67) & (WORDS - 1), known = words[place]!;
    if (known.length === length && text.startsWith(known, start)) return known;
    return words[place] = text.slice(start, end);
  }
  /** Whether the token reads so. */
  reads(index: number, text: string): boolean {
    const start = this.start(index);
    return this.end(index) - start === text.length && this.source.text.startsWith(text, start);
  }
  span(index: number): Span {
    return { source: this.source, start: this.start(index), end: this.end(index) };
  }

  private add(kind: number, start: number, end: number): void {
    const at = this.total++;
    if (at === this.kinds.length) this.grow();
    this.kinds[at] = kind;
    this.bounds[2 * at] = start;
    this.bounds[2 * at + 1] = end;
  }

  private grow(): void {
    const { kinds, bounds } = this;
    this.kinds = new Uint8Array(2 * kinds.length);
    this.kinds.set(kinds);
    this.bounds = new Uint32Array(2 * bounds.length);
    this.bounds.set(bounds);
  }

  private scan(): void {
    const text = this.source.text;
    let at = 0;
    while (at < text.length) {
      const code = text.charCodeAt(at);
      const shape = SHAPES[code] ?? 0;
      if (shape === BLANK) {
        at++;
        continue;
      }
      const end = shape === LETTER ? plainWord(text, at) : shape === DIGIT ? plainNumber(text, at) : 0;
      if (end > 0) {
        this.add(shape === LETTER ? WORD : NUMBER, at, end);
        at = end;
        continue;
      }
      const address = shape === DIGIT ? plainIpv4(text, at) : 0;
      if (address > 0) {
        this.add(LITERAL, at, address);
        at = address;
        continue;
      }
      const c = text[at]!;
      if (c === "\n") this.add(NEWLINE, at, ++at);
      else if (c === "\\" && continuation(text, at) > 0) at = continuation(text, at);
      else if (c === "#") {
        // nft wants a line end behind a comment, and takes a file's last line without one for junk.
        const end = text.indexOf("\n", at);
        if (end < 0 && this.source.name !== "") this.add(JUNK, at, at + 1);
        at = end < 0 ? text.length : end;
      } else if (c === '"') {
        const end = text.indexOf('"', at + 1);
        if (end < 0) this.add(JUNK, at, ++at);
        else {
          this.add(QUOTED, at, end + 1);
          at = end + 1;
        }
      } else at = this.scanToken(text, at, c);
    }
    this.add(END, text.length, text.length);
  }

  private scanToken(text: string, at: number, c: string): number {
    let end = 0;
    let kind = JUNK;
    const consider = (length: number, as: number): void => {
      if (length > end - at && length > 0) {
        end = at + length;
        kind = as;
      }
    };
    end = at;
    const digit = c >= "0" && c <= "9";
    if (digit || c === ":" || (c >= "a" && c <= "f") || (c >= "A" && c <= "F")) {
      if (digit) consider(match(numberPattern, text, at), NUMBER);
      // The one name that begins with digits and letters behind them: IEEE 802.1ad and 802.1Q.
      if (digit) consider(match(tagPattern, text, at), LITERAL);
      consider(ipv6Length(text, at), LITERAL);
      consider(match(macPattern, text, at), LITERAL);
      if (digit) {
        consider(match(ipv4Pattern, text, at), LITERAL);
        consider(match(timePattern, text, at), LITERAL);
      }
      consider(match(classPattern, text, at), LITERAL);
    }
    if (WORD_START.test(c)) consider(match(wordPattern, text, at), WORD);
    const after = text[end];
    if (c === "\\" || after === "*" || after === "\\") consider(match(starPattern, text, at), LITERAL);
    if (TWO.includes(text.slice(at, at + 2))) consider(2, MARK);
    if (ONE.includes(c)) consider(1, MARK);
    if (end === at) end = at + 1;
    this.add(kind, at, end);
    // Of a run of the same junk the first is told; a file of zeros is one token.
    if (kind === JUNK) { while (text[end] === c) end++; }
    return end;
  }
}

/** What a character may begin or go on with, by its code; 0: anything else. */
const BLANK = 1;
const DIGIT = 2;
const LETTER = 3;
/** Goes on in a word, begins none. */
const JOINER = 4;
/** Ends what the quick ways below can tell: the patterns decide. */
const UNSURE = 5;
const SHAPES = shapes();

function shapes(): Uint8Array {
  const table = new Uint8Array(0x10000);
  const put = (characters: string, shape: number) => {
    for (const character of characters) table[character.charCodeAt(0)] = shape;
  };
  put(" \t\r", BLANK);
  put("0123456789", DIGIT);
  put("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_", LETTER);
  put("/-.", JOINER);
  put(":*\\", UNSURE);
  return table;
}

/** End of the word at `at`; 0 where a colon, star or backslash behind it makes something else of it. */
function plainWord(text: string, at: number): number {
  let end = at + 1;
  for (; end < text.length; end++) {
    const shape = SHAPES[text.charCodeAt(end)]!;
    if (shape === DIGIT || shape === LETTER || shape === JOINER) continue;
    return shape === UNSURE ? 0 : end;
  }
  return end;
}

/** End of the decimal digits at `at`; 0 where what follows may make an address, time or name of them. */
function plainNumber(text: string, at: number): number {
  let end = at + 1;
  while (end < text.length && SHAPES[text.charCodeAt(end)] === DIGIT) end++;
  const shape = end < text.length ? SHAPES[text.charCodeAt(end)]! : BLANK;
  return shape === LETTER || shape === UNSURE || text[end] === "." ? 0 : end;
}

/** End of the dotted quad at `at`; 0 where there is none, or something longer may begin there. */
function plainIpv4(text: string, at: number): number {
  let end = at;
  for (let group = 0; group < 4; group++) {
    if (group > 0 && text[end++] !== ".") return 0;
    const first = end;
    while (end - first < 3 && end < text.length && SHAPES[text.charCodeAt(end)] === DIGIT) end++;
    if (end === first) return 0;
  }
  const shape = end < text.length ? SHAPES[text.charCodeAt(end)]! : BLANK;
  return shape === UNSURE ? 0 : end;
}

function match(pattern: RegExp, text: string, at: number): number {
  pattern.lastIndex = at;
  const found = pattern.exec(text);
  return found === null ? 0 : found[0].length;
}

/** Offset after `\` and the line end it hides, 0 where the backslash is something else. */
function continuation(text: string, at: number): number {
  let end = at + 1;
  while (text[end] === " " || text[end] === "\t" || text[end] === "\r") end++;
  return text[end] === "\n" ? end + 1 : 0;
}

/** No address is longer. */
const HEX_RUN = /[0-9a-fA-F:]{1,64}/y;
const TAIL_V4 = /[0-9]{1,3}(?:\.[0-9]{1,3}){3}/y;

/** Length of the longest IPv6 address (RFC 4291, 2.2) that starts at `at`, 0 where none does. */
export function ipv6Length(text: string, at: number): number {
  const run = match(HEX_RUN, text, at);
  let groups = 0;
  let gap = false;
  let best = 0;
  let p = at;
  const limit = at + run;
  if (text.startsWith("::", p)) {
    gap = true;
    p += 2;
    best = 2;
  }
  while (p < limit && groups < 8) {
    const v4 = match(TAIL_V4, text, p);
    if (v4 > 0 && (gap ? groups <= 5 : groups === 6)) return p + v4 - at;
    let digits = 0;
    while (digits < 4 && p + digits < limit && text[p + digits] !== ":") digits++;
    if (digits === 0) break;
    p += digits;
    groups++;
    const ended = text[p] === ":" || p >= limit;
    if (ended || digits < 4 || text[p] !== undefined) {
      if (gap ? groups <= 7 : groups === 8) best = p - at;
    }
    if (text[p] !== ":") break;
    if (text[p + 1] === ":") {
      if (gap || groups > 7) break;
      gap = true;
      p += 2;
      best = p - at;
    } else p++;
  }
  return best;
}

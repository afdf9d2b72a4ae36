import { refuse } from "./diagnostic.ts";
import { Scope } from "../parse/scope.ts";
import type { Source, Span } from "./source.ts";
import { END, JUNK, LITERAL, MARK, NEWLINE, NUMBER, QUOTED, Tokens, WORD } from "./token.ts";
import { KEYWORDS, OPERATOR_WORDS, RESERVED } from "./words.ts";

/** Largest nesting of brackets and blocks; deeper input is a located error. */
export const MAXIMUM_DEPTH = 64;

/**
 * A place in the token stream of one source: look, take, expect. All grammar files read through it.
 * Never goes back: every decision is made on at most three tokens.
 */
export class Cursor {
  tokens: Tokens;
  at = 0;
  depth = 0;
  scope = new Scope();
  /** Words that came after nft 1.0.6 are understood. */
  newest = true;
  /** Rules are passed over, to be read when they are carried out. */
  passing = false;
  /** Texts that included the one being read, outermost first. */
  private readonly outer: { readonly tokens: Tokens; readonly at: number }[] = [];

  /** Characters of all texts entered. */
  size: number;
  /** Values that the variables used so far stand for. */
  expanded = 0;

  constructor(source: Source) {
    this.tokens = new Tokens(source);
    this.size = source.text.length;
  }

  /** Reads `source` next, then goes on here. */
  enter(source: Source): void {
    this.outer.push({ tokens: this.tokens, at: this.at });
    this.tokens = new Tokens(source);
    this.size += source.text.length;
    this.at = 0;
  }
  get includeDepth(): number {
    return this.outer.length;
  }
  /** True when a text of this name is being read. */
  reading(name: string): boolean {
    return this.tokens.source.name === name || this.outer.some((frame) => frame.tokens.source.name === name);
  }
  private leaveFinished(): void {
    while (this.tokens.kind(this.at) === END && this.outer.length > 0) {
      const frame = this.outer.pop()!;
      this.tokens = frame.tokens;
      this.at = frame.at;
    }
  }

  kind(ahead = 0): number {
    return this.tokens.kind(this.at + ahead);
  }
  text(ahead = 0): string {
    return this.tokens.text(this.at + ahead);
  }
  span(ahead = 0): Span {
    return this.tokens.span(this.at + ahead);
  }
  /** Span from a token taken earlier to the last one taken. */
  since(start: number): Span {
    const last = Math.max(start, this.at - 1);
    return { source: this.tokens.source, start: this.tokens.start(start), end: this.tokens.end(last) };
  }

  /** True when the next token is this word or mark. */
  is(text: string, ahead = 0): boolean {
    const kind = this.kind(ahead);
    return (kind === WORD || kind === MARK || kind === LITERAL) && this.tokens.reads(this.at + ahead, text);
  }
  isWord(ahead = 0): boolean {
    return this.kind(ahead) === WORD;
  }
  take(): string {
    const text = this.text();
    if (this.kind() !== END) this.at++;
    return text;
  }
  /** Takes the token if it is this one. */
  skip(text: string): boolean {
    if (!this.is(text)) return false;
    this.at++;
    return true;
  }
  expect(text: string): void {
    if (!this.skip(text)) this.unexpected(`expected ${quote(text)}`);
  }
  skipNewlines(): void {
    while (this.kind() === NEWLINE) this.at++;
    this.leaveFinished();
    while (this.kind() === NEWLINE) this.at++;
  }
  /** Skips what separates statements: newlines and semicolons. */
  skipSeparators(): void {
    for (;;) {
      if (this.kind() === NEWLINE || this.is(";")) this.at++;
      else if (this.kind() === END && this.outer.length > 0) this.leaveFinished();
      else return;
    }
  }
  atLineEnd(): boolean {
    const kind = this.kind();
    return kind === NEWLINE || kind === END || this.is(";") || this.is("}");
  }

  /** A name: any word, or a quoted string where `quoted` allows. */
  name(what: string, quoted = false): string {
    if (this.kind() === WORD || (this.kind() === LITERAL && !this.text().includes("*"))) return this.take();
    if (quoted && this.kind() === QUOTED) return this.quotedText();
    return this.unexpected(`expected ${what}`);
  }
  /** A name that somebody chose: no keyword. */
  identifier(what: string, quoted = false): string {
    if (this.kind() === WORD && (KEYWORDS.has(this.text()) || OPERATOR_WORDS.has(this.text()))) {
      return this.unexpected(`expected ${what}; this word is a keyword: choose another`);
    }
    return this.name(what, quoted);
  }
  /** A quoted or bare string, quotes removed. */
  string(what: string): string {
    if (this.kind() === QUOTED) return this.quotedText();
    if (this.kind() === WORD || this.kind() === LITERAL) return this.take();
    return this.unexpected(`expected ${what}`);
  }
  quotedText(): string {
    return this.take().slice(1, -1);
  }
  /** A number in [0, most]. */
  number(what: string, most = Number.MAX_SAFE_INTEGER): number {
    if (this.kind() !== NUMBER) return this.unexpected(`expected ${what}`);
    const value = numberValue(this.text());
    if (!(value <= most)) refuse(this.span(), `Value ${this.text()} exceeds valid range 0-${most}`);
    this.at++;
    return value;
  }

  deeper<T>(read: () => T): T {
    if (++this.depth > MAXIMUM_DEPTH) refuse(this.span(), `nested more than ${MAXIMUM_DEPTH} levels deep`);
    const result = read();
    this.depth--;
    return result;
  }

  /** Refuses the next token, named as nft names it. */
  unexpected(...hints: string[]): never {
    return refuse(this.span(), `syntax error, unexpected ${this.describe()}`, [], hints);
  }
  describe(): string {
    const text = this.text();
    switch (this.kind()) {
      case END:
        // nft ends a command given as arguments with a newline.
        return this.tokens.source.name === "" ? "newline" : "end of file";
      case NEWLINE:
        return "newline";
      case NUMBER:
        return "number";
      case QUOTED:
        return "quoted string";
      case JUNK:
        return "junk";
      case WORD:
        if (OPERATOR_WORDS.has(text)) return markName(OPERATOR_WORDS.get(text)!);
        return RESERVED.has(text) || KEYWORDS.has(text) ? text : "string";
      case LITERAL:
        return "string";
      default:
        return text === "~" ? "junk" : markName(text);
    }
  }
}

const quote = (text: string): string => (/^[A-Za-z]/.test(text) ? text : `'${text}'`);

const markName = (mark: string): string => MARK_NAMES.get(mark) ?? `'${mark}'`;

const PLAIN_MARKS = [
  "<",
  ">",
  "<=",
  ">=",
  "<<",
  ">>",
  "==",
  "!=",
  ".",
  "@",
  "-",
  "/",
  "+",
  "*",
  "!",
  "&",
  "^",
];
const MARK_NAMES = new Map<string, string>([
  ...PLAIN_MARKS.map((mark) => [mark, mark] as const),
  [";", "semicolon"],
  [",", "comma"],
  [":", "colon"],
]);

/** Decimal, octal or hexadecimal; Infinity past the exact integers. */
export function numberValue(text: string): number {
  const octal = /^0[0-7]+$/.test(text);
  const value = octal ? parseInt(text, 8) : Number(text);
  return Number.isSafeInteger(value) ? value : Infinity;
}

import { Cursor } from "../text/cursor.ts";
import type { Diagnostic } from "../text/diagnostic.ts";
import type { Source } from "../text/source.ts";
import { MARK, Tokens } from "../text/token.ts";
import { parseText } from "../parse/text.ts";
import type { Command } from "../tree/command.ts";

/** What the parser wanted to know at a place of a text. */
export interface Probe {
  /** Words it looked for there. */
  readonly asked: ReadonlySet<string>;
  /** Names it would have taken there: "the name of a chain". */
  readonly names: ReadonlySet<string>;
  /** Tables named before the place, the last one last. */
  readonly tables: readonly { readonly family: string; readonly name: string }[];
  readonly variables: readonly string[];
  /** Of the errors at the place. */
  readonly hints: readonly string[];
  readonly refused: boolean;
  readonly commands: readonly Command[];
}

/** No character of the language: the parser says what it would have taken in its stead. */
export const HOLE = "\x01";

/**
 * Reads `before`, then `word`, then what closes the brackets `before` left open, and notes what the parser does at
 * the word. The grammar itself tells what may stand there, so what is added to it completes without a line here.
 */
export function probe(before: string, word: string, after = ""): Probe {
  const source: Source = { name: "", text: before + word + after + closing(before + word + after) };
  const cursor = new ProbingCursor(source, before.length);
  const { commands, diagnostics } = parseText(cursor, { includePaths: [] });
  const end = before.length + word.length;
  const here = diagnostics.filter((each) => overlaps(each, before.length, end));
  return {
    asked: cursor.asked,
    names: cursor.names,
    tables: cursor.tables,
    variables: cursor.variables,
    hints: here.flatMap((each) => each.hints),
    refused: here.length > 0,
    commands,
  };
}

const overlaps = (diagnostic: Diagnostic, start: number, end: number): boolean => {
  const [span] = diagnostic.spans;
  return span !== undefined && span.start < end && span.end > start;
};

const PAIRS: Readonly<Record<string, string>> = { "{": "\n}", "(": ")", "[": "]" };

/** Brackets that are still open at the end of a text, innermost last. */
export function openBrackets(text: string): string[] {
  const tokens = new Tokens({ name: "", text });
  const open: string[] = [];
  for (let at = 0; at < tokens.count; at++) {
    if (tokens.kind(at) !== MARK) continue;
    const mark = tokens.text(at);
    if (Object.hasOwn(PAIRS, mark)) open.push(mark);
    else if (open.length > 0 && PAIRS[open.at(-1)!]!.endsWith(mark)) open.pop();
  }
  return open;
}

const closing = (text: string): string => openBrackets(text).reverse().map((mark) => PAIRS[mark]).join("");

/** A cursor that notes what it is asked about one token. */
class ProbingCursor extends Cursor {
  readonly asked = new Set<string>();
  readonly names = new Set<string>();
  readonly tables: { family: string; name: string }[] = [];
  variables: string[] = [];
  private readonly start: number;

  constructor(source: Source, start: number) {
    super(source);
    this.start = start;
  }

  /** Whether the token that is `ahead` from here is the one in question. */
  private watched(ahead = 0): boolean {
    return this.tokens.start(this.at + ahead) === this.start;
  }
  override is(text: string, ahead = 0): boolean {
    if (this.watched(ahead)) this.asked.add(text);
    return super.is(text, ahead);
  }
  override skip(text: string): boolean {
    if (this.watched()) this.asked.add(text);
    return super.skip(text);
  }
  override name(what: string, quoted = false): string {
    if (this.watched()) this.named(what);
    const before = this.at === 0 ? "" : this.tokens.text(this.at - 1);
    const name = super.name(what, quoted);
    if (what === "the name of a table" && this.tokens.start(this.at - 1) < this.start) {
      this.tables.push({ family: FAMILIES.has(before) ? before : "ip", name });
    }
    return name;
  }
  override string(what: string): string {
    if (this.watched()) this.named(what);
    return super.string(what);
  }
  override unexpected(...hints: string[]): never {
    if (this.watched()) this.variables = this.scope.known();
    return super.unexpected(...hints);
  }
  private named(what: string): void {
    this.names.add(what);
    this.variables = this.scope.known();
  }
}

const FAMILIES: ReadonlySet<string> = new Set(["ip", "ip6", "inet", "arp", "bridge", "netdev"]);

import type { CheckResult } from "./checks.ts";
import { type Column, heading, resultColumns, row, terminalWidth } from "./table.ts";

/** Where results go: a table as they come, or one JSON document at the end. */
export class Report {
  readonly results: CheckResult[] = [];
  /** Set when every check was tried. */
  complete = false;
  readonly #json: boolean;
  readonly #columns: readonly Column[] = resultColumns(terminalWidth());

  constructor(json: boolean) {
    this.#json = json;
  }

  say(text: string): void {
    if (!this.#json) console.log(text);
  }

  /** The files that are this router's own. */
  show(files: Readonly<Record<string, string>>): void {
    for (const name of ["demo.yaml", "demo.nft"]) {
      this.say(`\n--- ${name}\n${files[name]!.trimEnd().replaceAll("\t", "  ")}`);
    }
    this.say("---\n");
  }

  begin(): void {
    this.say(heading(this.#columns));
  }

  add(result: CheckResult): void {
    this.results.push(result);
    this.say(row(this.#columns, [result.ok ? "ok" : "FAIL", result.name, result.through, result.proves]));
  }

  /** Sums up before the demo stays up. */
  invite(text: string): void {
    this.say(`\n${this.verdict()}\n${text}`);
  }

  /** A line that replaces the last one on a terminal. */
  progress(text: string): void {
    if (this.#json || !Deno.stdout.isTerminal()) return;
    Deno.stdout.writeSync(new TextEncoder().encode(`\r\x1b[2K${text}`));
  }

  get ok(): boolean {
    return this.results.length > 0 && this.results.every((result) => result.ok);
  }

  verdict(): string {
    const failed = this.results.filter((result) => !result.ok).length;
    return failed === 0
      ? `All ${this.results.length} passed.`
      : `${failed} of ${this.results.length} failed.`;
  }

  /** The last word. */
  end(): void {
    if (this.#json) console.log(JSON.stringify({ ok: this.ok, results: this.results }, undefined, 2));
    else console.log(`\n${this.verdict()}`);
  }
}

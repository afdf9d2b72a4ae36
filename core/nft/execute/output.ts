/** Characters written at a time. */
const PIECE = 65536;

/**
 * What a run has to say. Kept until its end, or, where somebody takes it, written in pieces as it is made, so that a
 * listing of any length takes little memory. `skip` characters have been written by a run before this one that was
 * given up: what they were comes again.
 */
export class Output {
  private readonly write: ((piece: string) => void) | undefined;
  private held: string[] = [];
  private length = 0;
  private skip: number;
  /** Characters made. */
  made = 0;

  constructor(write?: (piece: string) => void, skip = 0) {
    this.write = write;
    this.skip = skip;
  }

  push(...texts: string[]): void {
    for (const text of texts) this.add(text);
  }
  /** As it is made. */
  stream(pieces: Iterable<string>): void {
    for (const piece of pieces) this.add(piece);
  }

  private add(text: string): void {
    this.held.push(text);
    this.length += text.length;
    this.made += text.length;
    if (this.write !== undefined && this.length >= PIECE) this.flush(this.write);
  }

  private flush(write: (piece: string) => void): void {
    const text = this.held.join("").slice(this.skip);
    this.skip = Math.max(0, this.skip - this.length);
    this.held = [];
    this.length = 0;
    if (text !== "") write(text);
  }

  /** What was not written: everything, or nothing. */
  end(): string {
    if (this.write === undefined) return this.held.join("");
    this.flush(this.write);
    return "";
  }
}

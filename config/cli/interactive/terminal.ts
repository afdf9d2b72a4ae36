/** A terminal as the line editor uses it; tests have one of their own. */
export interface Terminal {
  columns(): number;
  rows(): number;
  write(text: string): void;
  /** The next bytes that were typed; null at the end of input. */
  read(): Promise<Uint8Array | null>;
  /** Keys one by one and unechoed, or lines as the kernel edits them. */
  raw(on: boolean): void;
}

const PASTE_ON = "\x1b[?2004h", PASTE_OFF = "\x1b[?2004l";

/**
 * The process's terminal.
 *
 * Overview    raw while a line is edited, as it was before while a command runs.
 * Life-cycle  `close` restores it; so does every other end of the process but SIGKILL: the signals that end it are
 *             caught, and leaving by `Deno.exit` or an uncaught error passes `unload`.
 */
export class ProcessTerminal implements Terminal {
  readonly #buffer = new Uint8Array(65536);
  #raw = false;
  readonly #ends = ENDING.map(([signal, number]) =>
    [signal, () => {
      this.close();
      Deno.exit(128 + number);
    }] as const
  );
  readonly #restore = () => this.raw(false);

  constructor() {
    for (const [signal, end] of this.#ends) Deno.addSignalListener(signal, end);
    globalThis.addEventListener("unload", this.#restore);
  }

  columns(): number {
    return size().columns;
  }
  rows(): number {
    return size().rows;
  }
  write(text: string): void {
    const bytes = new TextEncoder().encode(text);
    try {
      for (let at = 0; at < bytes.length;) at += Deno.stdout.writeSync(bytes.subarray(at));
    } catch {
      // the terminal has gone; the next read says so
    }
  }
  async read(): Promise<Uint8Array | null> {
    try {
      const length = await Deno.stdin.read(this.#buffer);
      return length === null ? null : this.#buffer.subarray(0, length);
    } catch {
      return null;
    }
  }
  raw(on: boolean): void {
    if (on === this.#raw) return;
    this.#raw = on;
    try {
      if (!on) this.write(PASTE_OFF);
      Deno.stdin.setRaw(on);
      if (on) this.write(PASTE_ON);
    } catch {
      // the terminal has gone
    }
  }
  close(): void {
    this.raw(false);
    globalThis.removeEventListener("unload", this.#restore);
    for (const [signal, end] of this.#ends) Deno.removeSignalListener(signal, end);
  }
}

const ENDING = [["SIGTERM", 15], ["SIGHUP", 1], ["SIGQUIT", 3]] as const;

/** A terminal that does not tell its size is taken for 80 by 24. */
function size(): { columns: number; rows: number } {
  try {
    const { columns, rows } = Deno.consoleSize();
    return { columns: columns || 80, rows: rows || 24 };
  } catch {
    return { columns: 80, rows: 24 };
  }
}

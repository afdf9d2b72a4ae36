import { bytes, checked, cstring, errno, libc } from "./libc.ts";

const TCGETS = 0x5401, TIOCSWINSZ = 0x5414, TIOCSPTLCK = 0x40045431, TIOCGPTN = 0x80045430;
const O_RDWR = 2, O_NOCTTY = 0x100, O_NONBLOCK = 0x800, O_CLOEXEC = 0x80000;
const EAGAIN = 11;

/**
 * A pseudo terminal with a program at its end, for tests of what talks to people.
 *
 * Overview    posix_openpt(3), grantpt(3) and unlockpt(3) by their ioctls; the program leads a session of its own
 *             whose terminal this is. What it writes is drawn onto a `Screen`, and that is what is looked at.
 * Life-cycle  `close` ends the program, should it still run, and the terminal.
 */
export class TestTerminal {
  readonly #master: number;
  readonly #buffer = bytes(65536);
  readonly #decoder = new TextDecoder();
  readonly #child: Deno.ChildProcess;
  readonly path: string;
  readonly screen = new Screen();
  /** Row of the screen from which on what is expected is looked for. */
  #mark = 0;

  constructor(
    command: string,
    args: readonly string[],
    env: Record<string, string>,
    columns = 100,
    rows = 40,
  ) {
    this.#master = checked(
      libc.open(cstring("/dev/ptmx"), O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC, 0),
      "open /dev/ptmx",
    );
    checked(libc.ioctl(this.#master, TIOCSPTLCK, bytes(4)), "unlockpt");
    const number = bytes(4);
    checked(libc.ioctl(this.#master, TIOCGPTN, number), "ptsname");
    this.path = `/dev/pts/${new DataView(number.buffer).getUint32(0, true)}`;
    const size = bytes(8), view = new DataView(size.buffer);
    view.setUint16(0, rows, true);
    view.setUint16(2, columns, true);
    checked(libc.ioctl(this.#master, TIOCSWINSZ, size), "TIOCSWINSZ");
    this.#child = new Deno.Command("setsid", {
      args: ["-w", "sh", "-c", 'exec "$@" <>"$PTY" >&0 2>&0', "sh", command, ...args],
      env: { ...env, PTY: this.path, TERM: "xterm" },
      stdin: "null",
      stdout: "inherit",
      stderr: "inherit",
    }).spawn();
  }

  get pid(): number {
    return this.#child.pid;
  }

  type(text: string): void {
    const typed = new TextEncoder().encode(text), copy = bytes(typed.length);
    copy.set(typed);
    checked(libc.write(this.#master, copy, copy.length), "write to the terminal");
  }

  /**
   * Waits until the screen up to the cursor matches, from the row on where the last match ended; answers those rows.
   * Throws after `wait` ms.
   */
  async expect(wanted: RegExp, wait = 20_000): Promise<string> {
    for (const end = Date.now() + wait;;) {
      this.#read();
      const shown = this.screen.upToCursor(this.#mark);
      if (wanted.test(shown)) {
        this.#mark = this.screen.row;
        return shown;
      }
      if (Date.now() > end) throw new Error(`no ${wanted} in ${JSON.stringify(shown)}`);
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  }

  /** Its modes (struct termios), as hexadecimal. */
  modes(): string {
    const modes = bytes(60);
    checked(libc.ioctl(this.#master, TCGETS, modes), "tcgetattr");
    return [...modes.subarray(0, 36)].map((byte) => byte.toString(16).padStart(2, "0")).join("");
  }

  /** The exit status of the program. */
  async ended(): Promise<number> {
    const status = this.#child.status;
    let done = false;
    status.then(() => done = true);
    while (!done) {
      this.#read();
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    this.#read();
    return (await status).code;
  }

  kill(signal: Deno.Signal): void {
    this.#child.kill(signal);
  }

  async close(): Promise<void> {
    try {
      this.#child.kill("SIGKILL");
    } catch {
      // has ended
    }
    await this.#child.status;
    libc.close(this.#master);
  }

  #read(): void {
    for (;;) {
      const length = libc.read(this.#master, this.#buffer, this.#buffer.length);
      // EIO: the other end is closed
      if (length <= 0) return void (length < 0 && errno() === EAGAIN);
      this.screen.write(this.#decoder.decode(this.#buffer.subarray(0, length), { stream: true }));
    }
  }
}

/** As much of a terminal as programs here use; it has no bottom. */
export class Screen {
  readonly lines: string[] = [""];
  row = 0;
  column = 0;
  #held = "";

  write(text: string): void {
    for (const [piece] of (this.#held + text).matchAll(PIECES)) {
      this.#held = "";
      if (piece === "\r") this.column = 0;
      else if (piece === "\n") this.#down(1);
      else if (piece === "\b") this.column--;
      else if (piece === "\t") this.#put(" ".repeat(8 - this.column % 8));
      else if (!piece.startsWith("\x1b")) this.#put(piece < " " ? "" : piece);
      else if (!COMPLETE.test(piece)) this.#held = piece;
      else this.#control(piece.at(-1)!, Number(/\d+/.exec(piece)?.[0] ?? 1));
    }
  }
  upToCursor(from: number): string {
    return [...this.lines.slice(from, this.row), this.lines[this.row]!.slice(0, this.column)].join("\n");
  }

  #control(letter: string, count: number): void {
    if (letter === "A") this.row = Math.max(0, this.row - count);
    else if (letter === "B") this.#down(count);
    else if (letter === "C") this.column += count;
    else if (letter === "J") {
      this.lines.length = this.row + 1;
      this.lines[this.row] = this.lines[this.row]!.slice(0, this.column);
    }
  }
  #down(count: number): void {
    this.row += count;
    while (this.lines.length <= this.row) this.lines.push("");
  }
  #put(text: string): void {
    const line = this.lines[this.row]!.padEnd(this.column);
    this.lines[this.row] = line.slice(0, this.column) + text + line.slice(this.column + text.length);
    this.column += text.length;
  }
}

// deno-lint-ignore no-control-regex
const PIECES = /\x1b\[[0-9;?]*[A-Za-z]|\x1b.*$|[\x00-\x1f]|[^\x00-\x1f]+/g;
// deno-lint-ignore no-control-regex
const COMPLETE = /^\x1b\[[0-9;?]*[A-Za-z]$/;

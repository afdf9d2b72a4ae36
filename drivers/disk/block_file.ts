/** A file or block device as bytes that stay where they are put. Errors are thrown as Deno throws them. */
export interface BlockFile {
  /** Bytes. */
  readonly size: number;
  /** Fills `into`; what lies beyond the end is left alone. */
  read(at: number, into: Uint8Array): void;
  write(at: number, from: Uint8Array): void;
  /** What was written is on the medium when this returns. */
  sync(): void;
  close(): void;
}

/** A file on disk, or a block device. */
export class DiskFile implements BlockFile {
  readonly size: number;
  readonly #file: Deno.FsFile;

  constructor(path: string, options: Deno.OpenOptions = { read: true, write: true }) {
    this.#file = Deno.openSync(path, options);
    // The size of a block device is where its end is found.
    this.size = this.#file.seekSync(0, Deno.SeekMode.End);
  }

  read(at: number, into: Uint8Array): void {
    this.#file.seekSync(at, Deno.SeekMode.Start);
    for (let done = 0; done < into.length;) {
      const count = this.#file.readSync(into.subarray(done));
      if (count === null) return;
      done += count;
    }
  }

  write(at: number, from: Uint8Array): void {
    this.#file.seekSync(at, Deno.SeekMode.Start);
    for (let done = 0; done < from.length;) done += this.#file.writeSync(from.subarray(done));
  }

  sync(): void {
    this.#file.syncSync();
  }

  /** Waits until no other process has it locked; the lock goes with the file. */
  lock(): void {
    this.#file.lockSync(true);
  }

  close(): void {
    this.#file.close();
  }
}

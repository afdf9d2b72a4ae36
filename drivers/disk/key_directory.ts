import { type BlockFile, DiskFile } from "./block_file.ts";

/** A directory of small files, one step at a time: what was done to names is for certain after `sync`. */
export interface KeyDirectory {
  has(name: string): boolean;
  /** For reading and writing; `create`: an empty one of mode 0600 where there is none. */
  open(name: string, create?: boolean): BlockFile;
  /** A second name of one file. */
  link(name: string, also: string): void;
  /** Takes the place of what is called `to`. */
  rename(name: string, to: string): void;
  remove(name: string): void;
  /** Whether both names are of one file. */
  same(name: string, other: string): boolean;
  sync(): void;
}

/** A directory on disk. Errors are thrown as Deno throws them. */
export class DiskDirectory implements KeyDirectory {
  readonly #path: string;

  constructor(path: string) {
    this.#path = path;
  }

  has(name: string): boolean {
    try {
      Deno.lstatSync(this.#at(name));
      return true;
    } catch (error) {
      if (error instanceof Deno.errors.NotFound) return false;
      throw error;
    }
  }

  open(name: string, create = false): BlockFile {
    return new DiskFile(this.#at(name), { read: true, write: true, create, mode: 0o600 });
  }

  link(name: string, also: string): void {
    Deno.linkSync(this.#at(name), this.#at(also));
  }

  rename(name: string, to: string): void {
    Deno.renameSync(this.#at(name), this.#at(to));
  }

  remove(name: string): void {
    Deno.removeSync(this.#at(name));
  }

  same(name: string, other: string): boolean {
    const one = Deno.lstatSync(this.#at(name)), two = Deno.lstatSync(this.#at(other));
    return one.dev === two.dev && one.ino === two.ino;
  }

  sync(): void {
    const directory = Deno.openSync(this.#path);
    try {
      directory.syncSync();
    } finally {
      directory.close();
    }
  }

  #at(name: string): string {
    return `${this.#path}/${name}`;
  }
}

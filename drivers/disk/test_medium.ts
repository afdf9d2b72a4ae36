import { SECTOR } from "../../core/crypto/sectors.ts";
import { below, type Random } from "../../core/random.ts";
import type { BlockFile } from "./block_file.ts";
import type { KeyDirectory } from "./key_directory.ts";

export class PowerCut extends Error {}

/** Files and names on one medium whose power goes at a chosen write: what was not synced is there in part. */
export class Medium {
  /** Writes to files, and changes of names. */
  writes = 0;
  /** The write that is the last. */
  cutAt = Infinity;
  readonly random: Random;
  readonly files: MediumFile[] = [];

  constructor(random: Random) {
    this.random = random;
  }

  file(size: number): MediumFile {
    const file = new MediumFile(this, size);
    this.files.push(file);
    return file;
  }

  wrote(): void {
    if (++this.writes >= this.cutAt) throw new PowerCut();
  }
}

export class MediumFile implements BlockFile {
  size: number;
  /** What the medium has for certain. */
  bytes: Uint8Array;
  #pending: { at: number; bytes: Uint8Array }[] = [];
  readonly #medium: Medium;

  constructor(medium: Medium, size: number) {
    this.#medium = medium;
    this.size = size;
    this.bytes = new Uint8Array(size);
  }

  read(at: number, into: Uint8Array): void {
    into.set(this.bytes.subarray(at, at + into.length));
    for (const { at: start, bytes } of this.#pending) {
      for (let i = 0; i < bytes.length; i++) {
        const place = start + i - at;
        if (place >= 0 && place < into.length) into[place] = bytes[i]!;
      }
    }
  }

  write(at: number, from: Uint8Array): void {
    this.#pending.push({ at, bytes: from.slice() });
    this.size = Math.max(this.size, at + from.length);
    this.#medium.wrote();
  }

  sync(): void {
    for (const { at, bytes } of this.#pending) this.#put(bytes, at);
    this.#pending = [];
  }

  /** The power is gone: of what was not synced any sectors are there, and one may be torn. */
  cut(): void {
    for (const { at, bytes } of this.#pending) {
      for (let start = 0; start < bytes.length; start += SECTOR) {
        const how = below(this.#medium.random, 3),
          end = how === 2 ? start + below(this.#medium.random, SECTOR) : start + SECTOR;
        if (how !== 0) this.#put(bytes.subarray(start, end), at + start);
      }
    }
    this.#pending = [];
    this.size = this.bytes.length;
  }

  #put(bytes: Uint8Array, at: number): void {
    if (at + bytes.length > this.bytes.length) {
      const grown = new Uint8Array(at + bytes.length);
      grown.set(this.bytes);
      this.bytes = grown;
    }
    this.bytes.set(bytes, at);
  }

  close(): void {}
}

type Names = Map<string, MediumFile>;

/** A directory on such a medium: of changes of names that were not synced any are there, each whole. */
export class MediumDirectory implements KeyDirectory {
  readonly #medium: Medium;
  #names: Names = new Map();
  #certain: Names = new Map();
  #pending: ((names: Names) => void)[] = [];

  constructor(medium: Medium) {
    this.#medium = medium;
  }

  has(name: string): boolean {
    return this.#names.has(name);
  }

  open(name: string, create = false): BlockFile {
    const found = this.#names.get(name);
    if (found !== undefined) return found;
    if (!create) throw new Error(`no file ${name}`);
    const file = this.#medium.file(0);
    this.#change((names) => names.set(name, file));
    return file;
  }

  link(name: string, also: string): void {
    const file = this.#names.get(name)!;
    if (this.#names.has(also)) throw new Error(`${also} is there already`);
    this.#change((names) => names.set(also, file));
  }

  rename(name: string, to: string): void {
    const file = this.#names.get(name)!;
    this.#change((names) => {
      if (names.get(name) === file) names.delete(name);
      names.set(to, file);
    });
  }

  remove(name: string): void {
    this.#change((names) => names.delete(name));
  }

  same(name: string, other: string): boolean {
    return this.#names.get(name) === this.#names.get(other);
  }

  sync(): void {
    for (const change of this.#pending) change(this.#certain);
    this.#pending = [];
  }

  cut(): void {
    for (const change of this.#pending) if (below(this.#medium.random, 2) === 0) change(this.#certain);
    this.#pending = [];
    this.#names = new Map(this.#certain);
  }

  get names(): readonly string[] {
    return [...this.#names.keys()].sort();
  }

  #change(change: (names: Names) => void): void {
    change(this.#names);
    this.#pending.push(change);
    this.#medium.wrote();
  }
}

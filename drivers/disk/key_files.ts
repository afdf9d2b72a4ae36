import type { CryptoEngine } from "../../core/crypto/engine.ts";
import type { BlockFile } from "./block_file.ts";
import type { KeyDirectory } from "./key_directory.ts";
import { rekey } from "./rekey.ts";
import type { VolumeOptions } from "./volume.ts";

/** Where a volume's keys are: `none` made yet; the one `key`; `rekeying`, two; `ending`, the old one is to be wiped. */
export type KeyState = "none" | "key" | "rekeying" | "ending";

/**
 * A volume's key in its file, and what stands beside it while it is changed.
 *
 * Overview    KEY; KEY.new, the key a re-keying leads to; KEY.rekey, its journal; KEY.old, the key it came from, until
 *             it is wiped; KEY.tmp, a key that is not whole yet. One name changes at a time, and is on the medium before
 *             the next one does.
 * Life-cycle  KEY.new, KEY.rekey, sectors, KEY.old as a second name of KEY, KEY.new takes KEY's name, KEY.rekey goes,
 *             KEY.old is overwritten and goes. So KEY is always there and whole; KEY.new says that sectors may be of
 *             either key; KEY.old without KEY.new says that all are of KEY.
 * Failure     after a cut at any point `settle` removes what means nothing, and `rekeyByFiles` goes on.
 * Limits      overwriting reaches the medium's old sectors on disks and partitions, not behind a flash translation layer.
 */
export class KeyFiles {
  readonly #directory: KeyDirectory;
  readonly #key: string;

  constructor(directory: KeyDirectory, name: string) {
    this.#directory = directory;
    this.#key = name;
  }

  /** @throws Error where files were taken away by hand that are needed. */
  state(): KeyState {
    const has = (suffix: string) => this.#directory.has(this.#key + suffix);
    if (!has("")) {
      if (has(NEW) || has(OLD) || has(JOURNAL)) {
        throw new Error(`re-keying unfinished, and the key ${this.#key} is gone: put it back`);
      }
      return "none";
    }
    if (has(NEW)) return "rekeying";
    if (has(JOURNAL) && !this.#replaced()) {
      throw new Error(`re-keying unfinished, and the new key ${this.#key}${NEW} is gone: put it back`);
    }
    return has(JOURNAL) || has(OLD) ? "ending" : "key";
  }

  /** Ends what needs no work on the volume. @throws Error as `state`. */
  settle(): void {
    const directory = this.#directory, state = this.state();
    // What is seen may not be on the medium yet; nothing is wiped on the strength of that.
    directory.sync();
    if (directory.has(this.#key + TEMPORARY)) this.#wipe(TEMPORARY);
    if (state === "none") return;
    if (state !== "rekeying" && directory.has(this.#key + JOURNAL)) this.#remove(JOURNAL);
    if (!directory.has(this.#key + OLD)) return;
    if (this.#replaced()) this.#wipe(OLD);
    else if (state !== "rekeying") this.#remove(OLD);
  }

  /** The caller wipes it. */
  key(): Uint8Array {
    return this.#read("");
  }

  /** Puts a key into its file, in place of the one that is there. @throws Error while a re-keying is unfinished. */
  put(key: Uint8Array): void {
    const state = this.state();
    this.settle();
    if (state === "rekeying") throw new Error("re-keying unfinished: weir disk rekey goes on with it");
    this.#writeTemporary(key);
    if (state !== "none") this.#keepOld();
    this.#rename(TEMPORARY, "");
    this.settle();
  }

  /** The key that a re-keying leads to; of `make` where none was begun. The caller wipes it. */
  newKey(make: () => Uint8Array): Uint8Array {
    if (this.#directory.has(this.#key + NEW)) return this.#read(NEW);
    const key = make();
    this.#writeTemporary(key);
    this.#rename(TEMPORARY, NEW);
    return key;
  }

  journal(): BlockFile {
    const file = this.#directory.open(this.#key + JOURNAL, true);
    this.#directory.sync();
    return file;
  }

  /** The journal of an unfinished re-keying, to look at; undefined where no sector was touched yet. */
  journalOf(): BlockFile | undefined {
    return this.#directory.has(this.#key + JOURNAL) ? this.#directory.open(this.#key + JOURNAL) : undefined;
  }

  /** Every sector is of the new key: it becomes the key, and the old one is wiped. */
  finish(): void {
    this.#keepOld();
    this.#rename(NEW, "");
    this.settle();
  }

  #keepOld(): void {
    if (this.#directory.has(this.#key + OLD)) return;
    this.#directory.link(this.#key, this.#key + OLD);
    this.#directory.sync();
  }

  /** KEY.old is there and another file than KEY. */
  #replaced(): boolean {
    return this.#directory.has(this.#key + OLD) && !this.#directory.same(this.#key, this.#key + OLD);
  }

  #read(suffix: string): Uint8Array {
    const file = this.#directory.open(this.#key + suffix);
    try {
      const key = new Uint8Array(file.size);
      file.read(0, key);
      return key;
    } finally {
      file.close();
    }
  }

  #writeTemporary(key: Uint8Array): void {
    this.#overwrite(this.#directory.open(this.#key + TEMPORARY, true), key);
  }

  #overwrite(file: BlockFile, bytes: Uint8Array): void {
    try {
      file.write(0, bytes);
      file.sync();
    } finally {
      file.close();
    }
  }

  #wipe(suffix: string): void {
    const file = this.#directory.open(this.#key + suffix);
    this.#overwrite(file, new Uint8Array(file.size));
    this.#remove(suffix);
  }

  #rename(suffix: string, to: string): void {
    this.#directory.rename(this.#key + suffix, this.#key + to);
    this.#directory.sync();
  }

  #remove(suffix: string): void {
    this.#directory.remove(this.#key + suffix);
    this.#directory.sync();
  }
}

/**
 * Gives a volume another key of its key files; after a cut the same call goes on. False where all that was left to do
 * was to end the re-keying before: then no other was begun.
 */
export function rekeyByFiles(
  file: BlockFile,
  keys: KeyFiles,
  engine: CryptoEngine,
  options: Omit<VolumeOptions, "key">,
  makeKey: () => Uint8Array,
  progress?: (sectors: number, of: number) => void,
): boolean {
  const state = keys.state();
  if (state === "none") throw new Error("nothing to re-key: the volume has no key yet");
  keys.settle();
  if (state === "ending") return false;
  const before = keys.key(), after = keys.newKey(makeKey);
  const journal = keys.journal();
  try {
    rekey(file, journal, engine, { ...options, key: before }, { ...options, key: after }, progress);
  } finally {
    journal.close();
    before.fill(0);
    after.fill(0);
  }
  keys.finish();
  return true;
}

const NEW = ".new";
const OLD = ".old";
const JOURNAL = ".rekey";
const TEMPORARY = ".tmp";

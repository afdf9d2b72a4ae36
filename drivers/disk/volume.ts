import type { CryptoEngine } from "../../core/crypto/engine.ts";
import { DECRYPT, ENCRYPT } from "../../core/crypto/requests.ts";
import { SECTOR, SectorCipher, type SectorCipherName } from "../../core/crypto/sectors.ts";
import type { BlockFile } from "./block_file.ts";

/** How a volume is encrypted, in cryptsetup's terms for its plain mode. */
export interface VolumeOptions {
  readonly cipher: SectorCipherName;
  readonly key: Uint8Array;
  /** Sectors of the file before the volume begins. */
  readonly offset?: number;
  /** Added to sectors' numbers for their ivs. */
  readonly skip?: number;
  /** Sectors; to the end of the file unless given. */
  readonly size?: number;
}

/** Sectors worked on at once. */
export const CHUNK = 128;

/**
 * An encrypted volume without a header, bit for bit cryptsetup's plain mode.
 *
 * Ownership   the file stays its owner's; `close` gives the key back to the engine, which wipes it.
 * Limits      whole sectors of 512 bytes.
 */
export class Volume {
  /** Sectors. */
  readonly size: number;
  readonly #file: BlockFile;
  readonly #cipher: SectorCipher;
  readonly #offset: number;
  readonly #skip: number;
  readonly #work: Uint8Array;
  readonly #region: number;

  /** @throws CryptoError where the key does not fit the cipher. */
  constructor(file: BlockFile, engine: CryptoEngine, options: VolumeOptions, name = "disk") {
    this.#file = file;
    this.#offset = options.offset ?? 0;
    this.#skip = options.skip ?? 0;
    this.#cipher = new SectorCipher(engine, options.cipher, options.key, name);
    const there = Math.max(0, Math.floor(file.size / SECTOR) - this.#offset);
    this.size = Math.min(there, options.size ?? there);
    this.#work = new Uint8Array(new SharedArrayBuffer(CHUNK * SECTOR));
    this.#region = engine.requests.addRegion(this.#work);
  }

  /** Plain bytes of `count` sectors, at most CHUNK; a view that the next call overwrites. */
  read(sector: number, count: number): Uint8Array {
    const bytes = this.readSealed(sector, count);
    this.#transform(sector, count, DECRYPT);
    return bytes;
  }

  /** Encrypts whole sectors and writes them. */
  write(sector: number, plain: Uint8Array): void {
    this.writeSealed(sector, this.seal(sector, plain));
  }

  /** Bytes as they are to stand in the file; a view that the next call overwrites. */
  seal(sector: number, plain: Uint8Array): Uint8Array {
    this.#work.set(plain);
    this.#transform(sector, plain.length / SECTOR, ENCRYPT);
    return this.#work.subarray(0, plain.length);
  }

  readSealed(sector: number, count: number): Uint8Array {
    const bytes = this.#work.subarray(0, count * SECTOR), own = new Uint8Array(bytes.length);
    this.#file.read((this.#offset + sector) * SECTOR, own);
    bytes.set(own);
    return bytes;
  }

  writeSealed(sector: number, sealed: Uint8Array): void {
    this.#file.write((this.#offset + sector) * SECTOR, sealed.slice());
  }

  #transform(sector: number, count: number, direction: number): void {
    const error = this.#cipher.transform(this.#region, 0, this.#skip + sector, count, direction);
    if (error !== 0) throw new Error(`sector ${sector} and on: the crypto device answered ${error}`);
  }

  sync(): void {
    this.#file.sync();
  }

  close(): void {
    this.#work.fill(0);
    this.#cipher.close();
  }
}

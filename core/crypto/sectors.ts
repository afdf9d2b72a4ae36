import { type CryptoEngine, FULL, NOTICE_DONE } from "./engine.ts";

/**
 * Sector encryption as dm-crypt does it (Documentation/admin-guide/device-mapper/dm-crypt.rst).
 *
 * Overview    each sector of 512 bytes is a request of its own, its iv the sector's number: `plain64`, little-endian, and
 *             with `essiv` encrypted once more by the algorithm. Up to WINDOW requests are under way at once.
 * Ownership   the engine's requests are used by nobody else while `transform` runs.
 * Limits      numbers of sectors below 2^53.
 */
export class SectorCipher {
  readonly #engine: CryptoEngine;
  readonly #session: number;
  #inFlight = 0;
  #error = 0;

  /** @throws CryptoError where nobody offers the cipher or the key does not fit. */
  constructor(engine: CryptoEngine, cipher: SectorCipherName, key: Uint8Array, user: string) {
    this.#engine = engine;
    this.#session = engine.open(SECTOR_CIPHERS[cipher], key, { user });
  }

  /**
   * Encrypts or decrypts `count` sectors of a region in place, the first of them with the number `sector`. 0, or the
   * first request's error that was one; then the region's bytes are not to be used.
   */
  transform(region: number, offset: number, sector: number, count: number, direction: number): number {
    const { requests } = this.#engine;
    this.#error = 0;
    for (let i = 0; i < count; i++) {
      let row = this.#inFlight < WINDOW ? requests.take() : -1;
      while (row < 0) {
        this.#turn();
        row = this.#inFlight < WINDOW ? requests.take() : -1;
      }
      requests.session[row] = this.#session;
      requests.direction[row] = direction;
      requests.length[row] = SECTOR;
      const number = sector + i, at = row * 16;
      requests.iv.fill(0, at, at + 16);
      for (let byte = 0, left = number; byte < 8; byte++, left = Math.floor(left / 256)) {
        requests.iv[at + byte] = left % 256;
      }
      requests.addSource(row, region, offset + i * SECTOR, SECTOR);
      requests.addDestination(row, region, offset + i * SECTOR, SECTOR);
      this.#inFlight++;
      while (this.#engine.submit(row, true) === FULL) this.#turn();
    }
    while (this.#inFlight > 0) this.#turn();
    return this.#error;
  }

  #turn(): void {
    const engine = this.#engine;
    engine.poll();
    for (let notice = engine.next(); notice >= 0; notice = engine.next()) {
      if ((notice & 1) !== NOTICE_DONE) continue;
      const row = notice >> 1, result = engine.requests.result[row]!;
      if (result !== 0 && this.#error === 0) this.#error = result;
      engine.requests.free(row);
      this.#inFlight--;
    }
  }

  close(): void {
    this.#engine.close(this.#session);
  }
}

export const SECTOR = 512;

/** Algorithms by the names dm-crypt has for them. */
export const SECTOR_CIPHERS = {
  "aes-xts-plain64": "xts(aes)",
  "aes-cbc-essiv:sha256": "essiv(cbc(aes),sha256)",
} as const;

export type SectorCipherName = keyof typeof SECTOR_CIPHERS;

export const isSectorCipher = (name: string): name is SectorCipherName => Object.hasOwn(SECTOR_CIPHERS, name);

const WINDOW = 32;

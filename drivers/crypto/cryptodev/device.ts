import { CryptoError } from "../../../core/crypto/engine.ts";
import { CryptoRequests } from "../../../core/crypto/requests.ts";
import { EBUSY } from "../../sys/errno.ts";
import { bytes, libc } from "../../sys/libc.ts";
import type { CryptoDevice, OfferedAlgorithm } from "../device.ts";
import { RowRing } from "../row_ring.ts";
import { driverName, type NodeAlgorithm, priorityOf, trialKey, WANTED, type Wanted } from "./algorithms.ts";
import { CIOCASYNCCRYPT, CIOCASYNCFETCH, CRYPT, pointerAt } from "./ioctl.ts";
import { CRYPTO_NODE, isAsynchronous, openCryptoNode } from "./node.ts";
import { ioctl, type NodeContext, Operations } from "./operation.ts";
import { Sessions } from "./sessions.ts";
import { Staging } from "./staging.ts";
import { endsInBlock, Stealing } from "./stealing.ts";

/**
 * /dev/crypto of cryptodev-linux: cards that the kernel drives, by ioctl.
 *
 * Overview    where the module was built with it, ciphers and hashes are handed over with CIOCASYNCCRYPT by `start` and
 *             fetched by `poll`; combined modes, and all of them elsewhere, are kept by `start` and carried out by
 *             `poll`, one call after the other. Nothing is ever done when `start` returns.
 * Fetching    the module gives requests back in their order, and of a failed one nothing but its error number: that is
 *             the oldest's. EBUSY also says that none is there, so poll(2) is asked before. What succeeded is known by
 *             the address of its iv.
 * Life-cycle  algorithms are found by opening a session of each. `reset` closes the file, which ends what is under way,
 *             and opens the sessions again on another one.
 * Ownership   the thread that made it; the file is its own, and so are its sessions.
 * Limits      DEPTH requests at once, of 64 KB text and a page of associated data.
 */
export class CryptodevDevice implements CryptoDevice {
  readonly name = "cryptodev";
  readonly algorithms: readonly NodeAlgorithm[];
  /** Combined modes make no descriptor readable. */
  readonly descriptor = -1;
  /** Whether the module takes requests without waiting for them. */
  readonly asynchronous: boolean;
  readonly #path: string;
  readonly #sessions: Sessions;
  readonly #contexts: (NodeContext | undefined)[] = [];
  readonly #staging = new Staging(SLOTS);
  readonly #operations = new Operations(this.#staging, SLOTS);
  readonly #stealing = new Stealing(this.#staging, this.#operations);
  /** Slots by their age in the kernel, and those free. */
  readonly #underWay = new RowRing(DEPTH);
  readonly #free = new RowRing(DEPTH);
  readonly #slotRows = new Int32Array(SLOTS);
  readonly #slotContexts = new Int32Array(SLOTS);
  /** Rows that `poll` carries out, with their contexts, and rows that are through already. */
  readonly #kept = new RowRing(DEPTH);
  readonly #keptContexts = new RowRing(DEPTH);
  readonly #through = new RowRing(DEPTH);
  readonly #fetched = bytes(CRYPT.size);
  readonly #fetchedView = new DataView(this.#fetched.buffer);
  readonly #pollFd = bytes(8);
  readonly #pollView = new DataView(this.#pollFd.buffer);
  #requests = new CryptoRequests(0);
  #fd: number;
  #fetches = 0;
  #calls = 0;

  /** @throws CryptoError where the node is missing, not permitted or no cryptodev. */
  constructor(path = CRYPTO_NODE) {
    this.#path = path;
    this.#fd = openCryptoNode(path);
    try {
      this.#sessions = new Sessions(this.#fd);
      this.asynchronous = isAsynchronous(this.#fd);
      this.algorithms = WANTED.flatMap((wanted) => this.#offered(wanted) ?? []);
    } catch (error) {
      libc.close(this.#fd);
      throw error;
    }
    this.#pollView.setInt32(0, this.#fd, true);
    this.#pollView.setInt16(4, POLLIN, true);
    for (let slot = 0; slot < DEPTH; slot++) this.#free.push(slot);
  }

  #offered(wanted: Wanted): NodeAlgorithm | undefined {
    try {
      const whole = trialKey(wanted), key = whole.subarray(0, whole.length - wanted.salt);
      const session = this.#sessions.open(wanted.cipher, wanted.mac, key);
      const { driver, alignmask, kernelDriverOnly } = session;
      this.#sessions.close(session);
      return {
        ...wanted,
        driverName: driverName(wanted, driver),
        priority: priorityOf(kernelDriverOnly),
        alignmask,
      };
    } catch (error) {
      if (error instanceof CryptoError) return undefined;
      throw error;
    }
  }

  attach(requests: CryptoRequests): void {
    this.#requests = requests;
    this.#staging.attach(requests.memory);
  }

  open(algorithm: OfferedAlgorithm, key: Uint8Array, tagSize: number): number {
    const own = this.algorithms.find((each) => each.driverName === algorithm.driverName);
    if (own === undefined) throw new CryptoError(`/dev/crypto has no ${algorithm.name}`);
    const keyed = own.kind !== "hash" || own.name.startsWith("hmac");
    if (own.kind !== "hash" && !own.keySizes.includes(key.length)) {
      throw new CryptoError(`a key of ${own.name} has ${own.keySizes.join(" or ")} bytes, not ${key.length}`);
    }
    if (!tagFits(own, tagSize)) throw new CryptoError(`${own.name} has no tags of ${tagSize} bytes`);
    const end = key.length - own.salt;
    const session = this.#sessions.open(own.cipher, own.mac, keyed ? key.subarray(0, end) : new Uint8Array());
    const context = { algorithm: own, session, salt: key.slice(end), tagSize };
    const unused = this.#contexts.indexOf(undefined), number = unused < 0 ? this.#contexts.length : unused;
    this.#contexts[number] = own.salt > 0 ? context : { ...context, salt: new Uint8Array() };
    return number;
  }

  close(context: number): void {
    const { session, salt } = this.#contexts[context]!;
    this.#sessions.close(session);
    salt.fill(0);
    this.#contexts[context] = undefined;
  }

  get outstanding(): number {
    return this.#underWay.length + this.#kept.length + this.#through.length;
  }

  start(row: number, number: number): boolean {
    if (this.outstanding === DEPTH) return false;
    const context = this.#contexts[number]!;
    const inOneCall = context.algorithm.kind !== "aead" && endsInBlock(this.#requests, row, context);
    if (this.asynchronous && inOneCall) return this.#handOver(row, number, context);
    this.#kept.push(row);
    this.#keptContexts.push(number);
    return true;
  }

  #handOver(row: number, number: number, context: NodeContext): boolean {
    const requests = this.#requests, slot = this.#free.first;
    let result = 0;
    if (hasWork(requests, row, context)) {
      result = this.#operations.prepare(requests, row, context, slot);
      if (result === 0) {
        result = ioctl(this.#fd, CIOCASYNCCRYPT, this.#operations.crypt);
        // Its ring is full; with nothing of ours in it that cannot be.
        if (result === -EBUSY && this.#underWay.length > 0) return false;
        if (result === 0) {
          this.#slotRows[slot] = row;
          this.#slotContexts[slot] = number;
          this.#underWay.push(this.#free.shift());
          return true;
        }
      }
    }
    requests.result[row] = result;
    this.#through.push(row);
    return true;
  }

  poll(rows: Int32Array): number {
    let count = 0;
    while (this.#through.length > 0 && count < rows.length) rows[count++] = this.#through.shift();
    while (this.#underWay.length > 0 && count < rows.length && this.#readable()) {
      rows[count++] = this.#fetch();
    }
    while (this.#kept.length > 0 && count < rows.length) {
      const row = this.#kept.shift(), context = this.#contexts[this.#keptContexts.shift()]!;
      this.#requests.result[row] = this.#carryOut(row, context);
      rows[count++] = row;
    }
    return count;
  }

  /** Errors of the file count: they are the answer to all that is under way. */
  #readable(): boolean {
    this.#pollView.setInt16(6, 0, true);
    return libc.poll(this.#pollFd, 1, 0) > 0;
  }

  #fetch(): number {
    const requests = this.#requests, result = ioctl(this.#fd, CIOCASYNCFETCH, this.#fetched);
    const iv = pointerAt(this.#fetchedView, CRYPT.iv);
    const slot = result === 0 ? this.#ofAddress(iv) : this.#underWay.shift();
    const row = this.#slotRows[slot]!;
    if (result === 0) {
      this.#operations.complete(requests, row, this.#contexts[this.#slotContexts[slot]!]!, slot);
    }
    requests.result[row] = result;
    this.#free.push(slot);
    this.#fetches++;
    return row;
  }

  /** The slot under way whose iv is there, the oldest when none is. */
  #ofAddress(iv: number): number {
    const wanted = this.#staging.slotOfIv(iv);
    for (let turns = this.#underWay.length; turns > 1 && this.#underWay.first !== wanted; turns--) {
      this.#underWay.push(this.#underWay.shift());
    }
    return this.#underWay.shift();
  }

  #carryOut(row: number, context: NodeContext): number {
    const requests = this.#requests, operations = this.#operations;
    if (!hasWork(requests, row, context)) return 0;
    this.#calls++;
    if (!endsInBlock(requests, row, context)) {
      return this.#stealing.carryOut(this.#fd, requests, row, context, OWN_SLOT);
    }
    const refused = operations.prepare(requests, row, context, OWN_SLOT);
    if (refused !== 0) return refused;
    const result = operations.call(this.#fd, context);
    if (result === 0) operations.complete(requests, row, context, OWN_SLOT);
    return result;
  }

  reset(): boolean {
    while (this.#kept.length > 0) this.#kept.shift();
    while (this.#keptContexts.length > 0) this.#keptContexts.shift();
    while (this.#through.length > 0) this.#through.shift();
    if (this.#underWay.length === 0) return true;
    // Closing waits for what the kernel has in work: no memory is written to any more when it returns.
    libc.close(this.#fd);
    while (this.#underWay.length > 0) this.#free.push(this.#underWay.shift());
    this.#fd = -1;
    try {
      this.#fd = openCryptoNode(this.#path);
    } catch (error) {
      if (error instanceof CryptoError) return false;
      throw error;
    }
    this.#pollView.setInt32(0, this.#fd, true);
    return this.#sessions.reopen(this.#fd);
  }

  describe(): string {
    const { opened, reused, count } = this.#sessions, { copied } = this.#operations;
    return `${this.#path}: ${this.#fetches} requests fetched, ${this.#calls} waited for, ${copied} of them copied, ` +
      `${count} sessions (${opened} opened, ${reused} shared), ${
        this.asynchronous ? "" : "not "
      }asynchronous`;
  }

  shutdown(): void {
    for (const [number, context] of this.#contexts.entries()) if (context !== undefined) this.close(number);
    if (this.#fd >= 0) libc.close(this.#fd);
    this.#fd = -1;
  }
}

/** A cipher has nothing to do with no text. */
const hasWork = (requests: CryptoRequests, row: number, { algorithm: { kind } }: NodeContext): boolean =>
  kind !== "cipher" || requests.length[row]! > 0;

/** NIST SP 800-38D 5.2.1.2, RFC 4106 6; digests may be cut. */
function tagFits({ kind, tagSize, hidden }: NodeAlgorithm, size: number): boolean {
  if (kind === "cipher") return true;
  if (size > tagSize) return false;
  if (kind === "hash") return true;
  return hidden > 0 ? size === 8 || size === 12 || size === 16 : size >= 12 || size === 8 || size === 4;
}

/** Requests at once, and one more slot for those that are waited for. */
const DEPTH = 32, OWN_SLOT = DEPTH, SLOTS = DEPTH + 1;
const POLLIN = 1;

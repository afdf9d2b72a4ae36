import { CryptoError } from "../../../core/crypto/engine.ts";
import { CryptoRequests, EINVAL, EIO } from "../../../core/crypto/requests.ts";
import { EAGAIN, EINTR } from "../../sys/errno.ts";
import { errno, libc } from "../../sys/libc.ts";
import type { CryptoDevice, OfferedAlgorithm } from "../device.ts";
import { type KernelAlgorithm, kernelAlgorithms } from "./algorithms.ts";
import { AlgorithmMessage } from "./message.ts";
import { acceptOperation, bindAlgorithm, setKey, setTagSize } from "./socket.ts";

/**
 * The kernel's algorithms, whatever carries them out there: its own code, instructions of the processor, or a card with
 * a driver of its own, such as virtio-crypto.
 *
 * Overview    a request is a sendmsg with the source and a recvmsg that carries it out into the destination; both point
 *             at the segments where they lie. AF_ALG has no queue for these calls, so `start` keeps rows in a ring of
 *             DEPTH and `poll` carries them out, one after the other: nothing is done when `start` returns.
 * Life-cycle  a context is a bound socket with the key and one operation socket accepted from it. An operation that
 *             failed in the middle may hold leftovers: its socket is closed and another one accepted.
 * Ownership   the thread that made it. Sockets belong to the contexts.
 * Limits      requests of at most 64 KB, as the socket's buffers are; calls block while the kernel works.
 */
export class AfAlgDevice implements CryptoDevice {
  readonly name: string;
  readonly algorithms: readonly KernelAlgorithm[];
  readonly descriptor = -1;
  readonly #contexts: (Context | undefined)[] = [];
  readonly #message = new AlgorithmMessage();
  readonly #rows = new Int32Array(DEPTH);
  readonly #rowContexts = new Int32Array(DEPTH);
  #requests = new CryptoRequests(0);
  #first = 0;
  outstanding = 0;
  #carriedOut = 0;

  /** `drivers`: names of the kernel's drivers by algorithm; without it the kernel chooses. */
  constructor(name = "af_alg", drivers?: ReadonlyMap<string, string>) {
    this.name = name;
    this.algorithms = kernelAlgorithms(drivers);
  }

  attach(requests: CryptoRequests): void {
    this.#requests = requests;
    this.#message.attach(requests.memory);
  }

  open(algorithm: OfferedAlgorithm, key: Uint8Array, tagSize: number): number {
    const own = this.algorithms.find((each) => each.driverName === algorithm.driverName);
    const fd = own === undefined ? undefined : bindAlgorithm(own.type, own.bound);
    if (own === undefined || fd === undefined) throw new CryptoError(`the kernel has no ${algorithm.name}`);
    try {
      if (own.kind !== "hash" || own.name.startsWith("hmac")) setKey(fd, key);
      if (own.kind === "aead") setTagSize(fd, tagSize);
      const operation = acceptOperation(fd);
      return this.#contexts.push({ algorithm: own, fd, operation, tagSize }) - 1;
    } catch (error) {
      libc.close(fd);
      throw error;
    }
  }

  close(context: number): void {
    const { fd, operation } = this.#contexts[context]!;
    libc.close(operation);
    libc.close(fd);
    this.#contexts[context] = undefined;
  }

  start(row: number, context: number): boolean {
    if (this.outstanding === DEPTH) return false;
    const at = (this.#first + this.outstanding++) % DEPTH;
    this.#rows[at] = row;
    this.#rowContexts[at] = context;
    return true;
  }

  poll(rows: Int32Array): number {
    let count = 0;
    while (this.outstanding > 0 && count < rows.length) {
      const row = this.#rows[this.#first]!, context = this.#contexts[this.#rowContexts[this.#first]!]!;
      this.#first = (this.#first + 1) % DEPTH;
      this.outstanding--;
      this.#requests.result[row] = this.#carryOut(row, context);
      this.#carriedOut++;
      rows[count++] = row;
    }
    return count;
  }

  #carryOut(row: number, context: Context): number {
    const requests = this.#requests, message = this.#message, { kind, ivSize } = context.algorithm;
    const { tagSize } = context, length = requests.length[row]!, whole = requests.assoc[row]! + length;
    const decrypts = requests.direction[row] === 0;
    const sent = kind === "aead" && decrypts ? whole + tagSize : whole;
    const received = kind === "hash" ? tagSize : kind === "aead" && !decrypts ? whole + tagSize : whole;
    if (kind === "cipher" && length === 0) return 0;
    if (kind !== "hash") message.control(requests, row, ivSize, kind === "aead");
    else message.noControl();
    if (!message.point(requests.sources, row, sent)) return EINVAL;
    const result = call(context.operation, message, true);
    if (result < 0) return this.#failed(context, result);
    message.noControl();
    if (!message.point(requests.destinations, row, received)) return this.#failed(context, EINVAL);
    const got = call(context.operation, message, false);
    if (got < 0) return this.#failed(context, got);
    return got === received ? 0 : this.#failed(context, EIO);
  }

  /** A clean operation socket after an error. */
  #failed(context: Context, error: number): number {
    libc.close(context.operation);
    context.operation = acceptOperation(context.fd);
    return error;
  }

  reset(): boolean {
    this.outstanding = 0;
    return true;
  }

  describe(): string {
    return `${this.name}: ${this.algorithms.length} algorithms of the kernel, ${this.#carriedOut} requests`;
  }

  shutdown(): void {
    for (const [number, context] of this.#contexts.entries()) if (context !== undefined) this.close(number);
  }
}

interface Context {
  readonly algorithm: KernelAlgorithm;
  /** Bound socket, with the key. */
  readonly fd: number;
  operation: number;
  readonly tagSize: number;
}

/** sendmsg or recvmsg: bytes, or a negative error number. */
function call(fd: number, message: AlgorithmMessage, sends: boolean): number {
  for (;;) {
    const result = sends ? libc.sendmsg(fd, message.header, 0) : libc.recvmsg(fd, message.header, 0);
    if (result >= 0) return result;
    const error = errno();
    if (error !== EINTR) return error === EAGAIN ? EIO : -error;
  }
}

/** Rows kept between two polls. */
const DEPTH = 64;

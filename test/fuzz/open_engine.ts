import type { AlgorithmSizes, CryptoEngine, Submitted } from "../../core/crypto/engine.ts";
import { IN_PROGRESS, NOTICE_DONE } from "../../core/crypto/engine.ts";
import { CryptoRequests } from "../../core/crypto/requests.ts";

/**
 * A crypto engine that leaves bytes as they are and calls every tag right: what it "decrypts" is what a fuzzer wrote,
 * so that the code behind decryption is reached.
 */
export class OpenEngine implements CryptoEngine {
  readonly requests = new CryptoRequests(256);
  readonly #begun: number[] = [];
  #sessions = 0;

  algorithm(): AlgorithmSizes | undefined {
    return undefined;
  }
  open(): number {
    return ++this.#sessions;
  }
  close(): void {}
  submit(row: number): Submitted {
    this.#begun.push(row);
    return IN_PROGRESS;
  }
  poll(): boolean {
    return this.#begun.length > 0;
  }
  next(): number {
    const row = this.#begun.shift();
    if (row === undefined) return -1;
    this.requests.result[row] = 0;
    return row * 2 + NOTICE_DONE;
  }
}

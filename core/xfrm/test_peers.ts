import { PacketBatch } from "../packet/batch.ts";
import { parseAddress } from "../packet/address.ts";
import { segment } from "../forward/segment.ts";
import { PacketPool } from "../packet/pool.ts";
import { packetOf, putPacket } from "../packet/test_batch.ts";
import { type Random, SeededRandom } from "../random.ts";
import { EspLayer } from "./layer.ts";
import type { State, StateOptions } from "./state.ts";
import { States } from "./states.ts";
import { parseState } from "./state_words.ts";
import { offered, TestEngine } from "./test_engine.ts";

/** One end of a tunnel, for tests: batch, engine, states, ESP. */
export class Peer {
  readonly batch = new PacketBatch(new PacketPool(64, 4), 64);
  readonly engine = new TestEngine();
  readonly events: string[] = [];
  readonly states: States;
  readonly esp: EspLayer;

  constructor(random: Random = new SeededRandom(1)) {
    this.states = new States({
      engine: this.engine,
      random,
      onChange: (state, change) => {
        if (!["add", "update", "delete"].includes(change)) {
          this.events.push(`${change} 0x${state.options.spi.toString(16)}`);
        }
      },
    });
    this.esp = new EspLayer({ engine: this.engine, pool: this.batch.pool, states: this.states, random });
  }

  add(words: string, more: Partial<StateOptions> = {}): State {
    return this.states.add({ ...parseState(words), ...more }, 0);
  }

  /** Hands a packet to a state. */
  send(packet: Uint8Array, state: State, second?: State): boolean {
    const taken = this.esp.output(this.batch, putPacket(this.batch, packet), state, second);
    this.batch.clear();
    return taken;
  }

  receive(packet: Uint8Array): boolean {
    const taken = this.esp.input(this.batch, putPacket(this.batch, packet));
    this.batch.clear();
    return taken;
  }

  /** What comes out now, copied; `path`: the secpath each has. */
  out(paths: number[] = []): Uint8Array[] {
    this.esp.complete(0);
    this.batch.clear();
    this.esp.release(this.batch);
    const packets: Uint8Array[] = [], { count } = this.batch;
    for (let row = 0; row < count; row++) {
      if (this.batch.verdict[row] !== 0) continue;
      const pieces = this.batch.count, cut = this.batch.segmentType[row] === 0 ? 0 : segment(this.batch, row);
      for (let i = 0; i < Math.max(1, cut); i++) {
        packets.push(packetOf(this.batch, cut === 0 ? row : pieces + i));
        paths.push(this.batch.secpath[row]!);
      }
    }
    this.batch.clear();
    return packets;
  }

  /** Counters that are not zero. */
  get errors(): Record<string, number> {
    const lines = this.esp.statistics.format().trim().split("\n").map((line) => line.split("\t"));
    return Object.fromEntries(
      lines.map(([name, n]) => [name!.trim(), Number(n)] as const).filter(([, n]) => n !== 0),
    );
  }
}

export const bytesOf = (hex: string): Uint8Array =>
  Uint8Array.from(hex.replaceAll(/\s/g, "").match(/../g) ?? [], (pair) => parseInt(pair, 16));

export const addressOf = (text: string) => parseAddress(text)!;

const KEY = (n: number): string =>
  `0x${Array.from({ length: n }, (_, i) => (i * 7 + 3 & 255).toString(16).padStart(2, "0")).join("")}`;

/** Every algorithm, in words. */
export const ALGORITHMS: readonly string[] = [
  ...[64, 96, 128].map((bits) => `aead rfc4106(gcm(aes)) ${KEY(20)} ${bits}`),
  `aead rfc4106(gcm(aes)) ${KEY(36)} 128`,
  `aead rfc7539esp(chacha20,poly1305) ${KEY(36)} 128`,
  `auth-trunc hmac(sha1) ${KEY(20)} 96 enc cbc(aes) ${KEY(16)}`,
  `auth-trunc hmac(sha256) ${KEY(32)} 128 enc cbc(aes) ${KEY(32)}`,
  `auth-trunc hmac(sha384) ${KEY(48)} 192 enc cbc(aes) ${KEY(32)}`,
  `auth-trunc hmac(sha512) ${KEY(64)} 256 enc cbc(aes) ${KEY(16)}`,
  `auth-trunc hmac(sha1) ${KEY(20)} 96 enc rfc3686(ctr(aes)) ${KEY(20)}`,
  `auth-trunc hmac(sha512) ${KEY(64)} 256 enc rfc3686(ctr(aes)) ${KEY(36)}`,
];

/** Those that this runtime's node:crypto can carry out. */
export const RUNNING: readonly string[] = ALGORITHMS.filter((words) =>
  !words.includes("chacha20") || offered("chacha20-poly1305", 32)
);

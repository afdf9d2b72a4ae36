import type { NatRequest } from "../../core/classify/nat_request.ts";
import { formatFlow } from "../../core/conntrack/format.ts";
import { Conntrack } from "../../core/conntrack/track.ts";
import { HOOK_INPUT, HOOK_POSTROUTING, HOOK_PREROUTING } from "../../core/hook.ts";
import { Nat } from "../../core/nat/translate.ts";
import { parseAddress } from "../../core/packet/address.ts";
import type { PacketBatch } from "../../core/packet/batch.ts";
import {
  CT_ESTABLISHED,
  CT_INVALID,
  CT_NEW,
  CT_RELATED,
  CT_UNTRACKED,
  VERDICT_DROP,
} from "../../core/packet/columns.ts";
import { setU16 } from "../../core/packet/bytes.ts";
import { finish, sum } from "../../core/packet/checksum.ts";
import { packetOf, putPacket, testBatch } from "../../core/packet/test_batch.ts";
import { SeededRandom } from "../../core/random.ts";
import type { Outcome } from "./kernel.ts";

/** Decides NAT for a new flow in place of a ruleset; undefined: no rule. */
export type Decide = (hook: number, batch: PacketBatch, row: number) => NatRequest | undefined;

/** The same router out of our parts: two ports, routes by prefix, conntrack and NAT in the kernel's order. */
export class ModelRouter {
  readonly conntrack: Conntrack;
  readonly #nat: Nat;
  readonly #decide: Decide | undefined;
  now = 0;

  constructor(decide: Decide | undefined) {
    const random = new SeededRandom(7);
    this.#decide = decide;
    this.conntrack = new Conntrack({ flows: 4096, random });
    this.#nat = new Nat(this.conntrack, {
      random,
      interfaceAddress: (index, family, _batch, _row, out) => {
        out.set(parseAddress(OWN[index - 1]![family === 4 ? 0 : 1]!)!.words);
        return true;
      },
    });
  }

  packet(port: number, packet: Uint8Array): Outcome {
    this.now = performance.now();
    this.conntrack.expire(this.now, 1000);
    const batch = testBatch(16, 1);
    batch.now = this.now;
    const row = putPacket(batch, packet, port + 1);
    this.conntrack.track(batch, row, HOOK_PREROUTING);
    const state = NAMES[batch.ctState[row]!] ?? "none";
    if (batch.verdict[row] === VERDICT_DROP || !this.#hook(batch, row, HOOK_PREROUTING)) return { state };
    const out = this.#route(batch, row);
    if (out === 0) {
      if (this.#hook(batch, row, HOOK_INPUT)) this.conntrack.confirm(batch, row);
      return { state };
    }
    batch.outInterface[row] = out;
    if (!this.#hook(batch, row, HOOK_POSTROUTING)) return { state };
    this.conntrack.confirm(batch, row);
    if (batch.verdict[row] === VERDICT_DROP) return { state };
    return { state, port: out - 1, packet: aged(packetOf(batch, row)) };
  }

  #hook(batch: PacketBatch, row: number, hook: number): boolean {
    if (this.#decide === undefined || batch.flow[row]! < 0) return true;
    if (this.#nat.needsSetup(batch, row, hook)) {
      if (!this.#nat.setup(batch, row, this.#decide(hook, batch, row), hook)) return false;
    }
    return this.#nat.translate(batch, row, hook);
  }

  /** Out interface; 0 for the router itself. */
  #route(batch: PacketBatch, row: number): number {
    const d = batch.destination, at = row * 4, family = batch.family[row]!;
    for (const own of OWN) {
      const words = parseAddress(own[family === 4 ? 0 : 1]!)!.words;
      if (words.every((w, i) => d[at + i] === w)) return 0;
    }
    if (family === 4) return d[at]! >>> 8 === 0xc0a84d ? 1 : 2;
    return d[at + 1]! >>> 16 === 1 ? 1 : 2;
  }

  flows(): string[] {
    const lines: string[] = [], ct = this.conntrack;
    for (let row = ct.next(0); row >= 0; row = ct.next(row + 1)) {
      lines.push(formatFlow(ct.table, row, performance.now(), { accounting: true }));
    }
    return lines.sort();
  }
}

const OWN = [["192.168.77.1", "2001:db8:1::1"], ["198.51.100.1", "2001:db8:2::1"]] as const;
const NAMES: Record<number, string> = {
  [CT_NEW]: "new",
  [CT_ESTABLISHED]: "established",
  [CT_RELATED]: "related",
  [CT_INVALID]: "invalid",
  [CT_UNTRACKED]: "untracked",
};

/** One hop older. */
function aged(packet: Uint8Array): Uint8Array {
  if (packet[0]! >>> 4 === 4) {
    packet[8]! -= 1;
    setU16(packet, 10, 0);
    setU16(packet, 10, finish(sum(packet, 0, 20)));
  } else packet[7]! -= 1;
  return packet;
}

import { ethernet, udp } from "../core/packet/build.ts";
import { setU32, u16, u32 } from "../core/packet/bytes.ts";
import { ETHERNET } from "../core/packet/ethernet.ts";
import type { WireTap } from "./wire_tap.ts";

/**
 * Numbered UDP datagrams at a steady rate, and who of them came out at the other side.
 *
 * Overview    `sendUntil(now)` sends what is due; every frame caught anywhere is offered to `take`. A stream is known
 *             by its destination port; the number stands at the start of the payload.
 */
export class NumberedStream {
  readonly #options: StreamOptions;
  readonly #seen: number[] = [];
  sent = 0;
  received = 0;
  #repeated = 0;
  #reordered = 0;
  #last = -1;

  constructor(options: StreamOptions) {
    this.#options = options;
  }

  /** Sends datagrams until as many are out as are due `milliseconds` after the start; what finds no room waits. */
  sendUntil(milliseconds: number): void {
    const due = Math.floor(milliseconds * this.#options.rate / 1000);
    while (this.sent < due && this.#send()) this.sent++;
  }

  #send(): boolean {
    const { tap, mac, gateway, from, to, sport, dport, fresh } = this.#options;
    const payload = new Uint8Array(32);
    setU32(payload, 0, this.sent);
    const source = fresh ? sport + this.sent % 20000 : sport;
    return tap.trySend(ethernet(mac, gateway, udp({ from, to }, source, dport, payload)));
  }

  /** Whether the frame is one of this stream, as it left the router. */
  take(frame: Uint8Array): boolean {
    const type = u16(frame, ETHERNET.type), at = ETHERNET.size;
    const four = type === 0x0800 && frame[at + 9] === 17, six = type === 0x86dd && frame[at + 6] === 17;
    const transport = at + (four ? 20 : 40);
    if ((!four && !six) || u16(frame, transport + 2) !== this.#options.dport) return false;
    const number = u32(frame, transport + 8);
    this.received++;
    if (this.#seen[number] !== undefined) this.#repeated++;
    this.#seen[number] = 1;
    if (number < this.#last) this.#reordered++;
    this.#last = number;
    return true;
  }

  report(): { readonly lost: number; readonly repeated: number; readonly reordered: number } {
    let lost = 0;
    for (let number = 0; number < this.sent; number++) if (this.#seen[number] === undefined) lost++;
    return { lost, repeated: this.#repeated, reordered: this.#reordered };
  }
}

export interface StreamOptions {
  readonly tap: WireTap;
  /** Of the station that sends. */
  readonly mac: string;
  readonly gateway: string;
  readonly from: string;
  readonly to: string;
  readonly sport: number;
  /** By which the stream is known. */
  readonly dport: number;
  /** Datagrams a second. */
  readonly rate: number;
  /** Each datagram from a port of its own: a flow for each. */
  readonly fresh?: boolean;
}

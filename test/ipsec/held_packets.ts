import { ethernet, udp } from "../../core/packet/build.ts";
import { WireTap } from "../wire_tap.ts";
import type { Bed } from "./bed.ts";
import { espOf } from "./esp.ts";
import { SITES } from "./network.ts";
import { ping } from "./traffic.ts";

/**
 * ESP of strongSwan's that weir has not seen: to be sent as it is, late, twice or spoilt.
 *
 * Overview    while packets are held, strongSwan's host believes that weir has another link-layer address; a tap at
 *             weir's port sees what it sends there. Then the belief is put right, and a tap at strongSwan's port sends.
 * Ownership   the tap that sends.
 */
export class HeldPackets implements Disposable {
  /** ESP header and what follows, in the order strongSwan made them: echo requests with `sequence` 1, 2, ... */
  readonly packets: readonly Uint8Array[];
  readonly #tap: WireTap;
  readonly #macs: { readonly near: string; readonly far: string };

  private constructor(
    packets: readonly Uint8Array[],
    tap: WireTap,
    macs: { readonly near: string; readonly far: string },
  ) {
    this.packets = packets;
    this.#tap = tap;
    this.#macs = macs;
  }

  static async take(bed: Bed, count: number): Promise<HeldPackets> {
    const near = await neighbour(bed), { stdout } = await bed.run("far", "ip", ["link", "show", "wan0"]);
    const far = MAC.exec(stdout.slice(stdout.indexOf("link/ether")))![0];
    using sniffer = bed.within("near", () => new WireTap("wan0"));
    const frames: Uint8Array[] = [];
    await believe(bed, NOBODY, "permanent");
    try {
      sniffer.take();
      await ping(bed, "right", count, "-W", "0.1");
      frames.push(...await sniffer.collect((frame) => espOf(frame) !== undefined, 2000, count));
    } finally {
      await believe(bed, near, "reachable");
    }
    const esp = frames.map((frame) => espOf(frame)!);
    const packets = esp.sort((a, b) => a.sequence - b.sequence).map(({ bytes }) => bytes);
    if (packets.length !== count) throw new Error(`${packets.length} of ${count} packets were held`);
    return new HeldPackets(packets, bed.within("far", () => new WireTap("wan0")), { near, far });
  }

  /** Sends it to weir as strongSwan would, whole datagram and right checksums. */
  send(esp: Uint8Array): void {
    this.sendPacket(encapsulated(esp));
  }

  /** Sends an IPv4 packet to weir's port. */
  sendPacket(packet: Uint8Array): void {
    this.#tap.send(ethernet(this.#macs.far, this.#macs.near, packet));
  }

  [Symbol.dispose](): void {
    this.#tap[Symbol.dispose]();
  }
}

/** ESP in UDP in IPv4, from strongSwan to weir. */
export const encapsulated = (esp: Uint8Array): Uint8Array =>
  udp({ from: SITES.far.wan, to: SITES.near.wan }, 4500, 4500, esp);

async function neighbour(bed: Bed): Promise<string> {
  const { stdout } = await bed.run("far", "ip", ["neigh", "show", SITES.near.wan]);
  const mac = MAC.exec(stdout)?.[0];
  if (mac === undefined) throw new Error(`strongSwan's host does not know its neighbour: ${stdout}`);
  return mac;
}

const believe = (bed: Bed, mac: string, state: string) =>
  bed.run("far", "ip", ["neigh", "replace", SITES.near.wan, "lladdr", mac, "nud", state, "dev", "wan0"]);

const MAC = /[0-9a-f]{2}(:[0-9a-f]{2}){5}/;
const NOBODY = "02:00:00:00:00:99";

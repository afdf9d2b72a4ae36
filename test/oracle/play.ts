import { ROUTER_LAN, ROUTER_WAN } from "../../config/cli/demo/settings.ts";
import { setU16, u16 } from "../../core/packet/bytes.ts";
import { ETHERNET } from "../../core/packet/ethernet.ts";
import { ethernet } from "../../core/packet/build.ts";
import { parseMac } from "../../core/packet/address.ts";
import { ask } from "../../config/control/client.ts";
import { answerAs, gatewayOf, type Station } from "../gateway.ts";
import { type Topology, topology } from "../topology.ts";
import { pause } from "../waiting.ts";
import { WireTap } from "../wire_tap.ts";

/**
 * Plays a script of packets through a router and writes down what came of each.
 *
 * Overview    two stations that exist only in frames, one on LAN and one on WAN, send IP packets to the router. What
 *             the router sends them back or across is caught at both sides; neighbour questions are answered on the way.
 * Comparison  a packet is noted as hexadecimal bytes, without what every stack chooses for itself: identification and
 *             flow label of packets that the router made, identification of IPv6 fragments.
 */
export interface Step {
  readonly name: string;
  readonly from: "lan" | "wan";
  /** IP packets, sent one after the other. */
  readonly packets: readonly Uint8Array[];
  /** Frames sent as they are, after the packets. */
  readonly frames?: readonly Uint8Array[];
}

export interface Played {
  readonly steps: readonly { readonly name: string; readonly packets: readonly string[] }[];
  readonly counters: readonly Counter[];
}

export interface Counter {
  /** The rule without its counter's values. */
  readonly rule: string;
  readonly packets: number;
  readonly bytes: number;
}

export const LAN_STATION: Station = {
  mac: "02:00:00:00:00:77",
  ipv4: "192.168.1.77",
  ipv6: "2001:db8:1::77",
};
export const WAN_STATION: Station = {
  mac: "02:00:00:00:00:66",
  ipv4: "198.51.100.66",
  ipv6: "2001:db8:f::66",
};

export interface PlayOptions {
  /** Commands of `ip xfrm`, the words behind, given before the first step. */
  readonly xfrm?: readonly string[];
  /** Writes down a packet in a way of its own; undefined: as others. */
  readonly write?: (packet: Uint8Array, plain: (packet: Uint8Array) => string) => string | undefined;
}

/** `rules` is written for devices $lan and $wan, which it must not define. */
export async function playOn(
  router: "weir" | "kernel",
  rules: string,
  steps: readonly Step[],
  { xfrm = [], write = () => undefined }: PlayOptions = {},
): Promise<Played> {
  const define = (wan: string) => `define wan = "${wan}"\ndefine lan = "lan"\n`;
  const ruleset = router === "kernel" ? define("wan0") + rules : define("wan") + rules;
  await using t = await topology({ router, ruleset });
  await t.ready();
  using lan = t.within("lan", () => new WireTap("eth0"));
  using wan = t.within("wan", () => new WireTap("eth0"));
  const sides = {
    lan: { tap: lan, station: LAN_STATION, gateway: await gatewayOf(lan, LAN_STATION, ROUTER_LAN.ipv4) },
    wan: { tap: wan, station: WAN_STATION, gateway: await gatewayOf(wan, WAN_STATION, ROUTER_WAN.ipv4) },
  };
  for (const command of xfrm) {
    const words = command.trim().split(/\s+/);
    let refusal = "";
    if (router === "kernel") refusal = (await t.run("router", "ip", ["xfrm", ...words])).stderr;
    else {
      await ask(t.socket, { command: "xfrm", words, json: false }, (response) => {
        if ("err" in response) refusal += response.err;
      });
    }
    if (refusal !== "") throw new Error(`${router}: xfrm ${command}: ${refusal}`);
  }
  const played = [];
  for (const { name, from, packets, frames } of steps) {
    const { tap, station, gateway } = sides[from];
    for (const packet of packets) tap.send(ethernet(station.mac, gateway, packet));
    for (const frame of frames ?? []) tap.send(frame);
    played.push({ name, packets: await caught(sides, write) });
  }
  if (router === "weir" && (await t.weir.status()).deaths > 0) {
    await t.weir[Symbol.asyncDispose]();
    throw new Error(await t.weir.said);
  }
  return { steps: played, counters: counters(await listing(t)) };
}

interface Side {
  readonly tap: WireTap;
  readonly station: Station;
}

/** What the stations receive until nothing more comes. */
async function caught(
  sides: Readonly<Record<"lan" | "wan", Side>>,
  write: NonNullable<PlayOptions["write"]>,
): Promise<string[]> {
  const found: string[] = [];
  let quietSince = performance.now();
  // who was asked for its address is about to be sent what waited for it
  let quiet = LONG_QUIET;
  while (performance.now() - quietSince < quiet) {
    for (const [name, { tap, station }] of Object.entries(sides)) {
      const mac = parseMac(station.mac)!;
      for (const frame of tap.take()) {
        if (answerAs(tap, station, frame)) {
          quietSince = performance.now();
          quiet = LONG_QUIET;
        } else if (mac.every((byte, i) => frame[i] === byte) && isWanted(frame)) {
          const packet = frame.slice(ETHERNET.size);
          found.push(`${name}: ${write(packet, plain) ?? plain(packet)}`);
          quietSince = performance.now();
          quiet = QUIET;
        }
      }
    }
    await pause(1);
  }
  return found;
}

/** IP, but neighbour discovery. */
function isWanted(frame: Uint8Array): boolean {
  const type = u16(frame, ETHERNET.type);
  if (type === 0x0800) return true;
  return type === 0x86dd && !(frame[20] === 58 && frame[54]! >= 133 && frame[54]! <= 137);
}

/** The packet in hexadecimal, without what a stack may choose. */
function plain(packet: Uint8Array): string {
  if (packet[0]! >>> 4 === 4) {
    const length = u16(packet, 2), isReset = packet[9] === 6 && (packet[33]! & 4) !== 0;
    if (isReset || (packet[9] === 1 && packet[20] !== 0 && packet[20] !== 8)) setU16(packet, 4, 0);
    setU16(packet, 10, 0);
    return hex(packet.subarray(0, length));
  }
  const length = 40 + u16(packet, 4);
  packet[1]! &= 0xf0;
  packet[2] = packet[3] = 0;
  if (packet[6] === 44) packet.fill(0, 44, 48);
  return hex(packet.subarray(0, length));
}

const hex = (bytes: Uint8Array): string => {
  const text = bytes.toHex();
  return text.length <= 400
    ? text
    : `${text.slice(0, 400)}… ${bytes.length} bytes, sum ${bytes.reduce((a, b) => (a * 31 + b) | 0, 7)}`;
};

async function listing(t: Topology): Promise<string> {
  if (t.router!.kind === "weir") return await t.weir.nft("list ruleset", { dialect: "1.0.6" });
  return (await t.run("router", "nft", ["list", "ruleset"])).stdout;
}

const counters = (listing: string): Counter[] =>
  listing.split("\n").flatMap((line) => {
    const found = /counter packets (\d+) bytes (\d+)/.exec(line);
    if (found === null) return [];
    const rule = line.trim().replace(found[0], "counter").replaceAll('"wan0"', '"wan"');
    return [{ rule, packets: Number(found[1]), bytes: Number(found[2]) }];
  });

/** How many times slower than a machine of its own this one is: an emulated processor needs patience. */
const PATIENCE = Number(Deno.env.get("WEIR_PATIENCE") ?? 1);
/** Milliseconds without a frame after which a step is over. */
const QUIET = 40 * PATIENCE;
/** The same while nothing came, or somebody was asked for an address: a busy machine is slow. */
const LONG_QUIET = 150 * PATIENCE;

import assert from "node:assert/strict";
import { ROUTER_LAN, ROUTER_WAN, WAN } from "../config/cli/demo/settings.ts";
import { namespaceLinks } from "../config/cli/demo/counters.ts";
import { addressBytes } from "../drivers/sys/socket_address.ts";
import { openRoute, setLink } from "../drivers/sys/rtnetlink.ts";
import { parseAddress } from "../core/packet/address.ts";
import { arp, ethernet, icmp, tcp, udp } from "../core/packet/build.ts";
import { u16 } from "../core/packet/bytes.ts";
import { skip } from "./needs.ts";
import { type Topology, topology } from "./topology.ts";
import { WireTap } from "./wire_tap.ts";

/**
 * The kernel keeps off the wire: whatever comes in, it answers nothing there. A device's own counter holds all that
 * left by it, weir's counter what weir sent: the difference is the kernel's.
 */
const PROBER = "02:00:00:00:00:99";

/** What each wire port sent without weir; below zero where a frame of ours met a wire that was not plugged in. */
async function sentByKernel(t: Topology): Promise<Record<string, number>> {
  // two readings apart in time: right when nothing moved between them
  for (let attempt = 0; attempt < 50; attempt++) {
    const before = namespaceLinks(t.namespace("router"));
    const ours = await t.router!.ports();
    const after = namespaceLinks(t.namespace("router"));
    const names = Object.keys(ours);
    if (names.every((name) => before[name]!.txPackets === after[name]!.txPackets)) {
      return Object.fromEntries(names.map((name) => [name, after[name]!.txPackets - ours[name]!.txPackets]));
    }
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  throw new Error("the counters of the router's ports never stood still");
}

const isArpReply = (target: string) => (frame: Uint8Array) =>
  u16(frame, 12) === 0x0806 && u16(frame, 20) === 2 &&
  addressBytes(parseAddress(target)!).every((byte, i) => frame[28 + i] === byte);
const isIpv4 = (protocol: number) => (frame: Uint8Array) =>
  u16(frame, 12) === 0x0800 && frame[23] === protocol;
const isIcmpv6 = (type: number) => (frame: Uint8Array) =>
  u16(frame, 12) === 0x86dd && frame[20] === 58 && frame[54] === type;

/** Neighbour solicitation (RFC 4861 4.3) to the solicited-node group of `target`. */
function solicit(from: string, target: string): Uint8Array {
  const bytes = addressBytes(parseAddress(target)!);
  const low = [...bytes.subarray(13)].map((b) => b.toString(16).padStart(2, "0"));
  const payload = new Uint8Array(24);
  payload.set(bytes);
  payload.set([1, 1, 2, 0, 0, 0, 0, 0x99], 16);
  const group = `ff02::1:ff${low[0]}:${low[1]}${low[2]}`;
  return ethernet(
    PROBER,
    `33:33:ff:${low.join(":")}`,
    icmp({ from, to: group, ttl: 255 }, 135, 0, 0, payload),
  );
}

Deno.test({
  name: "the kernel sends nothing on wire ports, whatever provokes it",
  ignore: skip("wire_silence_test.ts"),
  async fn() {
    await using t = await topology({ router: "weir" });
    await t.ready();
    const before = await sentByKernel(t);
    using wan = t.within("wan", () => new WireTap("eth0"));
    using lan = t.within("lan", () => new WireTap("eth0"));
    const client = t.client("lan");
    assert.equal((await client.call("ping", { to: WAN.ipv4, count: 2 })).received, 2);

    const routerMac = (await arpReplies(lan, "192.168.1.77", ROUTER_LAN.ipv4))[0]!.subarray(6, 12);
    const mac = [...routerMac].map((b) => b.toString(16).padStart(2, "0")).join(":");
    assert.equal((await arpReplies(wan, "198.51.100.77", ROUTER_WAN.ipv4)).length, 1, "one answer on WAN");
    assert.equal(
      (await arpReplies(wan, "198.51.100.77", ROUTER_LAN.ipv4)).length,
      0,
      "not for LAN's address",
    );

    lan.take();
    lan.send(solicit("2001:db8:1::77", ROUTER_LAN.routed));
    assert.equal((await lan.collect(isIcmpv6(136), 300)).length, 1, "one neighbour advertisement");

    // A port nobody listens on: from WAN silence, from LAN the host's answer by way of weir, once.
    wan.take();
    const wanMac = (await arpReplies(wan, "198.51.100.77", ROUTER_WAN.ipv4))[0]!.subarray(6, 12);
    const toWan = [...wanMac].map((b) => b.toString(16).padStart(2, "0")).join(":");
    const syn = tcp({ from: "198.51.100.77", to: ROUTER_WAN.ipv4 }, 4711, 9999, { flags: 2 });
    wan.send(ethernet(PROBER, toWan, syn));
    wan.send(ethernet(PROBER, toWan, udp({ from: "198.51.100.77", to: ROUTER_WAN.ipv4 }, 4711, 9999)));
    const back = (frame: Uint8Array) => isIpv4(6)(frame) || isIpv4(1)(frame);
    assert.equal((await wan.collect(back, 300)).length, 0, "no RST, no port unreachable towards WAN");

    lan.take();
    const own = { from: "192.168.1.77", to: ROUTER_LAN.ipv4 };
    lan.send(ethernet(PROBER, mac, tcp(own, 4711, 9999, { flags: 2 })));
    assert.equal((await lan.collect(isIpv4(6), 500)).length, 1, "one RST towards LAN");

    // Queries that every IPv6 stack answers.
    const query = icmp({ from: "fe80::99", to: "ff02::1", ttl: 1 }, 130, 0, 10 << 16, new Uint8Array(16));
    for (const tap of [lan, wan]) {
      tap.send(ethernet(PROBER, "33:33:00:00:00:01", query));
      tap.send(ethernet(PROBER, "33:33:00:00:00:01", icmp({ from: "fe80::99", to: "ff02::1" }, 128, 0, 1)));
      tap.send(arp(PROBER, "0.0.0.0", "192.168.1.1"));
    }
    // A wire that goes and comes back makes a stack solicit routers and join its groups anew.
    t.within("router", () => {
      const socket = openRoute();
      setLink(socket, "lan1", { up: false });
      setLink(socket, "lan1", { up: true });
      socket.close();
    });
    await new Promise((resolve) => setTimeout(resolve, 2500));
    assert.deepEqual(await sentByKernel(t), before);
  },
});

async function arpReplies(tap: WireTap, from: string, target: string): Promise<Uint8Array[]> {
  tap.take();
  tap.send(arp(PROBER, from, target));
  const own = (frame: Uint8Array) => isArpReply(target)(frame) && frame[5] === 0x99;
  return await tap.collect(own, 300);
}

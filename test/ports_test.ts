import assert from "node:assert/strict";
import { LAN2, ROUTER_LAN, ROUTER_WAN, WAN } from "../config/cli/demo/settings.ts";
import { FILES } from "../config/cli/demo/files.ts";
import { namespaceLinks } from "../config/cli/demo/counters.ts";
import { ethernet, icmp, tcp, udp } from "../core/packet/build.ts";
import { u16 } from "../core/packet/bytes.ts";
import { answerAs, gatewayOf } from "./gateway.ts";
import { skip } from "./needs.ts";
import { type Topology, topology } from "./topology.ts";
import { pause, until } from "./waiting.ts";
import { WireTap } from "./wire_tap.ts";

/**
 * Trouble with ports, neighbours and tables: the rest goes on, and what was lost is counted and said.
 */
const ignore = skip("test/ports_test.ts", "ip", "ping", "nft");
const STATION = { mac: "02:00:00:00:00:77", ipv4: "192.168.1.77", ipv6: "2001:db8:1::77" };
const OUTSIDE = { mac: "02:00:00:00:00:66", ipv4: "198.51.100.66", ipv6: "2001:db8:f::66" };

const ip = async (t: Topology, place: Parameters<Topology["run"]>[0], line: string) => {
  const { code, stderr } = await t.run(place, "ip", line.split(" "));
  assert.equal(code, 0, `ip ${line}: ${stderr}`);
};

/** One echo request; whether it was answered. */
async function answered(t: Topology, from: "lan" | "lan2", to: string): Promise<boolean> {
  return (await t.run(from, "ping", ["-n", "-c", "1", "-W", "1", to])).code === 0;
}

async function port(t: Topology, name: string) {
  const found = (await t.weir.status()).ports.find((entry) => entry.name === name);
  assert.ok(found !== undefined, `no port ${name}`);
  return found;
}

/** Whether the kernel's drop chain hangs on the device. */
async function isQuiet(t: Topology, device: string): Promise<boolean> {
  const { stdout } = await t.run("router", "nft", ["list", "ruleset"]);
  return new RegExp(`hook ingress device "?${device}"? priority .*policy drop`).test(stdout);
}

Deno.test({
  name: "a port goes down or vanishes: the others go on, it is taken back quiet",
  ignore,
  async fn(test) {
    await using t = await topology({ router: "weir" });
    await t.ready();
    await until("LAN reaches WAN", () => answered(t, "lan", WAN.ipv4));

    await test.step("down: its bridge's other port goes on, and it comes back", async () => {
      await ip(t, "router", "link set lan0 down");
      await until("the port is seen down", async () => !(await port(t, "lan0")).up, 2);
      assert.ok(await answered(t, "lan2", WAN.ipv4));
      assert.ok(await answered(t, "lan2", WAN.ipv6));
      assert.ok(!(await answered(t, "lan", WAN.ipv4)));
      await ip(t, "router", "link set lan0 up");
      await until("the port is seen up", async () => (await port(t, "lan0")).up, 3);
      await until("LAN reaches WAN again", () => answered(t, "lan", WAN.ipv4));
      assert.ok(await answered(t, "lan", LAN2.ipv4));
    });

    await test.step("no carrier: the far end goes down and comes back", async () => {
      await ip(t, "wan", "link set eth0 down");
      await until("the port is seen down", async () => !(await port(t, "wan")).up, 3);
      assert.ok(await answered(t, "lan", LAN2.ipv4));
      assert.ok(await answered(t, "lan", ROUTER_LAN.ipv4));
      await ip(t, "wan", "link set eth0 up");
      // IPv6 addresses and their routes went with the link
      await ip(t, "wan", `-6 addr add ${WAN.ipv6}/64 dev eth0 nodad`);
      await ip(t, "wan", `-6 route add 2001:db8:1::/64 via ${ROUTER_WAN.ipv6}`);
      await until("LAN reaches WAN again", () => answered(t, "lan", WAN.ipv4));
    });

    await test.step("gone and made again by the same name: taken back, and the kernel is kept off anew", async () => {
      for (const again of [1, 2]) {
        await ip(t, "router", "link del wan0");
        await until("the port is seen down", async () => !(await port(t, "wan")).up, 2);
        assert.ok(await answered(t, "lan", LAN2.ipv4), `LAN to LAN, time ${again}`);
        assert.ok(await answered(t, "lan", ROUTER_LAN.routed));
        assert.ok(await answered(t, "lan", ROUTER_LAN.ipv4));
        await ip(t, "router", `link add wan0 type veth peer name eth0 netns ${t.namespace("wan")}`);
        t.network.plug("wan");
        await until("the port is up again", async () => (await port(t, "wan")).up, 4);
        await until("it is quiet", () => isQuiet(t, "wan0"), 3);
        assert.equal(sysctl(t, "net/ipv6/conf/wan0/disable_ipv6"), "1");
        assert.equal(sysctl(t, "net/ipv4/conf/wan0/arp_ignore"), "1");
        await until("LAN reaches WAN again", () => answered(t, "lan", WAN.ipv4));
        await until("by IPv6 too", () => answered(t, "lan", WAN.ipv6));
      }
    });

    await test.step("the kernel says nothing on the port that was taken back", async () => {
      const [device, ours] = await settledCounts(t, "wan0", "wan");
      using tap = t.within("wan", () => new WireTap("eth0"));
      const gateway = await gatewayOf(tap, OUTSIDE, ROUTER_WAN.ipv4);
      const to = { from: OUTSIDE.ipv4, to: ROUTER_WAN.ipv4 };
      tap.send(ethernet(OUTSIDE.mac, gateway, tcp(to, 4711, 9999, { flags: 2 })));
      tap.send(ethernet(OUTSIDE.mac, gateway, udp(to, 4711, 9999)));
      tap.send(
        ethernet(OUTSIDE.mac, "33:33:00:00:00:01", icmp({ from: "fe80::99", to: "ff02::1" }, 128, 0, 1)),
      );
      await pause(500);
      const [deviceNow, oursNow] = await settledCounts(t, "wan0", "wan");
      assert.equal(deviceNow - device, oursNow - ours, "frames on the wire that weir did not send");
    });
  },
});

Deno.test({
  name: "a neighbour that never answers: the sender hears host unreachable, both families",
  ignore,
  async fn() {
    await using t = await topology({ router: "weir" });
    const { lan } = await t.ready();
    assert.ok(lan !== "");
    const [four, six] = await Promise.all(
      ["198.51.100.99", "2001:db8:f::99"].map((to) => t.run("lan", "ping", ["-n", "-c", "1", "-W", "5", to])),
    );
    assert.match(
      four!.stdout,
      /From (192\.168\.1\.1|198\.51\.100\.2) icmp_seq=1 Destination Host Unreachable/,
    );
    assert.match(six!.stdout, /From 2001:db8:1::1 icmp_seq=1 Destination unreachable: Address unreachable/);
  },
});

Deno.test({
  name: "the flow table is full: established flows go on, drops are counted and said",
  ignore,
  async fn(test) {
    const config = `${FILES["demo.yaml"]!}\nconntrack: { max: 64 }\n`;
    await using t = await topology({ router: "weir", config });
    const server = t.client("wan");
    await server.call("serveHttp", { port: 80 });
    using lan = t.within("lan", () => new WireTap("eth0", 4096));
    using wan = t.within("wan", () => new WireTap("eth0", 4096));
    const gateway = await gatewayOf(lan, STATION, ROUTER_LAN.ipv4);
    await until("LAN reaches WAN", () => answered(t, "lan", WAN.ipv4));
    const flow = { from: STATION.ipv4, to: OUTSIDE.ipv4 };
    const send = (packet: Uint8Array) => lan.send(ethernet(STATION.mac, gateway, packet));
    const transfer = t.run("lan", "curl", [
      ...["-sS", "--noproxy", "*", "--limit-rate", "1000000", "-o", "/dev/null", "-w", "%{size_download}"],
      `http://${WAN.ipv4}/3000000`,
    ]);
    await pause(500);
    const outside = await gatewayOf(wan, OUTSIDE, ROUTER_WAN.ipv4);
    await establish(lan, wan, { inside: gateway, outside }, 80);
    await pause(150);
    const full = await t.weir.status(), before = await connections(t);
    await test.step("it holds as many flows as it may", () => {
      assert.equal(full.flows.max, 64);
      assert.ok(full.flows.count <= 64 && full.flows.count > 50, `${full.flows.count} flows`);
    });
    await test.step("a flood of new ones displaces no established flow", async () => {
      wan.take();
      for (let i = 0; i < 500; i++) send(udp(flow, 20000 + i, 7000));
      await pause(300);
      const { stdout, code } = await transfer;
      assert.equal(code, 0);
      assert.equal(stdout, "3000000");
      assert.ok(before.length > 40, `${before.length} connections`);
      assert.deepEqual(await connections(t), before);
    });
    await test.step("what the operator sees", async () => {
      assert.match((await t.weirCommand("status")).stdout, /flows +\d+ of 64/);
      const { stdout } = await t.weirCommand("conntrack", "-S");
      const [, dropped, displaced] = /\bdrop=(\d+) early_drop=(\d+)/.exec(stdout)!;
      assert.ok(Number(dropped) + Number(displaced) > 490, stdout);
      await pause(1100);
      await t.weir[Symbol.asyncDispose]();
      assert.match(await t.weir.said, /warning: the flow table is full: \d+ of 64 flows; new ones displace/);
    });
  },
});

Deno.test({
  name: "frames for others and impossible addresses are dropped and counted, never forwarded",
  ignore,
  async fn(test) {
    await using t = await topology({ router: "weir" });
    using lan = t.within("lan", () => new WireTap("eth0"));
    using wan = t.within("wan", () => new WireTap("eth0"));
    const inside = await gatewayOf(lan, STATION, ROUTER_LAN.ipv4);
    const outside = await gatewayOf(wan, OUTSIDE, ROUTER_WAN.ipv4);
    const dropped = async (reason: string) => (await t.weir.status()).drops[reason] ?? 0;

    interface Case {
      readonly name: string;
      readonly reason: string;
      readonly tap: WireTap;
      readonly far: WireTap;
      readonly frame: Uint8Array;
    }
    const fromLan = { tap: lan, far: wan }, fromWan = { tap: wan, far: lan };
    const lanFrame = (from: string, to: string) =>
      ethernet(STATION.mac, inside, udp({ from, to }, 4999, 4999));
    const wanFrame = (from: string, to: string) =>
      ethernet(OUTSIDE.mac, outside, udp({ from, to }, 4999, 4999));
    const cases: readonly Case[] = [
      {
        name: "another station's MAC on WAN",
        reason: "otherhost",
        ...fromWan,
        frame: ethernet(
          OUTSIDE.mac,
          "02:00:00:00:00:55",
          udp({ from: OUTSIDE.ipv4, to: ROUTER_WAN.ipv4 }, 4999, 4999),
        ),
      },
      { name: "from loopback", reason: "martian-source", ...fromLan, frame: lanFrame("127.0.0.1", WAN.ipv4) },
      { name: "from a group", reason: "martian-source", ...fromLan, frame: lanFrame("224.0.0.5", WAN.ipv4) },
      { name: "from nobody", reason: "martian-source", ...fromLan, frame: lanFrame("0.0.0.0", WAN.ipv4) },
      {
        name: "to loopback",
        reason: "martian-destination",
        ...fromWan,
        frame: wanFrame(OUTSIDE.ipv4, "127.0.0.1"),
      },
      { name: "from ::1", reason: "martian-source", ...fromLan, frame: lanFrame("::1", WAN.ipv6) },
      { name: "to ::1", reason: "martian-destination", ...fromWan, frame: wanFrame(OUTSIDE.ipv6, "::1") },
      { name: "from ff02::1", reason: "martian-source", ...fromLan, frame: lanFrame("ff02::1", WAN.ipv6) },
      {
        name: "from our own address",
        reason: "martian-source",
        ...fromLan,
        frame: lanFrame(ROUTER_LAN.ipv4, WAN.ipv4),
      },
    ];
    for (const { name, reason, tap, far, frame } of cases) {
      await test.step(name, async () => {
        const before = await dropped(reason);
        far.take();
        for (let i = 0; i < 5; i++) tap.send(frame);
        await until(`5 more ${reason}`, async () => await dropped(reason) >= before + 5, 2);
        assert.equal(await dropped(reason), before + 5);
        const passed = far.take().filter((other) => isUdpTo(other, 4999));
        assert.equal(passed.length, 0);
      });
    }
    await test.step("cut short, lying about lengths: counted, and the router goes on", async () => {
      const whole = lanFrame(STATION.ipv4, WAN.ipv4);
      for (let length = 14; length < whole.length; length++) lan.send(whole.subarray(0, length));
      for (const [at, value] of [[14, 0x4f], [14, 0x55], [16, 0xff], [24, 0], [38, 0xff]] as const) {
        const lying = whole.slice();
        lying[at] = value;
        lan.send(lying);
      }
      await until("they are counted", async () => {
        const { drops } = await t.weir.status();
        return (drops["truncated"] ?? 0) + (drops["bad-length"] ?? 0) > 25 &&
          (drops["bad-checksum"] ?? 0) > 0;
      });
      assert.ok(await answered(t, "lan", ROUTER_LAN.ipv4));
      assert.equal((await t.weir.status()).deaths, 0);
    });
  },
});

const isUdpTo = (frame: Uint8Array, dport: number): boolean =>
  (u16(frame, 12) === 0x0800 && frame[23] === 17 && u16(frame, 36) === dport) ||
  (u16(frame, 12) === 0x86dd && frame[20] === 17 && u16(frame, 56) === dport);

/** Connections of the station, without their timers. */
async function connections(t: Topology): Promise<string[]> {
  const { stdout } = await t.weirCommand("conntrack", "-L", "-p", "tcp", "-s", STATION.ipv4);
  return stdout.split("\n").filter((line) => line.includes("ESTABLISHED") && line.includes("[ASSURED]"))
    .map((line) => line.replace(/^tcp +6 \d+|packets=\d+ bytes=\d+ ?/g, "")).sort();
}

/** TCP connections from the station to a station outside, each through its handshake. */
async function establish(
  lan: WireTap,
  wan: WireTap,
  gateways: { readonly inside: string; readonly outside: string },
  connections: number,
): Promise<void> {
  const { inside, outside } = gateways, out = { from: STATION.ipv4, to: OUTSIDE.ipv4 };
  const send = (sport: number, flags: number, sequence: number, acknowledgement: number) => {
    const segment = tcp(out, sport, 7, { flags, sequence, acknowledgement });
    lan.send(ethernet(STATION.mac, inside, segment));
  };
  for (let i = 0; i < connections; i++) {
    send(10000 + i, SYN, 100, 0);
    for (const wait = performance.now() + 50; performance.now() < wait;) {
      const caught = wan.take();
      for (const frame of caught) answerAs(wan, OUTSIDE, frame);
      const arrived = caught.find((frame) => isTcp(frame) && u16(frame, 36) === 7 && frame[47] === SYN);
      if (arrived !== undefined) {
        const back = { from: OUTSIDE.ipv4, to: ROUTER_WAN.ipv4 }, sport = u16(arrived, 34);
        const answer = tcp(back, 7, sport, { flags: SYN | ACK, sequence: 500, acknowledgement: 101 });
        wan.send(ethernet(OUTSIDE.mac, outside, answer));
        await lan.collect(isTcp, 50, 1);
        send(10000 + i, ACK, 101, 501);
        break;
      }
      await pause(1);
    }
  }
}
const SYN = 2, ACK = 16;
const isTcp = (frame: Uint8Array): boolean => u16(frame, 12) === 0x0800 && frame[23] === 6;

/** Frames sent by a device, and those of them that weir sent; once both stand still. */
async function settledCounts(t: Topology, device: string, name: string): Promise<[number, number]> {
  for (let attempt = 0; attempt < 50; attempt++) {
    const before = namespaceLinks(t.namespace("router"))[device]!.txPackets;
    const ours = (await port(t, name)).txPackets;
    if (namespaceLinks(t.namespace("router"))[device]!.txPackets === before) return [before, ours];
    await pause(20);
  }
  throw new Error("the counters never stood still");
}

const sysctl = (t: Topology, key: string): string =>
  t.within("router", () => Deno.readTextFileSync(`/proc/sys/${key}`)).trim();

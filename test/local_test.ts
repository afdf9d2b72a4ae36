import assert from "node:assert/strict";
import { HTTP_PORT, LAN, ROUTER_LAN, ROUTER_WAN, WAN } from "../config/cli/demo/settings.ts";
import { urlHost } from "../config/cli/demo/address.ts";
import { readKernelFile } from "../drivers/sys/kernel_file.ts";
import { linkByName, openRoute } from "../drivers/sys/rtnetlink.ts";
import { u16 } from "../core/packet/bytes.ts";
import { formatMac } from "../core/packet/address.ts";
import { skip } from "./needs.ts";
import { type Output, type Topology, topology } from "./topology.ts";
import { pause } from "./waiting.ts";
import { WireTap } from "./wire_tap.ts";

/**
 * Programs on the router itself: what they serve on LAN and what they ask for themselves goes by the local devices.
 */
Deno.test({
  name: "the router's own programs: served to LAN, hidden from WAN, on their way out by the right address",
  ignore: skip("test/local_test.ts", "curl", "ping", "ip"),
  async fn(test) {
    await using t = await topology({ router: "weir" });
    const { lan: lanIpv6 } = await t.ready();
    const services = t.client("router"), wan = t.client("wan"), lan = t.client("lan");
    await services.call("serveHttp", { port: 8000 });
    await services.call("serveEcho", { port: 8007 });
    await wan.call("serveHttp", { port: HTTP_PORT });
    await wan.call("serveEcho", { port: 7 });

    for (const [to, from] of [[ROUTER_LAN.ipv4, LAN.ipv4], [ROUTER_LAN.routed, lanIpv6]] as const) {
      await test.step(`a server on the router answers LAN at ${to}`, async () => {
        const got = await lan.call("fetchBody", { to, port: 8000, bytes: 5_000_000, timeout: 10_000 });
        assert.ok(got.intact);
        assert.equal(got.seenFrom, from);
        const sent = { to, port: 8000, bytes: 5_000_000, upload: true, timeout: 10_000 };
        assert.ok((await lan.call("fetchBody", sent)).intact);
      });
      await test.step(`UDP, whole and in fragments, at ${to}`, async () => {
        for (const size of [100, 5000]) {
          const got = await lan.call("echo", { to, port: 8007, count: 10, size });
          assert.deepEqual(got, { sent: 10, received: 10, seenFrom: from });
        }
      });
      await test.step(`a port nobody listens on at ${to} is refused`, async () => {
        assert.equal(await lan.call("probe", { to, port: 8001, timeout: 1500 }), "refused");
      });
    }
    await test.step("by the WAN address it is LAN's too", async () => {
      const got = await lan.call("fetchBody", {
        to: ROUTER_WAN.ipv4,
        port: 8000,
        bytes: 1000,
        timeout: 5000,
      });
      assert.ok(got.intact);
    });
    for (const to of [ROUTER_WAN.ipv4, ROUTER_WAN.ipv6, ROUTER_LAN.routed]) {
      await test.step(`from WAN nobody is there at ${to}`, async () => {
        await services.call("served", {});
        assert.equal(await wan.call("probe", { to, port: 8000, timeout: 700 }), "silent");
        assert.deepEqual(await services.call("served", {}), []);
      });
    }

    for (const [to, from] of [[WAN.ipv4, ROUTER_WAN.ipv4], [WAN.ipv6, ROUTER_WAN.ipv6]] as const) {
      await test.step(`curl from the router to ${to}: the WAN address speaks`, async () => {
        const { code, stdout, stderr } = await curl(t, `http://${urlHost(to)}:${HTTP_PORT}/3000000`);
        assert.equal(code, 0, stderr);
        assert.equal(stdout, "200 3000000");
        assert.deepEqual((await wan.call("served", {})).map((request) => request.from), [from]);
      });
      await test.step(`ping and UDP from the router to ${to}`, async () => {
        await wan.call("echoSources", {});
        const size = ["-s", "3000"];
        const { stdout } = await t.run("router", "ping", [
          "-n",
          "-c",
          "3",
          "-i",
          "0.1",
          "-W",
          "1",
          ...size,
          to,
        ]);
        assert.match(stdout, /3 packets transmitted, 3 received/);
        const got = await services.call("echo", { to, port: 7, count: 5, size: 700 });
        assert.deepEqual(got, { sent: 5, received: 5, seenFrom: from });
      });
    }
    await test.step("LAN hosts hear the router speak by its LAN address", async () => {
      await lan.call("serveEcho", { port: 9007 });
      for (const [to, from] of [[LAN.ipv4, ROUTER_LAN.ipv4], [lanIpv6, ROUTER_LAN.routed]] as const) {
        const got = await services.call("echo", { to, port: 9007, count: 5, size: 100 });
        assert.deepEqual(got, { sent: 5, received: 5, seenFrom: from });
      }
    });
    await test.step("the flows of the router's own programs are tracked", async () => {
      const { stdout } = await t.weirCommand("conntrack", "-L", "-s", ROUTER_WAN.ipv4, "-p", "udp");
      assert.match(stdout, new RegExp(`src=${ROUTER_WAN.ipv4} dst=${WAN.ipv4} .*dport=7 `));
    });
    await test.step("the kernel routes nothing itself", () => {
      const forwarding = t.within("router", () => readKernelFile("/proc/sys/net/ipv4/ip_forward"));
      assert.equal(forwarding.trim(), "0");
    });
  },
});

Deno.test({
  name: "multicast and neighbour discovery of the router's own stack end in weir",
  ignore: skip("test/local_test.ts", "ip", "ping"),
  async fn() {
    await using t = await topology({ router: "weir" });
    await t.ready();
    using onLan = t.within("lan", () => new WireTap("eth0"));
    using onWan = t.within("wan", () => new WireTap("eth0"));
    await pause(1500);
    onLan.take();
    onWan.take();
    const own = t.within("router", () => {
      const socket = openRoute();
      try {
        return ["lan0", "wan0"].map((device) => formatMac(linkByName(socket, device)!.mac!));
      } finally {
        socket.close();
      }
    });

    // The stack joins groups and takes addresses, which it would announce on an Ethernet device.
    for (const device of ["lan", "wan"]) {
      await t.run("router", "ip", ["maddr", "add", "33:33:00:00:12:34", "dev", device]);
      await t.run("router", "ip", ["-6", "address", "add", "2001:db8:1::1234/128", "dev", device]);
    }
    const joined = t.spawn("router", Deno.execPath(), {
      args: ["eval", JOIN],
      stdin: "null",
      stdout: "null",
      stderr: "null",
    });
    await pause(1500);
    joined.kill();
    await joined.status;
    const ours = (frame: Uint8Array) => own.includes(formatMac(frame.subarray(6, 12)));
    const heardOnLan = onLan.take().filter(ours), heardOnWan = onWan.take().filter(ours);
    const frames = [...heardOnLan, ...heardOnWan];
    const types = new Map<string, number>();
    for (const frame of frames) {
      const name = described(frame);
      types.set(name, (types.get(name) ?? 0) + 1);
    }
    // Weir itself speaks neighbour discovery, MLD and advertisements here. What betrays the stack: solicitations of
    // routers on LAN, where weir is the router, and groups and addresses that only the stack knows.
    const leaked = frames.filter((frame) =>
      isRouterSolicitation(frame) || includes(frame, GROUP) ||
      includes(frame, [0x33, 0x33, 0, 0, 0x12, 0x34]) ||
      includes(frame, [0xff, 0, 0x12, 0x34])
    );
    assert.deepEqual(leaked.map(described), [], [...types].join("; "));
    // What a program asks for on purpose goes out, and only there: IPv4 has no other who would report the group.
    assert.ok(heardOnLan.some((frame) => isIgmp(frame) && includes(frame, [239, 1, 2, 3])));
    assert.ok(!heardOnWan.some(isIgmp));
    const { stdout } = await t.run("router", "ping", ["-n", "-c", "2", "-W", "1", "-I", "lan", "ff02::1"]);
    assert.match(stdout, /2 packets transmitted, 2 received/);
  },
});

/** ff02::1234:5678, which a program on the router joins. */
const GROUP = [0xff, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x12, 0x34, 0x56, 0x78];
const JOIN = `
  import { createSocket } from "node:dgram";
  import { networkInterfaces } from "node:os";
  const six = createSocket("udp6"), four = createSocket("udp4");
  six.bind(7777, () => { for (const name of ["lan", "wan"]) six.addMembership("ff02::1234:5678", "::%" + name); });
  four.bind(7778, () => four.addMembership("239.1.2.3", "${ROUTER_LAN.ipv4}"));
  setTimeout(() => {}, 10000);
`;

const isRouterSolicitation = (frame: Uint8Array): boolean =>
  u16(frame, 12) === 0x86dd && frame[20] === 58 && frame[54] === 133;
const isIgmp = (frame: Uint8Array): boolean => u16(frame, 12) === 0x0800 && frame[23] === 2;
const includes = (frame: Uint8Array, bytes: readonly number[]): boolean =>
  frame.some((_, at) => bytes.every((byte, i) => frame[at + i] === byte));

const described = (frame: Uint8Array): string => {
  const type = u16(frame, 12).toString(16);
  if (type === "86dd") {
    const hop = frame[20] === 0;
    return `IPv6 protocol ${hop ? `0/${frame[54]}` : frame[20]} type ${frame[hop ? 62 : 54]}`;
  }
  return type === "800" ? `IPv4 protocol ${frame[23]}` : type;
};

const curl = (t: Topology, url: string): Promise<Output> =>
  t.run("router", "curl", [
    ...[
      "-sS",
      "--noproxy",
      "*",
      "--max-time",
      "10",
      "-o",
      "/dev/null",
      "-w",
      "%{http_code} %{size_download}",
    ],
    url,
  ]);

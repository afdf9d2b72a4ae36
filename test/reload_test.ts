import assert from "node:assert/strict";
import { ask } from "../config/control/client.ts";
import { FILES } from "../config/cli/demo/files.ts";
import { ROUTER_LAN, ROUTER_WAN, WAN } from "../config/cli/demo/settings.ts";
import { skip } from "./needs.ts";
import { NumberedStream } from "./numbered_stream.ts";
import { gatewayOf } from "./gateway.ts";
import { downloadPaced, servePaced } from "./paced.ts";
import { type Topology, topology } from "./topology.ts";
import { WireTap } from "./wire_tap.ts";
import { pause, until } from "./waiting.ts";

/**
 * Promises P2 and P3: a reload never has a moment without a full ruleset, and a rejected one changes nothing.
 */
const SECONDS = 20, RATE = 1_000_000;
const STATION = { mac: "02:00:00:00:00:77", ipv4: "192.168.1.77", ipv6: "2001:db8:1::77" };
const OUTSIDE = { mac: "02:00:00:00:00:66", ipv4: "198.51.100.66", ipv6: "2001:db8:f::66" };

/** The demo's rules, and the same with many more that match nothing, so that each reload is a true one. */
const RULESETS = [
  FILES["demo.nft"]!,
  FILES["demo.nft"]! + Array.from(
    { length: 100 },
    (_, i) => `insert rule inet filter forward ip saddr 10.9.${i}.0/24 tcp dport ${1000 + i} counter drop\n`,
  ).join(""),
];

Deno.test({
  name: "100 reloads and more during a transfer: nothing lost, reordered or wrongly passed",
  ignore: skip("test/reload_test.ts", "curl"),
  async fn() {
    await using t = await topology({ router: "weir" });
    await t.ready();
    await servePaced(t, RATE);
    using lan = t.within("lan", () => new WireTap("eth0", 8192));
    using wan = t.within("wan", () => new WireTap("eth0", 8192));
    const inside = await gatewayOf(lan, STATION, ROUTER_LAN.ipv4);
    const outside = await gatewayOf(wan, OUTSIDE, ROUTER_WAN.ipv4);

    const flow = { tap: lan, mac: STATION.mac, gateway: inside, sport: 4000 };
    const blocked = { tap: wan, mac: OUTSIDE.mac, gateway: outside, sport: 4000 };
    const streams = {
      established: new NumberedStream({ ...flow, from: STATION.ipv4, to: WAN.ipv4, dport: 5001, rate: 2000 }),
      fresh: new NumberedStream({
        ...flow,
        from: STATION.ipv6,
        to: WAN.ipv6,
        dport: 5002,
        rate: 100,
        fresh: true,
      }),
      rejected: new NumberedStream({
        ...flow,
        from: STATION.ipv4,
        to: "10.1.1.1",
        dport: 5003,
        rate: 50,
        fresh: true,
      }),
      uninvited: new NumberedStream({
        ...{ ...blocked, from: OUTSIDE.ipv6, to: STATION.ipv6, dport: 5004, rate: 200, fresh: true },
      }),
      bogon: new NumberedStream({ ...blocked, from: "10.2.2.2", to: ROUTER_WAN.ipv4, dport: 8080, rate: 50 }),
    };
    const transfer = downloadPaced(t, WAN.ipv4, SECONDS * RATE);
    const start = performance.now();
    let running = true;
    const reloads = reloadUntil(t, () => !running);
    for (let now = 0; now < SECONDS * 1000; now = performance.now() - start) {
      for (const stream of Object.values(streams)) stream.sendUntil(now);
      read(wan, lan, streams);
      await pause(2);
    }
    running = false;
    const generations = await reloads;
    const { intact, seconds } = await transfer;
    await pause(300);
    read(wan, lan, streams);

    assert.ok(generations >= 100, `${generations} reloads`);
    assert.ok(intact);
    assert.ok(seconds > SECONDS * 0.95, `the transfer took ${seconds} s`);
    const { established, fresh, rejected, uninvited, bogon } = streams;
    assert.ok(established.sent > 1900 * SECONDS, `${established.sent} sent`);
    assert.deepEqual(established.report(), { lost: 0, repeated: 0, reordered: 0 }, "established flow");
    assert.deepEqual(fresh.report(), { lost: 0, repeated: 0, reordered: 0 }, "a new flow each");
    for (const [name, stream] of Object.entries({ rejected, uninvited, bogon })) {
      assert.ok(stream.sent > 0);
      assert.equal(stream.received, 0, `${name} passed`);
    }
    console.log(`${generations} reloads in ${SECONDS} s, ${established.sent} numbered datagrams`);
  },
});

function read(wan: WireTap, lan: WireTap, streams: Readonly<Record<string, NumberedStream>>): void {
  for (const frame of [...wan.take(), ...lan.take()]) {
    for (const stream of Object.values(streams)) if (stream.take(frame)) break;
  }
}

/** Reloads back to back, every tenth by SIGHUP; each with the other ruleset. How many there were. */
async function reloadUntil(t: Topology, over: () => boolean): Promise<number> {
  let count = 0;
  const before = (await t.weir.status()).generation;
  while (!over()) {
    await Deno.writeTextFile(`${t.directory}/demo.nft`, RULESETS[++count % 2]!);
    if (count % 10 !== 0) {
      let said = "";
      const status = await ask(t.socket, { command: "reload" }, (response) => {
        if ("err" in response) said += response.err;
      });
      assert.equal(status, 0, said);
    } else {
      const { generation } = await t.weir.status();
      Deno.kill(t.weir.pid, "SIGHUP");
      await until("SIGHUP reloads", async () => (await t.weir.status()).generation > generation);
    }
  }
  assert.equal((await t.weir.status()).generation, before + count);
  return count;
}

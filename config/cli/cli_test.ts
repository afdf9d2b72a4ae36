import assert from "node:assert/strict";
import { portCounters } from "../../core/port.ts";
import { flowFilter } from "../control/flow_selection.ts";
import type { RouterStatus } from "../status.ts";
import { selectionOf } from "./conntrack.ts";
import { table } from "./output.ts";
import { portText, statusText } from "./status.ts";

const STATUS: RouterStatus = {
  hostname: "weir",
  version: "0.1.0",
  config: {
    path: "/etc/weir/weir.yaml",
    loaded: "2026-01-01T00:00:00.000Z",
    error: "weir.yaml:1:1-1: Error: x\nmore\n",
  },
  generation: 3,
  uptime: 3725,
  ports: [
    { name: "wan", kind: "packet", device: "eth0", up: true, ...portCounters(), rxPackets: 12345 },
    { name: "lan", kind: "packet", device: "eth1", up: false, ...portCounters() },
  ],
  interfaces: [
    { name: "wan", ports: ["wan"], addresses: ["198.51.100.2/24"] },
    { name: "lan", ports: ["lan1", "lan2"], addresses: [] },
  ],
  batches: 4,
  packets: 20000,
  forwarded: 900,
  flows: { count: 2, max: 1000 },
  cpu: { total: 4e7, receive: 2e7, process: 1e7, transmit: 1e7 },
  drops: { policy: 2, "no-route": 0, martian: 9 },
  deaths: 0,
  failed: "",
};

Deno.test("status: what a person looks for", () => {
  assert.equal(
    statusText(STATUS),
    `router      weir, weir 0.1.0, up 1 h 2 min
config      /etc/weir/weir.yaml, generation 3, loaded 2026-01-01T00:00:00.000Z
            the last reload was refused: weir.yaml:1:1-1: Error: x
packets     20000 in, 900 forwarded, 4 batches
flows       2 of 1000
cpu         0.04 s, 2000 ns a packet
            receive 50 %, process 25 %, transmit 25 %
wan         198.51.100.2/24
lan         no address (lan1, lan2)
dropped     martian 9, policy 2
`,
  );
  assert.match(statusText({ ...STATUS, failed: "it died" }), /^FORWARDING +STOPPED: it died$/m);
});

Deno.test("port: columns aligned, numbers to the right", () => {
  const [head, wan, lan] = portText(STATUS).split("\n");
  assert.match(head!, /^port +device +kind +state +rx packets +rx bytes/);
  assert.match(wan!, /^wan +eth0 +packet +up +12345 +0/);
  assert.equal(wan!.indexOf("12345") + 5, head!.indexOf("rx packets") + 10);
  assert.match(lan!, /down/);
  assert.equal(table([["a", 1], ["bcd", 22]]), "a     1\nbcd  22\n");
});

Deno.test("conntrack: a selection is read whole or refused with a reason", () => {
  assert.deepEqual(selectionOf({ proto: "tcp", src: "192.168.1.5", sport: "80", mark: "0x10" }), {
    protocol: "tcp",
    source: "192.168.1.5",
    sourcePort: 80,
    mark: 16,
  });
  assert.equal(selectionOf({ family: "ipx" }), "unknown family ipx: ipv4 or ipv6");
  assert.equal(selectionOf({ dport: "65536" }), "65536 is no number of 0 to 65535");
  assert.deepEqual(flowFilter({ protocol: "ICMPv6", destination: "2001:db8::1" }), {
    ok: true,
    filter: { family: 6, protocol: 58, destination: [0x20010db8, 0, 0, 1] },
  });
  for (
    const selection of [{ protocol: "tpc" }, { source: "192.168.1" }, {
      family: "ipv6",
      source: "10.0.0.1",
    }] as const
  ) {
    assert.ok(!flowFilter(selection).ok);
  }
});

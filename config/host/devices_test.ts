import assert from "node:assert/strict";
import { collector, renderDiagnostics } from "../diagnostic.ts";
import { parseConfig } from "../load.ts";
import { Devices } from "./devices.ts";
import { FakeHost } from "./fake_host.ts";

const FIRST = `version: 1
ruleset: weir.nft
ports:
  wan:
    match: { name: eth0 }
    addresses: [198.51.100.2/24]
    routes: [{ to: default, via: 198.51.100.1 }]
  lan1: { match: { name: eth1 } }
  lan2: { match: { macaddress: "02:00:00:00:00:03" }, mtu: 1400 }
bridges:
  lan: { interfaces: [lan1, lan2], addresses: [192.168.1.1/24] }
`;

/** Another WAN address and gateway, another MTU, a bridge less and a port more. */
const SECOND = `version: 1
ruleset: weir.nft
ports:
  wan:
    match: { name: eth0 }
    mtu: 1480
    addresses: [203.0.113.2/24]
    routes: [{ to: default, via: 203.0.113.1 }, { to: 10.0.0.0/8, via: 203.0.113.9 }]
  dmz: { match: { name: eth3 }, addresses: [192.168.9.1/24] }
`;

const fakeHost = () => new FakeHost(4);

function config(text: string) {
  const result = parseConfig({ name: "weir.yaml", text });
  assert.ok(result.ok, JSON.stringify(result));
  return result.config;
}

function prepare(devices: Devices, text: string) {
  const { diagnostics, report } = collector();
  const prepared = devices.prepare(config(text), report);
  assert.ok(prepared, renderDiagnostics(diagnostics));
  return prepared;
}

const failing = (error: unknown): never => {
  throw error;
};

Deno.test("a configuration makes wires quiet and up, and local devices with addresses and routes", () => {
  const host = fakeHost(), devices = new Devices(host, failing);
  const prepared = prepare(devices, FIRST);
  prepared.keep();
  assert.deepEqual(prepared.opened.map(({ number, description }) => [number, description.device]), [
    [0, "eth0"],
    [1, "eth1"],
    [2, "eth2"],
    [3, "wan"],
    [4, "lan"],
  ]);
  assert.deepEqual([prepared.portNumber("lan2"), prepared.localPort("lan"), prepared.mtuOf("lan2")], [
    2,
    4,
    1400,
  ]);
  assert.deepEqual(prepared.macOf("lan1"), Uint8Array.of(2, 0, 0, 0, 0, 2));
  for (const name of ["eth0", "eth1", "eth2"]) {
    assert.ok(host.all.get(name)!.up && host.all.get(name)!.quiet, name);
  }
  assert.ok(!host.all.get("eth3")!.quiet);
  assert.deepEqual(host.all.get("wan")!.routes, ["0.0.0.0/0"]);
  assert.deepEqual(host.all.get("lan")!.addresses, ["192.168.1.1/24"]);
  assert.equal(host.all.get("lan")!.mtu, 1400);
  assert.deepEqual([devices.nameOf(2), devices.nameOf(3), devices.nameOf(9)], ["lan2", "wan", undefined]);
});

Deno.test("the same configuration again changes nothing", () => {
  const host = fakeHost(), devices = new Devices(host, failing);
  prepare(devices, FIRST).keep();
  const calls = host.calls;
  const again = prepare(devices, FIRST);
  again.keep();
  assert.equal(host.calls, calls);
  assert.deepEqual(again.opened, []);
});

Deno.test("another configuration: what goes is given back, what stays keeps its number", () => {
  const host = fakeHost(), devices = new Devices(host, failing);
  prepare(devices, FIRST).keep();
  const prepared = prepare(devices, SECOND);
  prepared.keep();
  assert.equal(prepared.portNumber("wan"), 0);
  assert.deepEqual(host.all.get("wan")!.addresses, ["203.0.113.2/24"]);
  assert.deepEqual(host.all.get("wan")!.routes, ["0.0.0.0/0", "10.0.0.0/8"]);
  assert.equal(host.all.get("eth0")!.mtu, 1480);
  assert.ok(!host.all.has("lan"));
  assert.ok(!host.all.get("eth1")!.quiet && !host.all.get("eth1")!.up);
  assert.equal(host.all.get("eth2")!.mtu, 1500);
  const back = prepare(devices, FIRST);
  back.keep();
  assert.deepEqual(
    back.opened.map(({ description }) => description.device),
    ["lan"],
    "its wires are open still",
  );
  assert.equal(back.portNumber("lan1"), 1);
  assert.equal(host.all.get("eth0")!.mtu, 1500);
});

Deno.test("a refusal at any call leaves the host as it was", () => {
  const host = fakeHost();
  const before = host.state();
  for (let n = 1;; n++) {
    const devices = new Devices(host, failing);
    [host.calls, host.failAt] = [0, n];
    try {
      prepare(devices, FIRST);
    } catch (error) {
      host.failAt = Infinity;
      assert.equal((error as Error).message, "the kernel said no");
      assert.deepEqual(host.state(), before, `after call ${n}`);
      continue;
    }
    assert.ok(n > 8, `only ${n} calls`);
    break;
  }
});

Deno.test("a refusal at any call of a reload leaves the running configuration as it was", () => {
  for (let n = 1;; n++) {
    const host = fakeHost(), devices = new Devices(host, failing);
    prepare(devices, FIRST).keep();
    const before = host.state();
    [host.calls, host.failAt] = [0, n];
    try {
      prepare(devices, SECOND);
    } catch (error) {
      host.failAt = Infinity;
      assert.equal((error as Error).message, "the kernel said no");
      assert.deepEqual(host.state(), before, `after call ${n}`);
      prepare(devices, SECOND).undo();
      assert.deepEqual(host.state(), before, `undone after call ${n}`);
      continue;
    }
    assert.ok(n > 8, `only ${n} calls`);
    break;
  }
});

Deno.test("close gives every wire back as it was", () => {
  const host = fakeHost(), devices = new Devices(host, failing);
  prepare(devices, FIRST).keep();
  devices.close();
  for (const [i, up] of [true, false, true, false].entries()) {
    const { quiet, up: now, mtu } = host.all.get(`eth${i}`)!;
    assert.deepEqual([quiet, now, mtu], [false, up, 1500], `eth${i}`);
  }
});

Deno.test("a missing device is said where it is named, and nothing is touched", () => {
  const host = fakeHost(), devices = new Devices(host, failing);
  host.all.delete("eth1");
  const { diagnostics, report } = collector();
  assert.equal(devices.prepare(config(FIRST), report), undefined);
  assert.match(
    renderDiagnostics(diagnostics),
    /^weir.yaml:8:26-29: Error: there is no device eth1\n.*\n.*\^\^\^\^.*\nhint: this machine has eth0, eth2, eth3\n$/,
  );
  assert.equal(host.calls, 0);
});

Deno.test("a device that went and came back is made quiet again", () => {
  const host = fakeHost(), devices = new Devices(host, failing);
  prepare(devices, FIRST).keep();
  host.add("eth1", 2);
  devices.tend();
  assert.ok(host.all.get("eth1")!.quiet && host.all.get("eth1")!.up);
  host.all.delete("eth1");
  devices.tend();
});

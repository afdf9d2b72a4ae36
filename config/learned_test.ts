import assert from "node:assert/strict";
import { parseAddress, parsePrefix } from "../core/packet/address.ts";
import type { RouterEvent } from "../core/router.ts";
import { FakeHost } from "./host/fake_host.ts";
import { Learned } from "./learned.ts";

const prefix = (text: string) => parsePrefix(text)!;

function learned() {
  const host = new FakeHost(1), log: string[] = [];
  const room = new Learned({
    host,
    interfaceName: (index) => (index === 1 ? "wan" : undefined),
    localDevice: (name) => (name === "wan" ? "eth0" : undefined),
    portName: (number) => `port${number}`,
    log: (level, message) => log.push(`${level}: ${message}`),
  });
  const address = (
    state: "tentative" | "preferred" | "deprecated" | "duplicated" | "removed",
  ): RouterEvent => ({
    kind: "address",
    interface: 1,
    address: prefix("2001:db8::5/64"),
    origin: "autoconfigured",
    state,
  });
  return { host, log, room, address, device: host.all.get("eth0")! };
}

Deno.test("an address is put on the local device once it is usable, and taken off when it goes", () => {
  const { room, address, device } = learned();
  room.take(address("tentative"));
  assert.deepEqual(device.addresses, []);
  room.take(address("preferred"));
  room.take(address("deprecated"));
  assert.deepEqual(device.addresses, ["2001:db8::5/64"]);
  assert.deepEqual(room.addresses("wan"), ["2001:db8::5/64"]);
  room.take(address("removed"));
  assert.deepEqual([device.addresses, room.addresses("wan")], [[], []]);
});

Deno.test("a default route is learned, an on-link prefix is not the host's business", () => {
  const { room, device } = learned();
  const route = (action: "add" | "remove", destination: string, via?: string): RouterEvent => ({
    kind: "route",
    action,
    interface: 1,
    destination: prefix(destination),
    lifetime: 1800,
    ...(via === undefined ? {} : { via: parseAddress(via)! }),
  });
  room.take(route("add", "::/0", "fe80::1"));
  room.take(route("add", "2001:db8::/64"));
  assert.deepEqual(device.routes, ["::/0"]);
  room.take(route("remove", "::/0", "fe80::1"));
  assert.deepEqual(device.routes, []);
});

Deno.test("duplicates and conflicts are warned of, an unknown interface and a failing host harm nothing", () => {
  const { room, host, log, address } = learned();
  room.take(address("duplicated"));
  room.take({
    kind: "conflict",
    interface: 1,
    address: parseAddress("198.51.100.2")!,
    mac: "02:00:00:00:00:09",
  });
  room.take({ kind: "link", interface: 9, port: 1, up: true });
  for (const up of [true, true, false]) room.take({ kind: "link", interface: 1, port: 3, up });
  host.failAt = 1;
  room.take(address("preferred"));
  assert.deepEqual(log, [
    "warning: wan: 2001:db8::5/64 is in use by another station",
    "warning: wan: 02:00:00:00:00:09 claims our address 198.51.100.2",
    "info: wan: port3 is up",
    "info: wan: port3 is down",
    "info: wan: address 2001:db8::5/64 in use",
    "warning: wan: the kernel said no",
  ]);
});

Deno.test("an interface that left and came back has a new device: its address is put there again", () => {
  const { room, address, device } = learned();
  room.take(address("preferred"));
  room.keep([]);
  device.addresses.length = 0;
  room.take(address("preferred"));
  assert.deepEqual(device.addresses, ["2001:db8::5/64"]);
});

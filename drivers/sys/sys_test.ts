import assert from "node:assert/strict";
import { parseAddress, parsePrefix } from "../../core/packet/address.ts";
import { errnoText } from "./errno.ts";
import { SystemError } from "./libc.ts";
import { InstanceLock } from "./lock.ts";
import { createNamespace, openNamespace } from "./namespace.ts";
import { NetlinkError } from "./netlink.ts";
import { IngressDrop } from "./nfnetlink.ts";
import { quieten, recoverQuiet } from "./quiet.ts";
import * as rtnetlink from "./rtnetlink.ts";
import { readState, writeState } from "./state_file.ts";
import { readSysctl, restoreSysctl, writeSysctl } from "./sysctl.ts";
import { lacks, TestNetwork } from "./test_namespaces.ts";
import { libc } from "./libc.ts";
import { WakeEvent } from "./event.ts";
import { Waiter } from "./waiter.ts";

const prefix = (text: string) => parsePrefix(text)!, address = (text: string) => parseAddress(text)!;

Deno.test("error numbers read as name and meaning", () => {
  assert.equal(errnoText(1), "EPERM: operation not permitted");
  assert.equal(errnoText(9999), "error 9999");
  assert.equal(
    new SystemError("open /dev/net/tun", 13).message,
    "open /dev/net/tun: EACCES: permission denied",
  );
});

Deno.test("a wake event ends a wait and is drained once", () => {
  const event = WakeEvent.create(), waiter = new Waiter();
  const none = waiter.add(-1), place = waiter.add(event.fd);
  for (let i = 0; i < 30; i++) waiter.add(-1);
  assert.equal(waiter.wait(0), 0);
  new WakeEvent(event.fd).signal();
  event.signal();
  assert.equal(waiter.wait(1000), 1);
  assert.equal(waiter.ready(place), true);
  assert.equal(waiter.ready(none), false);
  assert.equal(waiter.failed(place), false);
  assert.equal(event.drain(), true);
  assert.equal(event.drain(), false);
  assert.equal(waiter.wait(0), 0);
  event.close();
  assert.equal(waiter.wait(0), 1);
  assert.equal(waiter.failed(place), true);
});

Deno.test("a second instance gets one clear line", () => {
  const path = Deno.makeTempFileSync({ prefix: "weir-lock" });
  try {
    const lock = new InstanceLock(path);
    const expected = new Error(
      `another weir is running (process ${libc.getpid()}): it holds ${path}. Stop it first.`,
    );
    assert.throws(() => new InstanceLock(path), expected);
    lock.release();
    new InstanceLock(path).release();
  } finally {
    Deno.removeSync(path);
  }
});

Deno.test("state survives being written twice; damage reads as nothing", () => {
  const directory = Deno.makeTempDirSync({ prefix: "weir-state" }), path = `${directory}/state.json`;
  try {
    assert.equal(readState(path), undefined);
    writeState(path, { a: 1 });
    writeState(path, { a: [2, "x".repeat(100000)] });
    assert.deepEqual(readState(path), { a: [2, "x".repeat(100000)] });
    Deno.writeTextFileSync(path, "{ half");
    assert.equal(readState(path), undefined);
  } finally {
    Deno.removeSync(directory, { recursive: true });
  }
});

Deno.test({
  name: "a namespace is made, entered, left and removed; its name is taken once",
  ignore: lacks("namespaces"),
  fn() {
    using net = new TestNetwork("a");
    assert.throws(() => createNamespace(net.name("a")), { code: "EEXIST" });
    const home = Deno.readLinkSync("/proc/thread-self/ns/net");
    const there = net.inside("a", () => Deno.readLinkSync("/proc/thread-self/ns/net"));
    assert.notEqual(there, home);
    assert.throws(() => net.inside("a", () => assert.fail("thrown inside")), { message: "thrown inside" });
    assert.equal(Deno.readLinkSync("/proc/thread-self/ns/net"), home);
    assert.match(net.run("a", "ip", "-o", "link"), /^1: lo: [^\n]*\n$/);
    assert.throws(() => openNamespace(net.name("none")), { code: "ENOENT" });
  },
});

Deno.test({
  name: "rtnetlink: links are made, changed, watched and removed",
  ignore: lacks("namespaces"),
  fn() {
    using net = new TestNetwork("a", "b");
    const monitor = net.inside("a", () => new rtnetlink.LinkMonitor());
    net.veth("a", "left", "b", "right");
    net.route("a", (socket) => {
      const mac = Uint8Array.of(2, 0, 0, 0, 0, 1);
      rtnetlink.setLink(socket, "left", { mtu: 1400, mac, promiscuous: true });
      const link = rtnetlink.linkByName(socket, "left")!;
      assert.deepEqual([link.name, link.kind, link.mtu, link.up, link.mac], [
        "left",
        "veth",
        1400,
        true,
        mac,
      ]);
      assert.notEqual(link.flags & 0x100, 0);
      assert.deepEqual(rtnetlink.links(socket).map((l) => l.name), ["lo", "left"]);
      rtnetlink.setLink(socket, "left", { up: false });
      rtnetlink.setLink(socket, link.index, { name: "renamed" });
      assert.equal(rtnetlink.linkByName(socket, "left"), undefined);
      assert.equal(rtnetlink.linkByName(socket, "renamed")!.up, false);
      assert.throws(() => rtnetlink.setLink(socket, "left", { up: true }), {
        name: "NetlinkError",
        message: "change interface left: ENODEV: no such device",
      });
      const there = openNamespace(net.name("b"));
      rtnetlink.setLink(socket, "renamed", { namespace: there });
      libc.close(there);
      assert.equal(rtnetlink.linkByName(socket, "renamed"), undefined);
    });
    net.route("b", (socket) => {
      assert.equal(rtnetlink.linkByName(socket, "renamed")!.kind, "veth");
      rtnetlink.deleteLink(socket, "renamed");
      rtnetlink.deleteLink(socket, "renamed");
      assert.equal(rtnetlink.linkByName(socket, "right"), undefined);
    });
    const events = monitor.events()!;
    monitor.close();
    assert.equal(events[0]!.kind, "new");
    assert.ok(events.some((e) => e.kind === "new" && e.link.name === "left" && e.link.up));
    assert.ok(events.some((e) => e.kind === "gone" && e.link.name === "renamed"));
  },
});

Deno.test({
  name: "rtnetlink: addresses, routes and neighbours of both families",
  ignore: lacks("namespaces"),
  fn() {
    using net = new TestNetwork("a", "b");
    net.veth("a", "left", "b", "right");
    net.address("a", "left", "192.0.2.1/24", "2001:db8::1/64");
    net.route("a", (socket) => {
      const index = rtnetlink.linkByName(socket, "left")!.index;
      rtnetlink.addAddress(socket, index, prefix("192.0.2.1/24"));
      const mine = rtnetlink.addresses(socket, index).map((a) => a.prefix);
      assert.deepEqual(mine.filter((p) => p.family === 4), [prefix("192.0.2.1/24")]);
      assert.ok(mine.some((p) => p.family === 6 && p.words[0] === 0x20010db8));

      const via4 = { destination: prefix("198.51.100.0/24"), via: address("192.0.2.2"), index, metric: 7 };
      const via6 = { destination: prefix("::/0"), via: address("2001:db8::2"), index, metric: 5 };
      const dead = {
        destination: prefix("203.0.113.0/24"),
        index: 0,
        type: "blackhole",
        table: 100,
      } as const;
      for (const route of [via4, via6, dead]) rtnetlink.addRoute(socket, route);
      const main = rtnetlink.routes(socket);
      for (const route of [via4, via6]) {
        assert.ok(
          main.some((r) =>
            r.metric === route.metric && r.index === index && r.via?.words.join() === route.via.words.join()
          ),
        );
      }
      assert.deepEqual(rtnetlink.routes(socket, 100).map((r) => [r.type, r.destination]), [
        ["blackhole", prefix("203.0.113.0/24")],
      ]);
      for (const route of [via4, via6, dead]) rtnetlink.deleteRoute(socket, route);
      rtnetlink.deleteRoute(socket, via4);
      assert.equal(rtnetlink.routes(socket).some((r) => r.metric === 7), false);
      assert.throws(() => rtnetlink.addRoute(socket, { ...via4, via: address("203.0.113.9") }), (error) => {
        assert.ok(error instanceof NetlinkError);
        assert.equal(error.code, "ENETUNREACH");
        assert.match(
          error.message,
          /^add route 198\.51\.100\.0\/24: ENETUNREACH: network is unreachable \(.+\)$/,
        );
        return true;
      });

      const mac = Uint8Array.of(2, 0, 0, 0, 0, 9);
      rtnetlink.addNeighbour(socket, index, address("2001:db8::9"), mac);
      const known = rtnetlink.neighbours(socket, index).find((n) => n.state === 0x80)!;
      assert.deepEqual([known.address, known.mac], [address("2001:db8::9"), mac]);
      rtnetlink.deleteNeighbour(socket, index, address("2001:db8::9"));
      rtnetlink.deleteNeighbour(socket, index, address("2001:db8::9"));

      rtnetlink.deleteAddress(socket, index, prefix("192.0.2.1/24"));
      rtnetlink.deleteAddress(socket, index, prefix("192.0.2.1/24"));
      assert.equal(rtnetlink.addresses(socket, index).some((a) => a.prefix.family === 4), false);
    });
  },
});

Deno.test({
  name: "the ingress chain keeps the kernel from hearing a wire, and goes with its socket",
  ignore: lacks("namespaces", "nft", "ping"),
  fn() {
    using net = new TestNetwork("a", "b");
    net.veth("a", "left", "b", "right");
    net.address("a", "left", "192.0.2.1/24");
    net.address("b", "right", "192.0.2.2/24");
    const ping = () => {
      // Down and up again: what the neighbour table remembers must not decide.
      net.route("a", (socket) => {
        rtnetlink.setLink(socket, "left", { up: false });
        rtnetlink.setLink(socket, "left", { up: true });
      });
      return / 0% packet loss/.test(net.run("a", "ping", "-c1", "-W1", "192.0.2.2"));
    };
    assert.equal(ping(), true);
    const drop = net.inside("b", () => new IngressDrop());
    assert.equal(drop.present("right"), false);
    drop.drop("right");
    assert.equal(drop.present("right"), true);
    assert.equal(ping(), false);
    // An owned table is nobody else's to flush, and a second owner is refused.
    net.run("b", "nft", "flush", "ruleset");
    assert.equal(drop.present("right"), true);
    const second = net.inside("b", () => new IngressDrop());
    assert.throws(() => second.drop("right"), {
      name: "NetlinkError",
      message: "keep the kernel off right: EPERM: operation not permitted " +
        "(not privileged, or nftables table netdev weir belongs to another process)",
    });
    second.close();
    drop.drop("right");
    drop.allow("right");
    drop.allow("right");
    assert.equal(drop.present("right"), false);
    assert.equal(ping(), true);
    drop.drop("right");
    drop.close();
    assert.equal(net.run("b", "nft", "list", "ruleset"), "");
    assert.equal(ping(), true);
  },
});

Deno.test({
  name: "quieten silences a wire, puts everything back, and is recovered after a kill",
  ignore: lacks("namespaces"),
  fn() {
    using net = new TestNetwork("a", "b");
    net.veth("a", "left", "b", "right");
    const directory = Deno.makeTempDirSync({ prefix: "weir-quiet" }), file = `${directory}/quiet.json`;
    const settings = () =>
      net.inside("b", () => [
        readSysctl("net/ipv6/conf/right/disable_ipv6"),
        readSysctl("net/ipv4/conf/right/arp_ignore"),
      ]);
    try {
      const drop = net.inside("b", () => new IngressDrop());
      const undo = net.inside("b", () => quieten("right", drop, file));
      assert.deepEqual(settings(), ["1", "1"]);
      assert.equal(drop.present("right"), true);
      net.inside("b", undo);
      assert.deepEqual(settings(), ["0", "0"]);
      assert.equal(drop.present("right"), false);
      assert.equal(readState(file), undefined);

      net.inside("b", () => quieten("right", drop, file));
      drop.close(); // as a SIGKILL would
      const restored = net.inside("b", () => recoverQuiet(file));
      assert.deepEqual(restored, ["net/ipv4/conf/right/arp_ignore", "net/ipv6/conf/right/disable_ipv6"]);
      assert.deepEqual(settings(), ["0", "0"]);
      assert.deepEqual(net.inside("b", () => recoverQuiet(file)), []);

      const other = net.inside("b", () => new IngressDrop());
      net.inside("b", () => writeSysctl("net/ipv4/conf/right/forwarding", "1"));
      assert.throws(
        () => net.inside("b", () => quieten("right", other, file)),
        /the kernel forwards IPv4 on right/,
      );
      assert.deepEqual(settings(), ["0", "0"]);
      assert.throws(() => net.inside("b", () => quieten("none", other, file)), /interface none is not there/);
      other.close();
      writeState(file, {
        quiet: [{ device: "x", changes: [{ key: "../../etc", previous: "", value: "" }] }, 7],
      });
      assert.deepEqual(net.inside("b", () => recoverQuiet(file)), []);
    } finally {
      Deno.removeSync(directory, { recursive: true });
    }
  },
});

Deno.test({
  name: "a parameter that somebody else changed meanwhile is left alone",
  ignore: lacks("namespaces"),
  fn() {
    using net = new TestNetwork("a");
    net.inside("a", () => {
      const key = "net/ipv4/conf/lo/arp_ignore";
      const change = writeSysctl(key, "1")!;
      assert.equal(writeSysctl(key, "1"), undefined);
      writeSysctl(key, "2");
      assert.equal(restoreSysctl(change), false);
      assert.equal(readSysctl(key), "2");
      assert.throws(() => writeSysctl("net/ipv4/conf/none/arp_ignore", "1"), { code: "ENOENT" });
    });
  },
});

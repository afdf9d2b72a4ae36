import assert from "node:assert/strict";
import { BATCH, type PacketBatch } from "../../core/packet/batch.ts";
import { ethernet, tcp, udp } from "../../core/packet/build.ts";
import { CHECKSUM_PARTIAL, SEGMENT_TCP4 } from "../../core/packet/columns.ts";
import { setU16 } from "../../core/packet/bytes.ts";
import { fold, pseudo } from "../../core/packet/checksum.ts";
import { testBatch } from "../../core/packet/test_batch.ts";
import { runInNamespace } from "../sys/namespace.ts";
import { deleteLink, linkByName, setLink } from "../sys/rtnetlink.ts";
import { lacks, TestNetwork } from "../sys/test_namespaces.ts";
import { Waiter } from "../sys/waiter.ts";
import { openPacketPort, PacketPort, type PacketPortOptions } from "./packet.ts";
import { CableNetwork } from "./test_cable.ts";

const MODES = ["ring", "messages"] as const;
const rows = Uint16Array.from({ length: 256 }, (_, i) => i);

/** Two packet ports on the ends of one veth pair: what one sends the other sees, and nobody else speaks. */
class Pair implements Disposable {
  readonly net = new TestNetwork("a", "b");
  readonly batch: PacketBatch = testBatch(512, 8);
  readonly left: PacketPort;
  readonly right: PacketPort;

  constructor(options: Omit<PacketPortOptions, "name" | "device"> = {}) {
    for (const name of ["a", "b"]) {
      this.net.inside(name, () => {
        Deno.writeTextFileSync("/proc/sys/net/ipv6/conf/default/disable_ipv6", "1");
      });
    }
    this.net.veth("a", "left", "b", "right");
    const open = (ns: string, device: string) =>
      this.net.inside(
        ns,
        () => new PacketPort(openPacketPort({ name: device, device, promiscuous: true, ...options })),
      );
    this.left = open("a", "left");
    this.right = open("b", "right");
    this.left.attach(this.batch);
    this.right.attach(this.batch);
  }
  /** A row holding the frame. */
  put(frame: Uint8Array): number {
    const row = this.batch.make(frame.length);
    this.batch.bytes(row).set(frame, this.batch.start[row]);
    return row;
  }
  /** Receives on the right until `count` rows stand in the batch, which begins empty. */
  gather(count: number): number {
    this.batch.clear();
    return gather(this.right, this.batch, count);
  }
  /** Whether nothing arrives on the right for a while. */
  silent(): boolean {
    this.batch.clear();
    new Waiter().wait(100);
    return this.right.receive(this.batch, BATCH) === 0;
  }
  frame(row: number): Uint8Array {
    return this.batch.bytes(row).slice(this.batch.start[row]!, this.batch.end[row]!);
  }
  [Symbol.dispose](): void {
    this.left.close();
    this.right.close();
    this.net[Symbol.dispose]();
  }
}

/** Receives until `count` rows came or 2 s passed without one. */
function gather(port: PacketPort, batch: PacketBatch, count: number): number {
  const waiter = new Waiter();
  waiter.add(port.fd);
  let got = 0;
  for (let tries = 0; got < count && tries < 100; tries++) {
    const now = port.receive(batch, BATCH);
    if (now === 0) waiter.wait(20);
    else tries = 0;
    got += now;
  }
  return got;
}

const address = { from: "192.0.2.1", to: "192.0.2.2" };
const MAC_A = "02:00:00:00:00:01", MAC_B = "02:00:00:00:00:02";
const datagram = (n: number, payload = 20) => {
  const body = new Uint8Array(payload);
  if (payload >= 2) setU16(body, 0, n);
  return ethernet(MAC_A, MAC_B, udp(address, 1000, 2000, body));
};

for (const mode of MODES) {
  const run = (name: string, fn: (t: Deno.TestContext) => void | Promise<void>, ...needs: "ping"[]) =>
    Deno.test({ name: `packet port, ${mode}: ${name}`, ignore: lacks("namespaces", ...needs), fn });

  run("frames arrive whole and in order, batch after batch, round the ring", () => {
    using pair = new Pair({ mode, slots: 64 });
    const { batch, left, right } = pair;
    assert.equal(right.ring, mode === "ring");
    assert.equal(left.up && right.up, true);
    for (let round = 0, n = 0; round < 8; round++) {
      batch.clear();
      for (let i = 0; i < 48; i++) pair.put(datagram(n + i, 20 + 29 * i));
      assert.equal(left.transmit(batch, rows, 48), 48);
      assert.equal(pair.gather(48), 48);
      for (let i = 0; i < 48; i++, n++) assert.deepEqual(pair.frame(i), datagram(n, 20 + 29 * i));
      for (let i = 0; i < 48; i++) assert.ok(batch.start[i]! >= 64);
      right.release();
    }
    assert.equal(left.counters.txPackets, 384);
    assert.equal(right.counters.rxPackets, 384);
    assert.equal(right.counters.rxBytes, left.counters.txBytes);
    assert.equal(pair.silent(), true);
  });

  run("nothing more is read than asked for, and slots not released stay the row's", () => {
    using pair = new Pair({ mode, slots: 32 });
    const { batch, left, right } = pair;
    for (let i = 0; i < 40; i++) pair.put(datagram(i));
    left.transmit(batch, rows, 40);
    batch.clear();
    new Waiter().wait(50);
    assert.equal(right.receive(batch, 10), 10);
    assert.equal(right.receive(batch, 64), mode === "ring" ? 22 : 30);
    assert.equal(right.receive(batch, 64), 0);
    assert.deepEqual(pair.frame(0), datagram(0));
    assert.deepEqual(pair.frame(31), datagram(31));
    right.release();
    right.refresh();
    // A ring of 32 had no room for eight of them, and the kernel says so.
    assert.equal(right.counters.rxDropped, mode === "ring" ? 8 : 0);
  });

  run("a VLAN tag is metadata both ways, and sending leaves shared bytes alone", () => {
    using pair = new Pair({ mode });
    const { batch, left } = pair;
    const row = pair.put(datagram(1)), before = batch.bytes(row).slice();
    batch.vlan[row] = 0x81002064;
    left.transmit(batch, rows, 1);
    assert.deepEqual(batch.bytes(row), before);
    batch.vlan[row] = 0x88a80fff;
    left.transmit(batch, rows, 1);
    batch.vlan[row] = 0;
    left.transmit(batch, rows, 1);
    assert.equal(pair.gather(3), 3);
    assert.deepEqual([...batch.vlan.subarray(0, 3)], [0x81002064, 0x88a80fff, 0]);
    for (let i = 0; i < 3; i++) assert.deepEqual(pair.frame(i), datagram(1));
  });

  run("a super-packet passes whole with its offload metadata", () => {
    using pair = new Pair({ mode });
    const { batch, left } = pair;
    const payload = Uint8Array.from({ length: 60000 }, (_, i) => i * 7);
    const packet = tcp(address, 1000, 2000, { flags: 0x10, payload });
    setU16(packet, 20 + 16, fold(pseudo(packet, 0, 4, 6, packet.length - 20)));
    const super_ = ethernet(MAC_A, MAC_B, packet);
    const send = (vlan: number) => {
      batch.clear();
      pair.put(datagram(1));
      const row = pair.put(super_), start = batch.start[row]!;
      batch.vlan[row] = vlan;
      batch.checksum[row] = CHECKSUM_PARTIAL;
      batch.checksumStart[row] = start + 34;
      batch.checksumOffset[row] = 16;
      batch.segmentType[row] = SEGMENT_TCP4;
      batch.segmentSize[row] = 1448;
      pair.put(datagram(2));
      assert.equal(left.transmit(batch, rows, 3), 3);
      assert.equal(pair.gather(3), 3);
      assert.deepEqual(pair.frame(0), datagram(1));
      assert.deepEqual(pair.frame(1), super_);
      assert.deepEqual(pair.frame(2), datagram(2));
      assert.equal(batch.vlan[1], vlan);
      assert.equal(batch.segmentType[1], SEGMENT_TCP4);
      assert.equal(batch.segmentSize[1], 1448);
      assert.equal(batch.checksum[1], CHECKSUM_PARTIAL);
      assert.equal(batch.checksumStart[1], batch.start[1]! + 34);
      assert.equal(batch.checksumOffset[1], 16);
      pair.right.release();
    };
    for (let i = 0; i < 3; i++) send(0);
    send(0x81000007);
  });

  run("a frame the device never takes costs itself only", () => {
    using pair = new Pair({ mode });
    const { batch, left } = pair;
    pair.put(datagram(1));
    pair.put(datagram(2, 3000));
    pair.put(datagram(3));
    assert.equal(left.transmit(batch, rows, 3), 2);
    assert.deepEqual([left.counters.txDropped, left.counters.errors], [1, 1]);
    assert.equal(pair.gather(2), 2);
    assert.deepEqual(pair.frame(1), datagram(3));
  });

  run("a port that goes down is quiet, one that vanishes is taken back", () => {
    using pair = new Pair({ mode });
    const { batch, left, right, net } = pair;
    pair.put(datagram(1));
    net.route("b", (socket) => setLink(socket, "right", { up: false }));
    right.refresh();
    assert.deepEqual([right.up, right.missing], [false, false]);
    assert.equal(right.transmit(batch, rows, 1), 0);
    net.route("b", (socket) => setLink(socket, "right", { up: true }));
    right.refresh();
    assert.equal(pair.silent(), true);

    net.route("a", (socket) => deleteLink(socket, "left"));
    for (const port of [left, right]) {
      assert.equal(port.transmit(batch, rows, 1), 0);
      port.refresh();
      assert.deepEqual([port.up, port.missing, port.reopen()], [false, true, false]);
      assert.equal(port.receive(batch, BATCH), 0);
      assert.equal(port.transmit(batch, rows, 1), 0);
    }
    net.veth("a", "left", "b", "right");
    for (const port of [left, right]) {
      port.refresh();
      assert.equal(port.missing, true);
      assert.equal(port.reopen(), true);
      assert.equal(port.missing, false);
    }
    assert.deepEqual(left.mac, net.route("a", (socket) => linkByName(socket, "left")!.mac));
    // another address than before: the port hears frames for the one it is known by
    const { stdout } = runInNamespace(net.name("a"), "ip", { args: ["-d", "link", "show", "left"] });
    assert.match(new TextDecoder().decode(stdout), / promiscuity 1 /);
    batch.clear();
    pair.put(datagram(7));
    assert.equal(left.transmit(batch, rows, 1), 1);
    assert.equal(pair.gather(1), 1);
    assert.deepEqual(pair.frame(0), datagram(7));
  });

  run("kernels talk through a cable of two ports: ping, TCP of both families with offloads on", async () => {
    using network = new CableNetwork({ mode });
    assert.match(await network.run("a", "ping", "-c2", "-i0.2", "-W1", "192.0.2.2"), / 0% packet loss/);
    assert.match(await network.run("a", "ping", "-c2", "-i0.2", "-W1", "2001:db8::2"), / 0% packet loss/);
    const bytes = 20_000_000;
    assert.equal(await network.transfer("192.0.2.2", bytes), bytes);
    const { rxPackets, rxBytes } = network.ports[0].counters;
    assert.ok(rxBytes / rxPackets > 3000, "the transfer crossed as super-packets");
    assert.equal(await network.transfer("2001:db8::2", bytes), bytes);
  }, "ping");
}

Deno.test({
  name: "packet port: a second reader adopts the ring behind the frames that were in work",
  ignore: lacks("namespaces"),
  fn() {
    using pair = new Pair();
    const { batch, left, net } = pair;
    const description = net.inside("b", () => openPacketPort({ name: "second", device: "right" }));
    const posted = structuredClone(description);
    for (let i = 0; i < 10; i++) pair.put(datagram(i));
    left.transmit(batch, rows, 10);
    batch.clear();
    new Waiter().wait(50);
    const first = new PacketPort(posted);
    first.attach(batch);
    assert.equal(first.receive(batch, 4), 4);
    // It dies here, the four never released.
    const second = new PacketPort(description);
    const other = testBatch();
    second.attach(other);
    assert.equal(second.counters.rxPackets, 4);
    assert.equal(second.receive(other, BATCH), 6);
    assert.deepEqual(other.bytes(0).slice(other.start[0]!, other.end[0]!), datagram(4));
    second.release();
    batch.clear();
    for (let round = 0; round < 100; round++) {
      batch.clear();
      other.clear();
      for (let i = 0; i < 64; i++) pair.put(datagram(i));
      left.transmit(batch, rows, 64);
      assert.equal(gather(second, other, 64), 64);
      second.release();
    }
    second.close();
    second.close();
    assert.equal(second.receive(other, BATCH), 0);
    assert.equal(second.transmit(other, rows, 1), 0);
  },
});

Deno.test({
  name: "packet port: a device that is not there, has no Ethernet, or a wrong ring size is one clear line",
  ignore: lacks("namespaces"),
  fn() {
    using net = new TestNetwork("a");
    const open = (device: string, slots = 64) =>
      net.inside("a", () => openPacketPort({ name: "wan", device, slots }));
    assert.throws(() => open("none"), { message: "use interface none: ENODEV: no such device" });
    assert.throws(() => open("lo"), {
      message: "interface lo has no Ethernet address: it cannot be a wire port",
    });
    assert.throws(() => open("lo", 100), {
      message: "port wan: ring slots must be a power of two from 32 to 65536, not 100",
    });
    const rings = Deno.readTextFileSync("/proc/self/maps").split("\n").filter((line) =>
      line.includes("socket:[")
    );
    assert.deepEqual(rings, [], "the rings of ports that could not be opened are gone");
  },
});

import assert from "node:assert/strict";
import { BATCH, type PacketBatch } from "../../core/packet/batch.ts";
import { formatMac, parsePrefix } from "../../core/packet/address.ts";
import { arp, ethernet, icmp, tcp, udp } from "../../core/packet/build.ts";
import { TCP_SYN } from "../../core/packet/tcp.ts";
import { testBatch } from "../../core/packet/test_batch.ts";
import { IngressDrop } from "../sys/nfnetlink.ts";
import { quieten } from "../sys/quiet.ts";
import { setLink } from "../sys/rtnetlink.ts";
import { lacks, TestNetwork } from "../sys/test_namespaces.ts";
import { Waiter } from "../sys/waiter.ts";
import { openPacketPort, PacketPort } from "./packet.ts";
import { openTunPort, TunPort } from "./tun.ts";

const rows = Uint16Array.from({ length: 64 }, (_, i) => i);

/** Frames that arrive at the port within `milliseconds`. */
function heard(port: PacketPort, batch: PacketBatch, milliseconds: number): number {
  const waiter = new Waiter(), until = performance.now() + milliseconds;
  waiter.add(port.fd);
  let count = 0;
  while (performance.now() < until) {
    batch.clear();
    const got = port.receive(batch, BATCH);
    port.release();
    count += got;
    if (got === 0) waiter.wait(10);
  }
  return count;
}

Deno.test({
  name: "the kernel says nothing on a quiet wire: no ARP answer, no RST, no unreachable, no IPv6 of its own",
  ignore: lacks("namespaces", "tun"),
  fn() {
    using net = new TestNetwork("a", "b");
    net.inside("a", () => Deno.writeTextFileSync("/proc/sys/net/ipv6/conf/default/disable_ipv6", "1"));
    net.veth("a", "left", "b", "right");
    const batch = testBatch();
    const left = net.inside("a", () => new PacketPort(openPacketPort({ name: "left", device: "left" })));
    const right = net.inside("b", () => new PacketPort(openPacketPort({ name: "right", device: "right" })));
    left.attach(batch);
    right.attach(batch);
    const addresses = [parsePrefix("192.0.2.2/24")!, parsePrefix("2001:db8::2/64")!];
    const tun = net.inside("b", () => new TunPort(openTunPort({ name: "lan", addresses })));
    const mine = "02:00:00:00:00:01", yours = formatMac(right.mac);
    const v4 = { from: "192.0.2.1", to: "192.0.2.2" }, v6 = { from: "2001:db8::1", to: "2001:db8::2" };
    const probes = [
      arp(mine, v4.from, v4.to),
      ethernet(mine, yours, tcp(v4, 5000, 5001, { flags: TCP_SYN })),
      ethernet(mine, yours, udp(v4, 5000, 5001)),
      ethernet(mine, yours, icmp(v4, 8, 0, 1)),
      ethernet(mine, yours, tcp(v6, 5000, 5001, { flags: TCP_SYN })),
      ethernet(mine, yours, icmp(v6, 128, 0, 1)),
      ethernet(mine, yours, udp({ ...v4, to: "203.0.113.9" }, 5000, 5001)),
    ];
    const probe = () => {
      batch.clear();
      for (const frame of probes) {
        const row = batch.make(frame.length);
        batch.bytes(row).set(frame, batch.start[row]);
      }
      left.transmit(batch, rows, probes.length);
    };
    probe();
    assert.ok(heard(left, batch, 100) > 0, "an undisturbed kernel answers");

    const directory = Deno.makeTempDirSync({ prefix: "weir-quiet" });
    const drop = net.inside("b", () => new IngressDrop());
    const undo = net.inside("b", () => quieten("right", drop, `${directory}/state.json`));
    heard(left, batch, 50);
    right.release();
    // Up again, as the port will be when it is taken over: a kernel with IPv6 would solicit and report now.
    net.route("b", (socket) => setLink(socket, "right", { up: false }));
    net.route("b", (socket) => setLink(socket, "right", { up: true }));
    net.settle("a", "left");
    net.settle("b", "right");
    left.refresh();
    right.refresh();
    heard(right, batch, 0);
    const before = right.counters.rxPackets;
    probe();
    assert.equal(heard(left, batch, 1200), 0);
    assert.ok(heard(right, batch, 50) >= probes.length, "our port hears what the kernel does not");
    assert.ok(right.counters.rxPackets - before >= probes.length);
    net.inside("b", undo);
    drop.close();
    for (const port of [left, right, tun]) port.close();
    Deno.removeSync(directory, { recursive: true });
  },
});

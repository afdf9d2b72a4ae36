import assert from "node:assert/strict";
import { BATCH } from "../../core/packet/batch.ts";
import { parsePrefix } from "../../core/packet/address.ts";
import { setU32, u16, u32 } from "../../core/packet/bytes.ts";
import { ethernet, udp } from "../../core/packet/build.ts";
import { CHECKSUM_PARTIAL } from "../../core/packet/columns.ts";
import { testBatch } from "../../core/packet/test_batch.ts";
import { addresses, deleteLink, linkByName, setLink } from "../sys/rtnetlink.ts";
import { readSysctl } from "../sys/sysctl.ts";
import { lacks, TestNetwork } from "../sys/test_namespaces.ts";
import { Waiter } from "../sys/waiter.ts";
import { openPacketPort, PacketPort } from "./packet.ts";
import { openTunPort, TunPort, type TunPortOptions } from "./tun.ts";

const rows = Uint16Array.from({ length: 256 }, (_, i) => i);
const prefixes = (...text: string[]) => text.map((t) => parsePrefix(t)!);

function setUp(net: TestNetwork, options: Partial<TunPortOptions> = {}) {
  const description = net.inside(
    "h",
    () => openTunPort({ name: "lan", addresses: prefixes("192.0.2.1/24", "2001:db8::1/64"), ...options }),
  );
  const port = new TunPort(structuredClone(description)), batch = testBatch();
  port.attach(batch);
  const waiter = new Waiter();
  waiter.add(port.fd);
  return { port, batch, waiter };
}

/** Takes turns until the promise settles, leaving the event loop its own between them. */
async function during<T>(work: Promise<T>, turn: () => number, waiter: Waiter): Promise<T> {
  let settled = false;
  const done = work.finally(() => settled = true);
  while (!settled) {
    for (let i = 0; i < 3; i++) if (turn() === 0) waiter.wait(2);
    await new Promise((resolve) => setTimeout(resolve, 0));
  }
  return await done;
}

Deno.test({
  name: "TUN: the interface is quiet, configured, and goes with its port",
  ignore: lacks("namespaces", "tun"),
  fn() {
    using net = new TestNetwork("h");
    const { port, batch, waiter } = setUp(net, { mtu: 1400 });
    assert.deepEqual([port.link, port.up, port.missing, port.mac], ["ip", true, false, undefined]);
    net.route("h", (socket) => {
      const link = linkByName(socket, "lan")!;
      assert.deepEqual([link.mtu, link.up, link.kind], [1400, true, "tun"]);
      const mine = addresses(socket, link.index);
      assert.deepEqual(mine.map((a) => a.prefix), prefixes("192.0.2.1/24", "2001:db8::1/64"));
      assert.ok(mine.every((a) => (a.flags & 0x40) === 0), "usable at once");
    });
    const settings = ["addr_gen_mode", "accept_ra", "forwarding"].map((key) =>
      net.inside("h", () => readSysctl(`net/ipv6/conf/lan/${key}`))
    );
    assert.deepEqual(settings, ["1", "0", "0"]);
    waiter.wait(300);
    for (let got = port.receive(batch, BATCH), row = 0; row < got; row++) {
      // MLD reports for the addresses' solicited-node groups may come; nothing else.
      assert.equal(batch.bytes(row)[batch.start[row]! + 6], 0);
    }
    port.close();
    port.close();
    assert.equal(port.receive(batch, BATCH), 0);
    assert.equal(net.route("h", (socket) => linkByName(socket, "lan")), undefined);
  },
});

Deno.test({
  name: "TUN: the host pings through it, IPv4 echo answered here",
  ignore: lacks("namespaces", "tun", "ping"),
  async fn() {
    using net = new TestNetwork("h");
    const { port, batch, waiter } = setUp(net);
    const turn = () => {
      batch.clear();
      const got = port.receive(batch, BATCH);
      for (let row = 0; row < got; row++) {
        const b = batch.bytes(row), at = batch.start[row]!;
        if (b[at]! >>> 4 !== 4 || b[at + 9] !== 1 || b[at + 20] !== 8) continue;
        const source = u32(b, at + 12);
        setU32(b, at + 12, u32(b, at + 16));
        setU32(b, at + 16, source);
        b[at + 20] = 0;
        const sum = u16(b, at + 22) + 0x0800;
        b[at + 22] = (sum + (sum >>> 16)) >>> 8;
        b[at + 23] = sum + (sum >>> 16);
        port.transmit(batch, rows.subarray(row, row + 1), 1);
      }
      port.release();
      return got;
    };
    const ping = net.spawn("h", "ping", "-c3", "-i0.2", "-W1", "-s1000", "192.0.2.77");
    const output = await during(ping.output(), turn, waiter);
    assert.match(new TextDecoder().decode(output.stdout), / 0% packet loss/);
    assert.equal(port.counters.txPackets, 3);
    port.close();
  },
});

Deno.test({
  name: "TUN: the host's TCP goes to itself round through the port, as super-packets",
  ignore: lacks("namespaces", "tun"),
  async fn() {
    // Two TUNs in two namespaces joined by the test: what one stack sends the other gets.
    using net = new TestNetwork("h", "far");
    const batch = testBatch();
    const open = (ns: string, ...own: string[]) => {
      const port = net.inside(
        ns,
        () => new TunPort(openTunPort({ name: "lan", addresses: prefixes(...own) })),
      );
      port.attach(batch);
      return port;
    };
    const near = open("h", "192.0.2.1/24", "2001:db8::1/64"),
      far = open("far", "192.0.2.2/24", "2001:db8::2/64");
    const waiter = new Waiter();
    for (const port of [near, far]) waiter.add(port.fd);
    let longest = 0, partial = 0;
    const carry = (from: TunPort, to: TunPort) => {
      batch.clear();
      const got = from.receive(batch, BATCH);
      for (let row = 0; row < got; row++) {
        longest = Math.max(longest, batch.end[row]! - batch.start[row]!);
        if (batch.checksum[row] === CHECKSUM_PARTIAL) partial++;
      }
      to.transmit(batch, rows, got);
      from.release();
      return got;
    };
    const bytes = 10_000_000;
    const server = `const l = Deno.listen({ hostname: "::", port: 7000 }); console.log("on");
      for (let i = 0; i < 2; i++) { const c = await l.accept(); let n = 0;
        for await (const part of c.readable) n += part.length; console.log(n); }`;
    const client = `for (const hostname of ["192.0.2.2", "2001:db8::2"]) {
      const c = await Deno.connect({ hostname, port: 7000 }), b = new Uint8Array(100000);
      for (let n = 0; n < ${bytes};) n += await c.write(b.subarray(0, ${bytes} - n)); c.close(); }`;
    const listening = net.spawn("far", Deno.execPath(), "eval", server);
    const reader = listening.stdout.pipeThrough(new TextDecoderStream()).getReader();
    let said = (await reader.read()).value ?? "";
    const sender = net.spawn("h", Deno.execPath(), "eval", client);
    const finished = (async () => {
      for (let part = await reader.read(); !part.done; part = await reader.read()) said += part.value;
      await sender.output();
      await listening.status;
    })();
    await during(finished, () => carry(near, far) + carry(far, near), waiter);
    assert.equal(said, `on\n${bytes}\n${bytes}\n`);
    assert.ok(longest > 20000, `longest packet ${longest}`);
    assert.ok(partial > 0);
    near.close();
    far.close();
  },
});

Deno.test({
  name: "TAP: frames with their own MAC, VLAN tag as metadata both ways",
  ignore: lacks("namespaces", "tun"),
  fn() {
    using net = new TestNetwork("h");
    const mac = Uint8Array.of(2, 0, 0, 0, 0, 5);
    const { port, batch, waiter } = setUp(net, { tap: true, mac, addresses: prefixes("192.0.2.1/24") });
    assert.deepEqual([port.link, port.mac], ["ethernet", mac]);
    const request = ethernet(
      "02:00:00:00:00:09",
      "02:00:00:00:00:05",
      udp({ from: "192.0.2.9", to: "192.0.2.1" }, 5, 9),
    );
    const row = batch.make(request.length);
    batch.bytes(row).set(request, batch.start[row]);
    assert.equal(port.transmit(batch, rows, 1), 1);
    batch.clear();
    // The host has no socket there; to answer it must first ask who 192.0.2.9 is.
    let asked = 0;
    for (let tries = 0; tries < 50 && asked === 0; tries++) {
      waiter.wait(20);
      const got = port.receive(batch, BATCH);
      for (let r = batch.count - got; r < batch.count; r++) {
        const b = batch.bytes(r), at = batch.start[r]!;
        if (u16(b, at + 12) === 0x0806 && u32(b, at + 38) === 0xc0000209) {
          assert.deepEqual(b.slice(at + 6, at + 12), mac);
          assert.equal(at % 16, 2);
          asked++;
        }
      }
      port.release();
    }
    assert.ok(asked > 0);
    // A packet socket on the TAP is the host's side of tagged frames.
    const host = net.inside("h", () => new PacketPort(openPacketPort({ name: "host", device: "lan" })));
    host.attach(batch);
    for (const [from, to] of [[port, host], [host, port]] as const) {
      batch.clear();
      const tagged = batch.make(request.length);
      batch.bytes(tagged).set(request, batch.start[tagged]);
      batch.vlan[tagged] = 0x81002005;
      assert.equal(from.transmit(batch, rows, 1), 1);
      batch.clear();
      let found = -1;
      for (let tries = 0; tries < 50 && found < 0; tries++) {
        const first = batch.count, got = to.receive(batch, BATCH);
        for (let r = first; r < first + got; r++) if (batch.vlan[r] !== 0) found = r;
        if (got === 0) new Waiter().wait(5);
      }
      assert.ok(found >= 0);
      assert.equal(batch.vlan[found], 0x81002005);
      assert.deepEqual(batch.bytes(found).slice(batch.start[found], batch.end[found]), request);
      to.release();
    }
    assert.equal(port.counters.errors, 0);
    host.close();
    port.close();
  },
});

Deno.test({
  name: "TUN: down or deleted under our feet is a port that is down",
  ignore: lacks("namespaces", "tun"),
  fn() {
    using net = new TestNetwork("h");
    const { port, batch } = setUp(net);
    const packet = udp({ from: "192.0.2.9", to: "192.0.2.1" }, 5, 9), row = batch.make(packet.length);
    batch.bytes(row).set(packet, batch.start[row]);
    assert.equal(port.transmit(batch, rows, 1), 1);
    net.route("h", (socket) => setLink(socket, "lan", { up: false }));
    assert.equal(port.transmit(batch, rows, 1), 0);
    assert.equal(port.up, false);
    net.route("h", (socket) => setLink(socket, "lan", { up: true }));
    port.refresh();
    assert.equal(port.transmit(batch, rows, 1), 1);
    net.route("h", (socket) => deleteLink(socket, "lan"));
    assert.equal(port.transmit(batch, rows, 1), 0);
    port.refresh();
    assert.deepEqual([port.up, port.missing, port.reopen()], [false, true, false]);
    assert.equal(port.receive(batch, BATCH), 0);
    port.close();
  },
});

Deno.test({
  name: "TUN: a name already taken is one clear line",
  ignore: lacks("namespaces", "tun"),
  fn() {
    using net = new TestNetwork("h");
    const { port } = setUp(net);
    assert.throws(() => setUp(net), {
      message: "make local interface lan (another program has it): EBUSY: device or resource busy",
    });
    port.close();
  },
});

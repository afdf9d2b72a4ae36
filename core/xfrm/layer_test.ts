import { strict as assert } from "node:assert";
import { test } from "node:test";
import { EIO } from "../crypto/requests.ts";
import { icmp, ip, udp } from "../packet/build.ts";
import { setU16, u16, u32 } from "../packet/bytes.ts";
import { finish, pseudo, sum, transportValid } from "../packet/checksum.ts";
import { CHECKSUM_PARTIAL, SEGMENT_UDP_L4 } from "../packet/columns.ts";
import { putPacket } from "../packet/test_batch.ts";
import { below, SeededRandom } from "../random.ts";
import { encapsulated, ENCAPSULATED_ESP, ENCAPSULATED_IKE, ENCAPSULATED_KEEPALIVE } from "./encapsulation.ts";
import { ALGORITHMS, bytesOf, Peer, RUNNING } from "./test_peers.ts";

const V4 = "src 192.0.2.1 dst 192.0.2.2 proto esp spi 0x1000 mode tunnel replay-window 64 ";
const GCM = ALGORITHMS[2]!;
const inner = (n: number, more = {}): Uint8Array =>
  udp({ from: "10.1.0.1", to: "10.2.0.1", ...more }, 1000, 2000, new Uint8Array(8 + n % 700).fill(n));
const pair = (words: string): [Peer, Peer] =>
  [new Peer(new SeededRandom(7)), new Peer()].map((peer) => {
    peer.add(words);
    return peer;
  }) as [Peer, Peer];

test("what went in comes out, whatever the algorithm, mode, family, encapsulation, length", () => {
  // Every algorithm with every mix of the five; lengths are drawn.
  for (let i = 0; i < RUNNING.length * 32; i++) {
    const seed = 20080506 + i, random = new SeededRandom(seed), algorithm = RUNNING[i >>> 5]!;
    const bit = (at: number): boolean => (i >>> at & 1) === 1;
    const c = { algorithm, esn: bit(0), tunnel: bit(1), outer6: bit(2), inner6: bit(3), encap: bit(4) };
    const lengths = Array.from({ length: 1 + below(random, 6) }, () => below(random, 1401));
    const said = `seed ${seed}: ${JSON.stringify({ ...c, lengths })}`;
    const ends = c.outer6 ? ["2001:db8::1", "2001:db8::2"] : ["192.0.2.1", "192.0.2.2"];
    const six = c.tunnel ? c.inner6 : c.outer6;
    const own = !c.tunnel ? ends : six ? ["2001:db8:1::1", "2001:db8:2::1"] : ["10.1.0.1", "10.2.0.1"];
    const [a, b] = pair(
      `src ${ends[0]} dst ${ends[1]} proto esp spi 0x1234 mode ${
        c.tunnel ? "tunnel" : "transport"
      } replay-window 128 ` +
        `flag af-unspec ${c.esn ? "esn " : ""}${
          c.encap ? "encap espinudp 4500 4500 0.0.0.0 " : ""
        }${c.algorithm}`,
    );
    a.engine.shuffle = new SeededRandom(seed);
    b.engine.shuffle = new SeededRandom(seed + 1);
    const state = a.states.all()[0]!;
    const packets = lengths.map((length) =>
      ip({ from: own[0]!, to: own[1]! }, 253, Uint8Array.from({ length }, () => random.u32()))
    );
    for (const packet of packets) assert.ok(a.send(packet, state), said);
    const wire = a.out();
    for (const packet of wire) {
      if (c.outer6 && c.encap) {
        const base = pseudo(packet, 0, 6, 17, packet.length - 40);
        assert.ok(transportValid(packet, 40, packet.length, base), said);
      }
      assert.ok(b.receive(packet), said);
    }
    const paths: number[] = [];
    assert.deepEqual(b.out(paths), packets, said);
    assert.deepEqual(new Set(paths), new Set([1]), said);
    assert.deepEqual([a.errors, b.errors], [{}, {}], said);
    assert.deepEqual([a.batch.pool.available, b.batch.pool.available], [68, 68], said);
  }
});

test("packets leave in their order though completions do not", () => {
  const [a, b] = pair(V4 + GCM), state = a.states.all()[0]!;
  a.engine.shuffle = new SeededRandom(3);
  b.engine.shuffle = new SeededRandom(4);
  a.engine.perPoll = b.engine.perPoll = 2;
  a.engine.busyAbove = 5;
  const packets = Array.from({ length: 50 }, (_, n) => inner(n)),
    wire: Uint8Array[] = [],
    back: Uint8Array[] = [];
  for (const packet of packets) {
    assert.ok(a.send(packet, state));
    wire.push(...a.out());
  }
  for (let i = 0; i < 60; i++) wire.push(...a.out());
  assert.deepEqual(wire.map((packet) => u32(packet, 24)), packets.map((_, n) => n + 1));
  for (const packet of wire) {
    assert.ok(b.receive(packet));
    back.push(...b.out());
  }
  for (let i = 0; i < 60; i++) back.push(...b.out());
  assert.deepEqual(back, packets);
});

test("a failed request leaves a gap, and nothing else", () => {
  const [a] = pair(V4 + GCM), state = a.states.all()[0]!;
  a.engine.failures.push(0, EIO);
  for (const n of [1, 2, 3]) a.send(inner(n), state);
  a.engine.fullAbove = 0;
  assert.equal(a.send(inner(4), state), false);
  assert.equal(a.out().length, 2);
  assert.deepEqual(a.errors, { XfrmOutStateProtoError: 1, XfrmOutNoQueueSpace: 1 });
  assert.equal(a.batch.pool.available, 68);
  assert.equal(a.engine.requests.available, a.engine.requests.capacity);
  assert.equal(state.inFlight, 0);
});

test("ivs made of sequence numbers begin with 1 and never repeat over the boundary", () => {
  const [a] = pair(`${V4}flag esn replay-oseq 0xfffffffd ${GCM}`),
    state = a.states.all()[0]!,
    ivs: string[] = [];
  for (let n = 0; n < 6; n++) a.send(inner(n), state);
  for (const packet of a.out()) {
    ivs.push(`${(u32(packet, 28) ^ state.ivSalt[0]!) >>> 0} ${(u32(packet, 32) ^ state.ivSalt[1]!) >>> 0}`);
  }
  assert.deepEqual(ivs, ["0 4294967294", "0 4294967295", "1 0", "1 1", "1 2", "1 3"]);
  const fresh = new Peer(), first = fresh.add(V4 + GCM);
  fresh.send(inner(1), first);
  const [packet] = fresh.out();
  assert.deepEqual([u32(packet!, 24), (u32(packet!, 32) ^ first.ivSalt[1]!) >>> 0], [1, 1]);
});

test("the last sequence number ends the state", () => {
  const [a] = pair(`${V4}replay-oseq 0xfffffffe ${GCM}`), state = a.states.all()[0]!;
  assert.equal(a.send(inner(1), state), true);
  assert.equal(a.send(inner(2), state), false);
  assert.equal(a.send(inner(3), state), false);
  assert.deepEqual(a.errors, { XfrmOutStateSeqError: 1, XfrmOutStateInvalid: 1 });
  assert.deepEqual(a.events, ["sequence 0x1000"]);
  a.states.tick(0);
  assert.deepEqual(a.states.all(), []);
  assert.equal(a.engine.open_.size, 1);
  assert.equal(a.out().length, 1);
  assert.equal(a.engine.open_.size, 0);
  const [b] = pair(`${V4}extra-flag oseq-may-wrap replay-oseq 0xffffffff ${GCM}`);
  assert.equal(b.send(inner(1), b.states.all()[0]!), true);
  const [c] = pair(`${V4}flag esn replay-oseq 0xffffffff replay-oseq-hi 0xffffffff ${GCM}`);
  assert.equal(c.send(inner(1), c.states.all()[0]!), false);
});

test("limits in packets, bytes and time", () => {
  const [a] = pair(`${V4}limit packet-soft 1 limit packet-hard 2 ${GCM}`), state = a.states.all()[0]!;
  assert.deepEqual([1, 2, 3].map((n) => a.send(inner(n), state)), [true, true, false]);
  assert.deepEqual(a.events, ["soft 0x1000", "hard 0x1000"]);
  assert.deepEqual(a.errors, { XfrmOutStateExpired: 1 });
  const [b] = pair(`${V4}limit time-soft 5 limit time-hard 10 ${GCM}`);
  for (const now of [4999, 5000, 9999]) b.states.tick(now);
  assert.equal(b.states.all().length, 1);
  b.states.tick(10_000);
  assert.deepEqual([b.states.all().length, b.events], [0, ["soft 0x1000", "hard 0x1000"]]);
});

test("what was changed, cut, repeated or is of nobody does not come through", () => {
  for (const algorithm of RUNNING) {
    const [a, b] = pair(V4 + algorithm);
    a.send(inner(40), a.states.all()[0]!);
    const [packet] = a.out();
    for (let at = 28; at < packet!.length; at++) {
      const bent = packet!.slice();
      bent[at]! ^= 1 << (at & 7);
      b.receive(bent);
      assert.deepEqual(b.out(), []);
    }
    for (let length = 20; length < packet!.length; length++) {
      const cut = packet!.slice(0, length);
      setU16(cut, 2, length);
      setU16(cut, 10, 0);
      setU16(cut, 10, finish(sum(cut, 0, 20)));
      b.receive(cut);
      assert.deepEqual(b.out(), []);
    }
    assert.ok(b.receive(packet!));
    assert.equal(b.out().length, 1);
    assert.equal(b.receive(packet!), false);
    assert.equal(b.batch.pool.available, 68);
    assert.equal(b.states.all()[0]!.lives[5], 1);
  }
});

test("two of one number in work at once: the second is refused behind the ICV", () => {
  const [a, b] = pair(V4 + GCM);
  a.send(inner(1), a.states.all()[0]!);
  const [packet] = a.out();
  assert.ok(b.receive(packet!));
  assert.ok(b.receive(packet!));
  assert.equal(b.out().length, 1);
  assert.deepEqual(b.errors, { XfrmInStateSeqError: 1 });
});

test("don't-fragment, class, congestion and flow label outside", () => {
  const header = (more: string, packet: Uint8Array): Uint8Array => {
    const [a] = pair(`${V4}${more} ${GCM}`);
    a.send(packet, a.states.all()[0]!);
    return a.out()[0]!;
  };
  const df = (packet: Uint8Array): boolean => (u16(packet, 6) & 0x4000) !== 0;
  const free = inner(1, { flags: 0 }),
    kept = inner(1),
    six = udp({ from: "2001:db8::5", to: "2001:db8::6" }, 1, 2);
  assert.deepEqual([free, kept, six].map((packet) => df(header("", packet))), [false, true, true]);
  assert.deepEqual([free, kept, six].map((packet) => df(header("flag nopmtudisc", packet))), [
    false,
    false,
    false,
  ]);
  assert.deepEqual([free, kept, six].map((packet) => df(header("df set", packet))), [true, true, true]);
  const tos = (more: string, value: number): number => header(more, inner(1, { tos: value }))[1]!;
  assert.deepEqual([tos("", 0xb8), tos("", 0xb9), tos("", 0xbb)], [0xb8, 0xb9, 0xba]);
  assert.deepEqual([tos("flag noecn", 0xb9), tos("extra-flag dont-encap-dscp", 0xb9)], [0xb8, 1]);
  assert.equal(header("", inner(1, { ttl: 3 }))[8], 64);
  const labelled = six.slice();
  labelled[3] = 0x55;
  const [v6] = pair(V4.replaceAll("192.0.2.", "2001:db8::") + GCM);
  v6.send(labelled, v6.states.all()[0]!);
  assert.deepEqual([...v6.out()[0]!.subarray(0, 4)], [0x60, 0, 0, 0x55]);
});

test("congestion outside is told inside to who can hear it; a class only where asked", () => {
  const inside = (flags: string, innerTos: number, outerTos: number): number => {
    const [a, b] = pair(`${V4}${flags} ${GCM}`);
    a.send(inner(1, { tos: innerTos }), a.states.all()[0]!);
    const [packet] = a.out();
    packet![1] = outerTos;
    setU16(packet!, 10, 0);
    setU16(packet!, 10, finish(sum(packet!, 0, 20)));
    b.receive(packet!);
    return b.out()[0]![1]!;
  };
  assert.deepEqual([inside("", 2, 3), inside("", 0, 3), inside("flag noecn", 2, 3)], [3, 0, 2]);
  assert.deepEqual([inside("", 0, 0xb8), inside("flag decap-dscp", 1, 0xb8)], [0, 0xb9]);
});

test("checksums left to a device are finished before", () => {
  const [a, b] = pair(V4 + GCM), packet = inner(5), whole = packet.slice();
  setU16(packet, 26, ~finish(pseudo(packet, 0, 4, 17, packet.length - 20)) & 0xffff);
  const row = putPacket(a.batch, packet), { batch } = a;
  batch.checksum[row] = CHECKSUM_PARTIAL;
  batch.checksumStart[row] = batch.transport[row]!;
  batch.checksumOffset[row] = 6;
  a.esp.output(batch, row, a.states.all()[0]!);
  batch.clear();
  b.receive(a.out()[0]!);
  assert.deepEqual(b.out(), [whole]);
});

test("two states one behind the other, and the path through them", () => {
  const a = new Peer(), b = new Peer();
  const transport = "src 10.1.0.1 dst 10.2.0.1 proto esp spi 0x2000 mode transport " + ALGORITHMS[5];
  const [first, second] = [a.add(transport), a.add(V4 + GCM)];
  b.add(transport);
  b.add(V4 + GCM);
  a.send(inner(9), first, second);
  const wire = [...a.out(), ...a.out()], paths: number[] = [];
  assert.equal(wire.length, 1);
  b.receive(wire[0]!);
  b.esp.complete(0);
  b.esp.release(b.batch);
  assert.ok(b.esp.input(b.batch, 0));
  assert.deepEqual(b.out(paths), [inner(9)]);
  assert.deepEqual(paths, [2 | 1 << 16]);
  assert.equal(a.batch.pool.available, 68);
});

test("a dummy packet goes, uncounted as an error", () => {
  const transport = V4.replace("tunnel", "transport") + GCM, [a, b] = pair(transport);
  a.send(ip({ from: "192.0.2.1", to: "192.0.2.2" }, 59, new Uint8Array(30)), a.states.all()[0]!);
  b.receive(a.out()[0]!);
  assert.deepEqual([b.out(), b.errors, b.states.all()[0]!.lives[7]], [[], {}, 1]);
});

test("what a datagram on port 4500 holds", () => {
  const kind = (payload: string): number => {
    const packet = udp({ from: "192.0.2.1", to: "192.0.2.2" }, 4500, 4500, bytesOf(payload));
    return encapsulated(packet, 20, packet.length);
  };
  assert.deepEqual(
    [kind("ff"), kind("00000000 1122334455667788"), kind("00001000 00000001 ffff"), kind("00")],
    [ENCAPSULATED_KEEPALIVE, ENCAPSULATED_IKE, ENCAPSULATED_ESP, ENCAPSULATED_IKE],
  );
});

test("garbage never throws and leaks nothing", () => {
  const [a, b] = pair(V4 + ALGORITHMS[6]), random = new SeededRandom(99), state = a.states.all()[0]!;
  b.add(V4.replaceAll("192.0.2.", "2001:db8::") + GCM);
  for (let i = 0; i < 4000; i++) {
    const bytes = Uint8Array.from({ length: random.u32() % 120 }, () => random.u32());
    if (bytes.length > 4 && i % 2 === 0) bytes.set([0, 0, 0x10, 0]);
    const [from, to] = i % 3 === 0 ? ["2001:db8::1", "2001:db8::2"] : ["192.0.2.1", "192.0.2.2"];
    const packet = ip({ from: from!, to: to! }, [50, 17, 50, 0, 43, 60][i % 6]!, bytes);
    b.receive(packet);
    a.send(i % 5 === 0 ? icmp({ from: "10.0.0.1", to: "10.0.0.2" }, 8, 0, i) : packet, state);
    a.out();
    b.out();
  }
  assert.deepEqual([a.batch.pool.available, b.batch.pool.available], [68, 68]);
  assert.equal(a.engine.requests.available, 256);
});

test("ESP in UDP that one state made in a row goes on as one super-packet, the short one last", () => {
  const [a] = pair(V4 + "encap espinudp 4500 4500 0.0.0.0 " + GCM), state = a.states.all()[0]!;
  for (const size of [200, 200, 200, 100, 200]) a.send(inner(size), state);
  a.esp.complete(0);
  assert.equal(a.esp.release(a.batch), 2);
  const { segmentType, segmentSize, start, end } = a.batch;
  assert.deepEqual([segmentType[0], segmentType[1]], [SEGMENT_UDP_L4, 0]);
  assert.ok((end[0]! - start[0]! - 28) % segmentSize[0]! > 0, "three whole ones and a shorter one");
  a.batch.clear();
  for (let i = 0; i < 3; i++) a.send(inner(200, { flags: 0 }), state);
  a.esp.complete(0);
  assert.equal(a.esp.release(a.batch), 3, "what may be fragmented goes alone");
  a.batch.clear();
  assert.equal(a.batch.pool.available, 68);
});

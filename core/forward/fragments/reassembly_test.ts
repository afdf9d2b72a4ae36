import { test } from "node:test";
import assert from "node:assert/strict";
import type { PacketBatch } from "../../packet/batch.ts";
import { ip, type IpOptions, tcp, udp } from "../../packet/build.ts";
import { setU16, setU32, u16 } from "../../packet/bytes.ts";
import { finish, sum } from "../../packet/checksum.ts";
import {
  ENTRY_OUTPUT,
  ENTRY_PREROUTING,
  VERDICT_CONTINUE,
  VERDICT_DROP,
  VERDICT_STOLEN,
} from "../../packet/columns.ts";
import { packetOf, putPacket, testBatch } from "../../packet/test_batch.ts";
import { below, SeededRandom } from "../../random.ts";
import { ECN_INVALID, reassembledEcn } from "./ecn.ts";
import { Reassembly, type ReassemblyOptions } from "./reassembly.ts";

const V4: IpOptions = { from: "192.0.2.9", to: "203.0.113.5", id: 0x1234, flags: 0 };
const V6: IpOptions = { from: "2001:db8:1::9", to: "2001:db8:2::5" };
const bytes = (length: number, seed = 1) => {
  const random = new SeededRandom(seed);
  return Uint8Array.from({ length }, () => random.u32());
};

/** Bytes [from, to) of a whole packet's payload as a fragment. */
function cut(whole: Uint8Array, from: number, to: number, more?: boolean, id = 0x1234): Uint8Array {
  const six = whole[0]! >>> 4 === 6, header = six ? 40 : (whole[0]! & 15) * 4;
  const last = more === undefined ? header + to >= whole.length : !more;
  const payload = whole.subarray(header + from, header + to);
  if (!six) {
    const b = new Uint8Array([...whole.subarray(0, header), ...payload]);
    setU16(b, 2, b.length);
    setU16(b, 4, id);
    setU16(b, 6, (u16(whole, 6) & 0x4000) | (last ? 0 : 0x2000) | from / 8);
    setU16(b, 10, 0);
    setU16(b, 10, finish(sum(b, 0, header)));
    return b;
  }
  const b = new Uint8Array([...whole.subarray(0, 40), whole[6]!, 0, 0, 0, 0, 0, 0, 0, ...payload]);
  b[6] = 44;
  setU16(b, 4, b.length - 40);
  setU16(b, 42, from | (last ? 0 : 1));
  setU32(b, 44, id);
  return b;
}

interface Bench {
  readonly batch: PacketBatch;
  readonly reassembly: Reassembly;
  readonly expired: number[];
  /** Takes one fragment; the whole packet when that completed it. The batch is cleared. */
  give(fragment: Uint8Array, change?: (row: number) => void): Uint8Array | undefined;
}

function bench(options: Partial<ReassemblyOptions> = {}): Bench {
  const batch = testBatch(), expired: number[] = [];
  const reassembly = new Reassembly({
    pool: batch.pool,
    random: new SeededRandom(3),
    onTimeout: (b, row, type, code) => {
      assert.equal(b.verdict[row], VERDICT_DROP);
      expired.push(type * 256 + code);
    },
    ...options,
  });
  const give = (fragment: Uint8Array, change?: (row: number) => void) => {
    const row = putPacket(batch, fragment);
    change?.(row);
    const whole = reassembly.input(batch, row);
    if (whole !== row) assert.notEqual(batch.verdict[row], VERDICT_CONTINUE);
    const result = whole < 0 ? undefined : packetOf(batch, whole);
    batch.clear();
    return result;
  };
  return { batch, reassembly, expired, give };
}

for (const [name, options] of [["IPv4", V4], ["IPv6", V6]] as const) {
  test(`${name}: fragments in any order, some twice, give the packet back`, () => {
    const random = new SeededRandom(17), t = bench();
    for (let round = 0; round < 150; round++) {
      const length = 16 + below(random, round < 140 ? 3000 : 60_000),
        whole = udp(options, 1, 2, bytes(length, round));
      const all = length + 8, pieces: Uint8Array[] = [];
      for (let at = 0; at < all;) {
        const step = 8 * (3 + below(random, length > 4000 ? 180 : 40));
        pieces.push(cut(whole, at, Math.min(all, at + step), undefined, round));
        at += step;
      }
      for (let i = pieces.length - 1; i > 0; i--) {
        const j = below(random, i + 1);
        [pieces[i], pieces[j]] = [pieces[j]!, pieces[i]!];
      }
      const last = pieces.pop()!;
      for (const piece of pieces) {
        assert.equal(t.give(piece), undefined);
        if (below(random, 4) === 0) assert.equal(t.give(piece), undefined);
      }
      const expected = whole.slice();
      if (options === V4) {
        setU16(expected, 4, round);
        setU16(expected, 10, 0);
        setU16(expected, 10, finish(sum(expected, 0, 20)));
      }
      assert.deepEqual(t.give(last), expected, `round ${round}`);
      assert.equal(t.reassembly.waiting, 0);
      assert.equal(t.reassembly.slabs, 0);
      assert.equal(t.batch.pool.available, 256 + 8);
    }
    assert.equal(t.reassembly.counters.reassembled, 150);
    assert.ok(t.reassembly.counters.duplicates > 50);
    assert.equal(t.reassembly.counters.overlaps, 0);
  });

  test(`${name}: whatever overlaps ends the datagram`, () => {
    const whole = udp(options, 1, 2, bytes(792));
    for (
      const [from, to] of [[0, 208], [192, 400], [200, 608], [392, 608], [408, 608], [192, 608]] as const
    ) {
      const t = bench();
      t.give(cut(whole, 200, 400));
      t.give(cut(whole, 600, 800));
      assert.equal(t.give(cut(whole, from, to)), undefined);
      assert.equal(t.reassembly.counters.overlaps, 1, `${from}..${to}`);
      assert.equal(t.reassembly.waiting, 0);
      assert.equal(t.batch.pool.available, 256 + 8);
    }
  });

  test(`${name}: bytes inside what adjoins are repetition, across a gap they are overlap`, () => {
    const whole = udp(options, 1, 2, bytes(792)), t = bench();
    t.give(cut(whole, 0, 200));
    t.give(cut(whole, 200, 400));
    t.give(cut(whole, 96, 304));
    t.give(cut(whole, 0, 400));
    assert.equal(t.reassembly.counters.duplicates, 2);
    t.give(cut(whole, 600, 800));
    t.give(cut(whole, 96, 608, true));
    assert.equal(t.reassembly.counters.overlaps, 1);
    assert.equal(t.reassembly.waiting, 0);
  });

  test(`${name}: two lengths contradict each other`, () => {
    const whole = udp(options, 1, 2, bytes(792));
    const last = cut(whole, 600, 720, false);
    const others = [cut(whole, 720, 800, false), cut(whole, 720, 800, true), cut(whole, 400, 600, false)];
    for (const other of others) {
      for (const pair of [[last, other], [other, last]] as const) {
        const t = bench();
        t.give(pair[0]);
        t.give(pair[1]);
        assert.equal(t.reassembly.counters.overlaps, 1);
        assert.equal(t.reassembly.waiting, 0);
      }
    }
  });

  test(`${name}: a datagram out of time is given up, with an error when its first fragment is here`, () => {
    const life = options === V4 ? 30_000 : 60_000, whole = udp(options, 1, 2, bytes(792)), t = bench();
    t.batch.now = 1000;
    t.give(cut(whole, 0, 400, true, 1));
    t.give(cut(whole, 400, 800, undefined, 2));
    t.batch.now = 20_000;
    t.give(cut(whole, 400, 600, true, 1));
    t.reassembly.tick(t.batch, 1000 + life - 1);
    assert.equal(t.reassembly.waiting, 2);
    t.reassembly.tick(t.batch, 1000 + life);
    t.batch.clear();
    assert.equal(t.reassembly.waiting, 0);
    assert.deepEqual(t.expired, [options === V4 ? 11 * 256 + 1 : 3 * 256 + 1]);
    assert.equal(t.reassembly.counters.timeouts, 2);
    assert.equal(t.batch.pool.available, 256 + 8);
  });

  test(`${name}: an empty fragment ends its datagram, other datagrams are apart`, () => {
    const whole = udp(options, 1, 2, bytes(792)), t = bench();
    t.give(cut(whole, 0, 400, true, 1));
    t.give(cut(whole, 0, 400, true, 2));
    t.give(cut(whole, 400, 400, true, 1));
    assert.equal(t.reassembly.waiting, 1);
    assert.equal(t.reassembly.counters.malformed, 1);
    assert.ok(t.give(cut(whole, 400, 800, false, 2)));
  });

  test(`${name}: nothing grows beyond 65535 bytes`, () => {
    const whole = udp(options, 1, 2, bytes(1400)), t = bench();
    t.give(cut(whole, 0, 1400, true));
    const beyond = cut(whole, 0, 1400, false);
    if (options === V4) {
      setU16(beyond, 6, 65528 / 8);
      setU16(beyond, 10, 0);
      setU16(beyond, 10, finish(sum(beyond, 0, 20)));
    } else setU16(beyond, 42, 65528);
    t.give(beyond);
    assert.equal(t.reassembly.counters.oversize, 1);
    assert.equal(t.reassembly.waiting, 0);
  });
}

test("the largest fragment and its don't-fragment bit are kept", () => {
  for (
    const [first, second, kept] of [[0x4000, 0x4000, true], [0, 0, false], [0, 0x4000, false], [
      0x4000,
      0,
      true,
    ]] as const
  ) {
    const whole = (flags: number) => udp({ ...V4, flags }, 1, 2, bytes(792)), t = bench();
    putPacket(t.batch, cut(whole(second), 600, 800));
    putPacket(t.batch, cut(whole(first), 0, 600));
    t.reassembly.input(t.batch, 0);
    const row = t.reassembly.input(t.batch, 1);
    assert.equal(t.batch.fragmentSize[row], 620);
    assert.equal((packetOf(t.batch, row)[6]! & 0x40) !== 0, kept);
    assert.equal(t.batch.verdict[1], VERDICT_STOLEN);
    assert.equal(t.batch.verdict[row], VERDICT_CONTINUE);
    assert.equal(t.batch.entry[row], ENTRY_PREROUTING);
    assert.equal(t.batch.fragment[row], 0);
    assert.equal(t.batch.sourcePort[row], 1, "parsed");
  }
});

test("fragments of this host are kept apart from those of the wire and leave by the output hook", () => {
  const whole = udp(V4, 1, 2, bytes(792)), t = bench();
  t.give(cut(whole, 0, 400), (row) => t.batch.entry[row] = ENTRY_OUTPUT);
  assert.equal(t.give(cut(whole, 400, 800)), undefined);
  const row = putPacket(t.batch, cut(whole, 400, 800));
  t.batch.entry[row] = ENTRY_OUTPUT;
  assert.equal(t.batch.entry[t.reassembly.input(t.batch, row)], ENTRY_OUTPUT);
});

test("IPv4 options of the first fragment stay, those of later ones go", () => {
  const whole = new Uint8Array(20 + 8 + 800);
  whole.set(udp(V4, 1, 2, bytes(792)).subarray(0, 20));
  whole[0] = 0x47;
  whole.set([7, 7, 4, 0, 0, 0, 0, 0], 20);
  whole.set(udp(V4, 1, 2, bytes(792)).subarray(20), 28);
  const later = cut(whole, 400, 800), t = bench();
  later.fill(1, 20, 28);
  setU16(later, 10, 0);
  setU16(later, 10, finish(sum(later, 0, 28)));
  t.give(later);
  const got = t.give(cut(whole, 0, 400))!;
  assert.deepEqual(got.subarray(20), whole.subarray(20));
});

test("IPv6: headers before the fragment header stay, the fragment header goes", () => {
  const whole = udp(V6, 1, 2, bytes(792)), t = bench();
  const withOptions = (fragment: Uint8Array) => {
    const b = new Uint8Array([
      ...fragment.subarray(0, 40),
      44,
      0,
      1,
      4,
      0,
      0,
      0,
      0,
      ...fragment.subarray(40),
    ]);
    b[6] = 0;
    setU16(b, 4, b.length - 40);
    return b;
  };
  t.give(withOptions(cut(whole, 400, 800)));
  const got = t.give(withOptions(cut(whole, 0, 400)))!;
  assert.equal(got[6], 0);
  assert.deepEqual([...got.subarray(40, 48)], [17, 0, 1, 4, 0, 0, 0, 0]);
  assert.deepEqual(got.subarray(48), whole.subarray(40));
  assert.equal(u16(got, 4), got.length - 40);
});

test("IPv6: a first fragment without its transport header, and a middle one of odd length, are refused", () => {
  const whole = tcp(V6, 1, 2, { flags: 16, payload: bytes(100) }), t = bench();
  t.give(cut(whole, 0, 16));
  assert.equal(t.reassembly.counters.malformed, 1);
  t.give(cut(whole, 40, 81, true));
  assert.equal(t.reassembly.counters.malformed, 2);
  assert.equal(t.reassembly.waiting, 0);
});

test("IPv6: an atomic fragment loses its header in place, whoever is waiting under its identification", () => {
  const whole = udp(V6, 1, 2, bytes(792)), t = bench();
  t.give(cut(whole, 0, 400));
  const { batch } = t, row = putPacket(batch, cut(whole, 0, 800, false));
  assert.equal(batch.destinationPort[row], 2);
  assert.equal(t.reassembly.input(batch, row), row);
  assert.equal(batch.verdict[row], VERDICT_CONTINUE);
  assert.equal(batch.fragment[row], 0);
  assert.equal(batch.fragmentSize[row], 848);
  assert.deepEqual(packetOf(batch, row), whole);
  batch.clear();
  assert.ok(t.give(cut(whole, 400, 800)));
});

test("IPv6: a fragment inside a fragment is nobody's packet", () => {
  const inner = Uint8Array.of(17, 0, 0, 1, 0, 0, 0, 9, ...bytes(120));
  const nested = ip(V6, 44, inner), t = bench();
  t.give(cut(nested, 0, 64));
  assert.equal(t.give(cut(nested, 64, 128)), undefined);
  assert.equal(t.reassembly.counters.malformed, 1);
  assert.equal(t.give(cut(nested, 0, 128, false)), undefined);
  assert.equal(t.reassembly.counters.malformed, 2);
  assert.equal(t.batch.pool.available, 256 + 8);
});

test("link-local fragments of two links never meet", () => {
  const whole = udp({ from: "fe80::1", to: "fe80::2" }, 1, 2, bytes(792)), t = bench();
  t.give(cut(whole, 0, 400), (row) => t.batch.inInterface[row] = 1);
  assert.equal(t.give(cut(whole, 400, 800), (row) => t.batch.inInterface[row] = 2), undefined);
  assert.equal(t.reassembly.waiting, 2);
});

test("ECN marks are merged as RFC 3168 5.3 says", () => {
  const expected = [
    undefined,
    0,
    0,
    ECN_INVALID,
    0,
    ECN_INVALID,
    0,
    ECN_INVALID,
    3,
    ECN_INVALID,
    3,
    ECN_INVALID,
    3,
    ECN_INVALID,
    3,
    ECN_INVALID,
  ];
  for (let seen = 1; seen < 16; seen++) assert.equal(reassembledEcn(seen), expected[seen], `seen ${seen}`);
  for (const options of [V4, V6]) {
    const t = bench();
    const marked = (tos: number) => udp({ ...options, tos: 0xb8 | tos }, 1, 2, bytes(792));
    t.give(cut(marked(2), 0, 400));
    const got = t.give(cut(marked(3), 400, 800))!;
    assert.equal(options === V4 ? got[1] : u16(got, 0) >>> 4 & 255, 0xbb);
    t.give(cut(marked(0), 0, 400));
    assert.equal(t.give(cut(marked(3), 400, 800)), undefined);
    assert.equal(t.reassembly.counters.contradictions, 1);
  }
});

test("memory, datagrams and one source's share are bounded; the oldest makes room", () => {
  const whole = udp(V4, 1, 2, bytes(792)), t = bench({ datagrams: 8, perSource: 4, slabs: 6 });
  for (let i = 0; i < 10; i++) {
    t.batch.now = i;
    t.give(cut(whole, 0, 400, true, i));
  }
  assert.equal(t.reassembly.waiting, 4);
  assert.equal(t.reassembly.counters.perSource, 6);
  for (let i = 0; i < 6; i++) {
    t.batch.now = 10 + i;
    t.give(cut(udp({ ...V4, from: `198.51.100.${i}` }, 1, 2, bytes(792)), 0, 400));
  }
  assert.ok(t.reassembly.slabs <= 6);
  assert.equal(t.reassembly.counters.evicted, 4);
  assert.ok(
    t.give(cut(udp({ ...V4, from: "198.51.100.5" }, 1, 2, bytes(792)), 400, 800)),
    "the newest is alive",
  );
});

test("an exhausted pool drops and counts", () => {
  const t = bench(), whole = udp(V4, 1, 2, bytes(792));
  const row = putPacket(t.batch, cut(whole, 0, 400));
  while (t.batch.pool.take(1000) >= 0);
  assert.equal(t.reassembly.input(t.batch, row), -1);
  assert.equal(t.reassembly.counters.noRoom, 1);
  assert.equal(t.reassembly.waiting, 0);
});

test("random fragments never throw and leave nothing behind", () => {
  const random = new SeededRandom(2), t = bench({ datagrams: 16, slabs: 40 });
  const whole = [udp(V4, 1, 2, bytes(1400)), udp(V6, 1, 2, bytes(1400))] as const;
  for (let i = 0; i < 20_000; i++) {
    t.batch.now += below(random, 100);
    const from = 8 * below(random, 170), to = Math.min(1408, from + below(random, 600));
    const fragment = cut(whole[i & 1]!, from, to, below(random, 4) > 0, below(random, 6));
    if (below(random, 3) === 0) fragment[below(random, Math.min(60, fragment.length))] = random.u32();
    const row = putPacket(t.batch, fragment);
    if (t.batch.fragment[row] !== 0 && t.batch.family[row] !== 0) t.reassembly.input(t.batch, row);
    t.reassembly.tick(t.batch, t.batch.now);
    t.batch.clear();
    assert.ok(t.reassembly.slabs <= 40 && t.reassembly.waiting <= 16);
  }
  t.reassembly.tick(t.batch, t.batch.now + 1e6);
  t.batch.clear();
  assert.equal(t.reassembly.waiting, 0);
  assert.equal(t.batch.pool.available, 256 + 8);
  assert.ok(t.reassembly.counters.overlaps > 100 && t.reassembly.counters.timeouts > 0);
});

test("an IP protocol without a known header is put together too", () => {
  const whole = ip(V4, 50, bytes(800)), t = bench();
  t.give(cut(whole, 0, 400));
  assert.deepEqual(t.give(cut(whole, 400, 800)), whole);
});

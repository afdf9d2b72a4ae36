import assert from "node:assert/strict";
import { icmp } from "../core/packet/build.ts";
import { u16 } from "../core/packet/bytes.ts";
import { readKernelFile } from "../drivers/sys/kernel_file.ts";
import { Bed, type Proposal, TUNNEL_DEVICE } from "./ipsec/bed.ts";
import { espOf, open } from "./ipsec/esp.ts";
import { encapsulated, HeldPackets } from "./ipsec/held_packets.ts";
import { stateWords } from "./ipsec/keying.ts";
import { strongswanLacks } from "./ipsec/needs.ts";
import { SITES } from "./ipsec/network.ts";
import { iperf, ping, type Seen, Watch } from "./ipsec/traffic.ts";
import { OUT_OF, REQID } from "./ipsec/weir_gateway.ts";
import { skip } from "./needs.ts";
import { pause, until } from "./waiting.ts";
import { WireTap } from "./wire_tap.ts";

/**
 * weir's ESP against strongSwan's, which is another implementation in another language: each opens what the other made,
 * at the rate iperf3 sends, and weir refuses what it must.
 */
const lacking = strongswanLacks("ping", "iperf3", "tcpdump", "ip");
if (lacking !== undefined) {
  if (Deno.env.has("CI")) throw new Error(`ipsec_strongswan_test.ts needs ${lacking}`);
  console.log(`skipped: ipsec_strongswan_test.ts needs ${lacking}`);
}
const ignore = lacking !== undefined;

for (const proposal of ["aes128gcm16", "aes128-sha256"] as const) {
  Deno.test(
    { name: `strongSwan to strongSwan, ${proposal}: the keys of its log open its packets`, ignore },
    async () => {
      await using bed = await Bed.start({ proposal, near: "strongswan" });
      const keying = bed.charon("far").keying(), other = bed.charon("near").keying();
      assert.deepEqual(keying.inward, other.outward);
      assert.deepEqual(keying.outward, other.inward);
      using tap = bed.within("far", () => new WireTap("wan0"));
      assert.equal((await ping(bed, "left", 3)).answered, 3);
      const datagrams = tap.take().map(espOf).filter((esp) => esp !== undefined);
      assert.deepEqual(datagrams.map(({ sequence }) => sequence), [1, 2, 3]);
      for (const datagram of datagrams) {
        assert.equal(datagram.spi, keying.inward.spi);
        const inner = open(keying.inward, datagram);
        assert.ok(inner !== undefined);
        // 84 bytes: IPv4, ICMP, an echo request
        assert.deepEqual([inner.length, inner[0], inner[9], inner[20]], [84, 0x45, 1, 8]);
        assert.equal(open(keying.outward, datagram), undefined);
      }
      const sa = await bed.charon("far").sa();
      assert.deepEqual([sa?.packetsIn, sa?.packetsOut], [3, 3]);
    },
  );

  Deno.test({ name: `weir to strongSwan, ${proposal}`, ignore }, async (test) => {
    await using bed = await Bed.start({ proposal, near: "weir" });
    await test.step("ping both ways; both ends count the same packets", () => pings(bed));
    await test.step("DF is kept, inside and outside", () => dontFragment(bed));
    await test.step("a packet that is too long is answered with what fits, and that fits", () =>
      tooLong(bed, proposal));
    await test.step("what goes beside the tunnel is masqueraded, what goes into it is not", () =>
      beside(bed));
    await test.step("iperf3 both ways", () => streams(bed, proposal));
    await test.step("late, twice, cut, forged: only what is right goes through, once", () => attacks(bed));
    await test.step("a router on the way carries less: so does the tunnel", () => narrower(bed, proposal));
    await test.step("after its last sequence number a state sends nothing", () => lastNumber(bed));
    await test.step("strongSwan rekeys by IKE past weir's ESP; weir goes on by the new keys", () =>
      rekeyed(bed));
  });
}

async function pings(bed: Bed): Promise<void> {
  for (const from of ["left", "right"] as const) {
    const { answered, text } = await ping(bed, from, 20);
    assert.equal(answered, 20, text);
  }
  // larger than the tunnel carries in one piece
  for (const from of ["left", "right"] as const) {
    const { answered, text } = await ping(bed, from, 3, "-s", "4000", "-M", "dont");
    assert.equal(answered, 3, text);
  }
  const { sent, received } = await counts(bed);
  assert.equal(sent.theirs, sent.ours);
  assert.equal(received.theirs, received.ours);
  assert.ok(sent.ours >= 46 && received.ours >= 46);
  assert.deepEqual(await bed.weir("near").statistics(), {});
}

async function dontFragment(bed: Bed): Promise<void> {
  for (const [words, wanted] of [["do", true], ["dont", false]] as const) {
    const outside = await Watch.start(bed, "far", "wan0", `udp port 4500 and src ${SITES.near.wan}`);
    // behind strongSwan's decryption, and behind weir's
    const theirs = await Watch.start(bed, "far", TUNNEL_DEVICE, `icmp and src ${SITES.near.host}`);
    const ours = await Watch.start(bed, "left", "eth0", `icmp and src ${SITES.far.host}`);
    for (const from of ["left", "right"] as const) {
      assert.equal((await ping(bed, from, 3, "-s", "900", "-M", words)).answered, 3);
    }
    const [sealed, opened, delivered] = [await outside.end(6), await theirs.end(6), await ours.end(6)];
    const bits = (packets: readonly Seen[]) => packets.map(({ dontFragment }) => dontFragment);
    const three = [wanted, wanted, wanted];
    // left's requests, then its answers, in which the bit is its host's own choice; the other way round at left
    assert.equal(opened!.length, 6);
    assert.deepEqual(bits(opened!).slice(0, 3), three);
    assert.deepEqual(bits(sealed!), bits(opened!));
    assert.equal(delivered!.length, 6);
    assert.deepEqual(bits(delivered!).slice(3), three);
  }
}

/** RFC 4303 and 3948: largest inner packet whose ESP in UDP fits into `mtu`. */
function largest(proposal: Proposal, mtu: number): number {
  const gcm = proposal === "aes128gcm16", iv = gcm ? 8 : 16, block = gcm ? 4 : 16;
  const room = mtu - 20 - 8 - 8 - iv - 16;
  return room - room % block - 2;
}

async function tooLong(bed: Bed, proposal: Proposal): Promise<void> {
  const fits = largest(proposal, 1500), once = ["-M", "do", "-W", "0.5"];
  const { text } = await ping(bed, "left", 1, ...once, "-s", String(fits + 1 - 28));
  assert.match(text, new RegExp(`From ${SITES.near.lan} .*Frag needed and DF set \\(mtu = ${fits}\\)`), text);
  const { stdout } = await bed.run("left", "ip", ["route", "get", SITES.far.host]);
  assert.match(stdout, new RegExp(` mtu ${fits} `));
  using right = bed.within("right", () => new WireTap("eth0"));
  const outside = await Watch.start(bed, "far", "wan0", `udp port 4500 and src ${SITES.near.wan}`);
  await ping(bed, "left", 1, ...once, "-s", String(fits - 28));
  assert.deepEqual((await right.collect(isEcho, 2000, 1)).map((frame) => u16(frame, 16)), [fits]);
  const lengths = (await outside.end(1)).map(({ length }) => length);
  assert.equal(lengths.length, 1);
  const block = proposal === "aes128gcm16" ? 4 : 16;
  assert.ok(lengths[0]! <= 1500 && lengths[0]! + block > 1500, `${lengths}`);
}

async function beside(bed: Bed): Promise<void> {
  for (
    const [device, source, to] of [
      ["wan0", SITES.near.wan, SITES.far.wan],
      [TUNNEL_DEVICE, SITES.near.host, SITES.far.host],
    ] as const
  ) {
    const watch = await Watch.start(bed, "far", device, `icmp[icmptype] = icmp-echo and src ${source}`);
    assert.equal((await ping(bed, "left", 3, to)).answered, 3);
    assert.equal((await watch.end(3)).length, 3);
  }
}

async function streams(bed: Bed, proposal: Proposal): Promise<void> {
  const rates: string[] = [];
  for (const way of [[], ["-R"]]) {
    const { bitsPerSecond, bytes } = await iperf(bed, 1, ...way);
    assert.ok(bytes > 500_000, `${bytes} bytes in a second ${way.join("")}`);
    rates.push(`${(bitsPerSecond / 1e6).toFixed(0)} Mbit/s`);
  }
  const { sent, received, algorithm } = await counts(bed);
  // its socket takes what charon has no time for
  const overflown = bed.within("far", () => receiveErrors(readKernelFile("/proc/thread-self/net/snmp")));
  console.log(
    `${proposal}: ${rates.join(" out, ")} in; weir sent ${sent.ours} packets, strongSwan (${algorithm}) ` +
      `decrypted ${sent.theirs}, its socket dropped ${overflown}; it sent ${received.theirs}, weir decrypted ${received.ours}`,
  );
  assert.equal(sent.theirs + overflown, sent.ours);
  const missed = received.theirs - received.ours;
  assert.ok(missed >= 0 && missed <= await bed.weir("near").missed("wan0"), `${missed} packets lost`);
  assert.ok(sent.theirs > 300 && received.ours > 300);
}

/** Datagrams for which a socket had no room, out of /proc/net/snmp. */
function receiveErrors(text: string): number {
  const [titles, values] = text.split("\n").filter((line) => line.startsWith("Udp:"));
  return Number(values!.split(" ")[titles!.split(" ").indexOf("RcvbufErrors")]);
}

/** Waits until a count stands still: what a stream left in its host's buffers is still under way when it has ended. */
async function settled<T>(count: () => Promise<T>): Promise<T> {
  for (let last = await count();;) {
    await pause(150);
    const now = await count();
    if (JSON.stringify(now) === JSON.stringify(last)) return now;
    last = now;
  }
}

/** Packets of both directions by both ends' counts. */
const counts = (bed: Bed) => settled(() => countsNow(bed));

async function countsNow(bed: Bed) {
  const keying = bed.negotiated(), weir = bed.weir("near"), sa = await bed.charon("far").sa();
  assert.ok(sa !== undefined);
  return {
    algorithm: sa.algorithm,
    sent: { ours: (await weir.state(keying.outward.spi)).packets, theirs: sa.packetsIn },
    received: { ours: (await weir.state(keying.inward.spi)).packets, theirs: sa.packetsOut },
  };
}

async function attacks(bed: Bed): Promise<void> {
  const weir = bed.weir("near"), { spi } = bed.negotiated().inward;
  using held = await HeldPackets.take(bed, 20);
  using left = bed.within("left", () => new WireTap("eth0"));
  const dropped = await weir.drops();
  const before = await weir.state(spi),
    statistics = await weir.statistics(),
    counted = await weir.counted(OUT_OF);
  const [p1, p2, p3, p4, p5, p6, p7, p8] = held.packets;
  let last = 8;
  /** Sends, and says which echo requests arrived until one arrived that was sent behind them. */
  const arrivals = async (...packets: readonly Uint8Array[]): Promise<number[]> => {
    for (const packet of [...packets, held.packets[last++]!]) held.send(packet);
    const numbers: number[] = [];
    await until("a packet sent last arrives", () => {
      numbers.push(...left.take().filter(isEcho).map((frame) => u16(frame, 14 + 20 + 6)));
      return numbers.includes(last);
    });
    return numbers.slice(0, -1);
  };
  assert.deepEqual(await arrivals(p4!, p2!, p3!, p1!), [4, 2, 3, 1]);
  assert.deepEqual(await arrivals(p1!, p2!, p3!, p4!, p4!), []);
  assert.equal((await weir.state(spi)).replay - before.replay, 5);

  const forged = p5!.slice();
  forged[forged.length - 1]! ^= 1;
  const bent = p5!.slice();
  bent[30]! ^= 0x80;
  assert.deepEqual(await arrivals(forged, bent), []);
  assert.equal((await weir.state(spi)).failed - before.failed, 2);
  assert.deepEqual(await arrivals(p5!), [5]);

  const cut = [p6!.length - 1, p6!.length - 16, 60, 40, 24, 17, 9].map((length) => p6!.subarray(0, length));
  assert.deepEqual(await arrivals(...cut), []);
  // lengths of IP and UDP as they were, bytes missing
  const whole = encapsulated(p6!);
  for (const length of [whole.length - 1, 50, 36, 28, 24, 20]) held.sendPacket(whole.subarray(0, length));
  assert.deepEqual(await arrivals(p6!), [6]);

  // in the clear, what is to come by the tunnel
  held.sendPacket(icmp({ from: SITES.far.host, to: SITES.near.host }, 8, 0, 99));
  assert.deepEqual(await arrivals(), []);

  const ahead = p7!.slice();
  ahead[4] = 0x7f;
  const stranger = p7!.slice();
  stranger[0]! ^= 0x55;
  assert.deepEqual(await arrivals(ahead, stranger), []);
  assert.deepEqual(await arrivals(p7!, p8!), [7, 8]);

  const after = await weir.state(spi), refused = await weir.statistics();
  assert.equal(after.packets - before.packets, last);
  assert.equal(await weir.counted(OUT_OF) - counted, last);
  const errors = difference(refused, statistics);
  const drops = difference(await weir.drops(), dropped);
  console.log("refused:", JSON.stringify(errors), JSON.stringify(drops));
  assert.equal(drops["truncated"], 6);
  assert.deepEqual(errors, {
    // the stranger
    XfrmInNoStates: 1,
    // forged, bent, ahead, and cut at seven places
    XfrmInStateProtoError: 10,
    XfrmInStateSeqError: 5,
    // in the clear
    XfrmInTmplMismatch: 1,
  });
}

const difference = (now: Record<string, number>, then: Record<string, number>) =>
  Object.fromEntries(
    Object.entries(now).map(([name, count]) => [name, count - (then[name] ?? 0)] as const).filter(([, n]) =>
      n !== 0
    ),
  );

/** An echo request in IPv4. */
const isEcho = (frame: Uint8Array): boolean =>
  u16(frame, 12) === 0x0800 && frame[23] === 1 && frame[14 + 20] === 8;

async function narrower(bed: Bed, proposal: Proposal): Promise<void> {
  using far = bed.within("far", () => new WireTap("wan0"));
  await ping(bed, "left", 1);
  const sent = far.take().find((frame) => espOf(frame) !== undefined)!;
  using held = await HeldPackets.take(bed, 1);
  // "fragmentation needed", quoting the IP and UDP headers and the beginning of ESP
  held.sendPacket(
    icmp({ from: SITES.far.wan, to: SITES.near.wan }, 3, 4, 1300, sent.subarray(14, 14 + 20 + 8 + 20)),
  );
  const fits = largest(proposal, 1300);
  await until("weir tells of less", async () => {
    const { text } = await ping(bed, "left", 1, "-M", "do", "-W", "0.3", "-s", String(fits + 1 - 28));
    return new RegExp(`mtu ?= ?${fits}\\b`).test(text);
  });
  assert.equal((await ping(bed, "left", 1, "-M", "do", "-s", String(fits - 28))).answered, 1);
  assert.ok((await iperf(bed, 1)).bytes > 500_000);
}

async function lastNumber(bed: Bed): Promise<void> {
  const weir = bed.weir("near"), { outward } = bed.negotiated();
  const id = ["src", outward.from, "dst", outward.to, "proto", "esp", "spi", String(outward.spi)];
  await weir.xfrm("state", "delete", ...id);
  await weir.xfrm("state", "add", ...stateWords(outward, REQID).split(" "), "replay-oseq", "0xfffffffc");
  using far = bed.within("far", () => new WireTap("wan0"));
  assert.equal((await ping(bed, "left", 5, "-W", "0.5")).answered, 3);
  const sent = far.take().map(espOf).filter((esp) => esp?.spi === outward.spi);
  assert.deepEqual(sent.map((esp) => esp!.sequence), [0xfffffffd, 0xfffffffe, 0xffffffff]);
  console.log("refused:", JSON.stringify(await weir.statistics()));
}

async function rekeyed(bed: Bed): Promise<void> {
  const weir = bed.weir("near"), old = bed.negotiated();
  await bed.charon("near").rekey();
  const keying = bed.negotiated();
  assert.notEqual(keying.outward.spi, old.outward.spi);
  await weir.takeTunnel(keying);
  for (const from of ["left", "right"] as const) assert.equal((await ping(bed, from, 5)).answered, 5);
  const { sent, received } = await counts(bed);
  assert.deepEqual([sent.ours, received.ours], [sent.theirs, received.theirs]);
}

Deno.test(
  { name: "weir to weir", ignore: skip("ipsec_strongswan_test.ts (weir to weir)", "ping", "iperf3") },
  async () => {
    await using bed = await Bed.start({ proposal: "aes128gcm16", near: "weir", far: "weir" });
    for (const from of ["left", "right"] as const) {
      const { answered, text } = await ping(bed, from, 10);
      assert.equal(answered, 10, text);
    }
    for (const way of [[], ["-R"]]) assert.ok((await iperf(bed, 1, ...way)).bytes > 500_000);
    const near = bed.weir("near"), far = bed.weir("far");
    for (const [sender, receiver, spi] of [[near, far, 0x1001], [far, near, 0x1002]] as const) {
      const [sent, taken] = await settled(() => Promise.all([sender.state(spi), receiver.state(spi)]));
      const lost = sent.packets - taken.packets;
      assert.ok(
        taken.packets > 100 && lost >= 0 && lost <= await receiver.missed("wan0"),
        `${lost} packets lost`,
      );
    }
  },
);

import { test } from "node:test";
import assert from "node:assert/strict";
import { arp, ethernet, icmp } from "../../packet/build.ts";
import { setU16 } from "../../packet/bytes.ts";
import { finish, pseudo, sum } from "../../packet/checksum.ts";
import { PacketPool } from "../../packet/pool.ts";
import { below, SeededRandom } from "../../random.ts";
import { address, HOST_MAC, plan, ROUTER_MAC, TestLink } from "./test_link.ts";

/** Random messages that look right enough to get far: real headers, real option types, bent lengths and fields. */
class Noise {
  readonly #random: SeededRandom;

  constructor(seed: number) {
    this.#random = new SeededRandom(seed);
  }
  below(limit: number): number {
    return below(this.#random, limit);
  }
  of<T>(list: readonly T[]): T {
    return list[this.below(list.length)]!;
  }
  bytes(length: number): Uint8Array {
    return Uint8Array.from({ length }, () => this.below(256));
  }

  options(): Uint8Array {
    const parts: number[] = [];
    for (let n = this.below(5); n > 0; n--) {
      const type = this.of([1, 2, 3, 4, 5, 14, 24, 25, 31, this.below(256)]);
      const length = this.below(10) === 0 ? this.below(256) : this.of([1, 1, 1, 3, 4, 5]);
      parts.push(type, this.below(30) === 0 ? 0 : length, ...this.bytes(Math.max(0, length * 8 - 2)));
      if (type === 3 && length === 4) parts[parts.length - 30] = this.of([0, 48, 64, 64, 64, 128, 200]);
    }
    if (this.below(10) === 0) parts.push(this.below(256));
    return Uint8Array.from(parts);
  }

  icmpv6(): Uint8Array {
    const type = this.of([130, 131, 132, 133, 134, 134, 135, 135, 136, 136, 137, 143]);
    const from = this.of(["::", "fe80::9", "2001:db8::9", "2001:db8::1", "fe80::ff:fe00:1", "ff02::1"]);
    const to = this.of(["ff02::1", "ff02::2", "ff02::1:ff00:1", "ff02::1:ff00:9", "2001:db8::1"]);
    const fixed = type === 133
      ? 0
      : type === 134
      ? 8
      : type === 137
      ? 32
      : type >= 135 && type <= 136
      ? 16
      : this.below(40);
    const target = this.of(["2001:db8::1", "2001:db8::9", "fe80::ff:fe00:1", "2001:db8::77", "ff02::1"]);
    const body = this.bytes(fixed);
    if (fixed === 16) {
      address(target).words.forEach((w, i) => body.set([w >>> 24, w >>> 16, w >>> 8, w], 4 * i));
    }
    const packet = icmp(
      { from, to, ttl: this.below(8) === 0 ? this.below(256) : 255 },
      type,
      this.below(10) === 0 ? this.below(4) : 0,
      this.below(0x100000000),
      Uint8Array.from([...body, ...this.options()]),
    );
    return ethernet(this.of([HOST_MAC, ROUTER_MAC]), "33:33:00:00:00:01", this.bend(packet));
  }

  arp(): Uint8Array {
    const any = () => this.of(["192.0.2.1", "192.0.2.9", "0.0.0.0", "192.0.2.255", "224.0.0.1", "127.0.0.1"]);
    const frame = arp(this.of([HOST_MAC, ROUTER_MAC]), any(), any(), 1 + this.below(2), HOST_MAC);
    for (let n = this.below(3); n > 0; n--) frame[14 + this.below(28)] = this.below(256);
    return frame.slice(0, this.below(5) === 0 ? 15 + this.below(28) : frame.length);
  }

  /** Cuts, changes bytes, and mostly makes the checksum right again. */
  bend(packet: Uint8Array): Uint8Array {
    const cut = this.below(4) === 0 ? packet.slice(0, 41 + this.below(packet.length - 40)) : packet;
    for (let n = this.below(3); n > 0; n--) cut[this.below(cut.length)] = this.below(256);
    if (this.below(8) !== 0 && cut.length >= 44) {
      setU16(cut, 4, cut.length - 40);
      setU16(cut, 42, 0);
      setU16(cut, 42, finish(sum(cut, 40, cut.length, pseudo(cut, 0, 6, 58, cut.length - 40))));
    }
    return cut;
  }
}

test("no frame makes the room throw, leak a slab, send a wrong checksum or say something senseless", () => {
  for (let seed = 1; seed <= 12; seed++) {
    const noise = new Noise(seed), pool = new PacketPool(96, 2);
    const link = new TestLink({
      pool,
      dadTransmits: seed % 2,
      capacity: 32,
      ...(seed % 3 === 0 ? { secret: noise.bytes(16) } : {}),
    });
    const advertise = {
      routerLifetime: 1800,
      interval: 4,
      prefixes: [{ ...address("2001:db8::"), length: 64, validLifetime: 60, preferredLifetime: 30 }],
      dns: [address("2001:db8::1")],
    };
    const acceptAdvertisements = seed % 4 < 2;
    const config = plan(["192.0.2.1/24", "2001:db8::1/64"], {
      acceptAdvertisements,
      ...(acceptAdvertisements ? {} : { advertise }),
    });
    link.up(config);
    for (let step = 0; step < 1500; step++) {
      const what = noise.below(12);
      if (what === 0) link.run(noise.below(7000));
      else if (what === 1) link.send("192.0.2.1", `192.0.2.${noise.below(256)}`);
      else if (what === 2) link.send("2001:db8::1", `2001:db8::${noise.below(40).toString(16)}`);
      else if (what === 3 && noise.below(30) === 0) {
        link.adjacency.interfaceUp(1, false, link.now);
        link.adjacency.interfaceUp(1, true, link.now);
      } else link.receive(what < 7 ? noise.arp() : noise.icmpv6(), noise.below(4));
      if (step % 100 === 99) {
        for (const line of [...link.take(), ...link.neighbours()]) {
          assert.doesNotMatch(line, /bad checksum|undefined|null|NaN/);
        }
        assert.ok(link.neighbours().length <= 32);
      }
    }
    link.adjacency.interfaceUp(1, false, link.now);
    assert.equal(pool.available, 98, `seed ${seed}`);
    for (const [name, value] of Object.entries(link.adjacency.counters)) assert.ok(value >= 0, name);
    assert.doesNotMatch(JSON.stringify(link.events), /NaN|undefined/);
  }
});

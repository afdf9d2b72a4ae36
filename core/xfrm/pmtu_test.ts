import { strict as assert } from "node:assert";
import { test } from "node:test";
import { udp } from "../packet/build.ts";
import { packetOf, singleBatch } from "../packet/test_batch.ts";
import { espLength } from "./esp.ts";
import { headerBytes, innerMtu, SIZE_FITS, SIZE_FRAGMENTED, sizeAnswer } from "./pmtu.ts";
import { ALGORITHMS, Peer, RUNNING } from "./test_peers.ts";

test("the largest packet fits, one byte more does not", () => {
  for (const algorithm of ALGORITHMS) {
    for (const mode of ["tunnel", "transport"]) {
      for (const [source, destination] of [["192.0.2.1", "192.0.2.2"], ["2001:db8::1", "2001:db8::2"]]) {
        for (const encap of ["", "encap espinudp 4500 4500 0.0.0.0 "]) {
          const state = new Peer().add(
            `src ${source} dst ${destination} proto esp spi 0x1000 mode ${mode} ${encap}${algorithm}`,
          );
          const { ivSize, blockSize, icvSize } = state.transform,
            kept = state.tunnel ? 0 : state.family === 4 ? 20 : 40;
          const length = (packet: number): number =>
            kept + headerBytes(state) - 8 - ivSize + espLength(packet - kept, ivSize, blockSize, icvSize);
          for (let mtu = 576; mtu <= 1500; mtu += 7) {
            const most = innerMtu(state, mtu);
            assert.ok(length(most) <= mtu && length(most + 1) > mtu, `${algorithm} ${mode} ${encap} ${mtu}`);
          }
        }
      }
    }
  }
});

test("numbers as the kernel's", () => {
  const mtu = (words: string): number =>
    innerMtu(new Peer().add(`src 192.0.2.1 dst 192.0.2.2 proto esp spi 0x1000 ${words}`), 1500);
  assert.equal(mtu(`mode tunnel ${ALGORITHMS[2]}`), 1446);
  assert.equal(mtu(`mode tunnel ${ALGORITHMS[6]}`), 1438);
  assert.equal(mtu(`mode tunnel encap espinudp 4500 4500 0.0.0.0 ${ALGORITHMS[2]}`), 1438);
  assert.equal(mtu(`mode transport ${ALGORITHMS[2]}`), 1466);
});

test("who is told what", () => {
  const state = new Peer().add(
    `src 192.0.2.1 dst 192.0.2.2 proto esp spi 0x1000 mode tunnel ${ALGORITHMS[2]}`,
  );
  const four = (length: number, dontFragment = true): number =>
    sizeAnswer(4, length, dontFragment, innerMtu(state, 1500));
  const six = (length: number, mtu: number): number => sizeAnswer(6, length, true, innerMtu(state, mtu));
  assert.equal(four(1446), SIZE_FITS);
  assert.equal(four(1447), 1446);
  assert.equal(four(1447, false), SIZE_FRAGMENTED);
  assert.equal(six(1447, 1500), 1446);
  assert.equal(six(1281, 1300), 1280);
  assert.equal(six(1280, 1300), SIZE_FRAGMENTED);
});

test("a packet of just the MTU makes an ESP packet of no more", () => {
  for (const algorithm of RUNNING) {
    const peer = new Peer();
    const state = peer.add(`src 192.0.2.1 dst 192.0.2.2 proto esp spi 0x1000 mode tunnel ${algorithm}`);
    const packet = udp(
      { from: "10.1.0.1", to: "10.2.0.1" },
      1,
      2,
      new Uint8Array(innerMtu(state, 1400) - 28),
    );
    peer.send(packet, state);
    const [made] = peer.out();
    assert.ok(made!.length <= 1400 && made!.length > 1400 - 16);
  }
  assert.equal(packetOf(singleBatch(), 0).length, 0);
});

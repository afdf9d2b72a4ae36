import { strict as assert } from "node:assert";
import { test } from "node:test";
import { icmp, tcp, udp } from "../packet/build.ts";
import { putPacket } from "../packet/test_batch.ts";
import { SeededRandom } from "../random.ts";
import { Policies, POLICY_BLOCK, POLICY_CLEAR, POLICY_NO_STATE, POLICY_TRANSFORM } from "./policies.ts";
import { PolicyCheck } from "./policy_check.ts";
import { parsePolicy } from "./policy_words.ts";
import { ALGORITHMS, Peer } from "./test_peers.ts";

const GCM = ALGORITHMS[2]!;

class Room {
  readonly peer = new Peer(new SeededRandom(1));
  readonly acquired: string[] = [];
  readonly policies = new Policies({
    states: this.peer.states,
    statistics: this.peer.esp.statistics,
    interfaceIndex: (name) => name === "wan" ? 3 : 0,
    onAcquire: (policy) => this.acquired.push(policy.options.direction),
  });
  readonly #check = new PolicyCheck(this.policies, this.peer.states, this.peer.esp.statistics);

  add(words: string): void {
    this.policies.add(parsePolicy(words));
  }
  resolve(packet: Uint8Array, mark = 0, device = 1): number {
    const { batch } = this.peer, row = putPacket(batch, packet);
    batch.mark[row] = mark;
    const answer = this.policies.resolve(batch, row, device);
    batch.clear();
    return answer;
  }
  allows(direction: "in" | "fwd", packet: Uint8Array, ...path: number[]): boolean {
    const { batch } = this.peer, row = putPacket(batch, packet);
    batch.secpath[row] = (path[0] ?? 0) | (path[1] ?? 0) << 16;
    const allowed = this.#check.allows(direction, batch, row, 1);
    batch.clear();
    return allowed;
  }
}

const from = { from: "10.1.0.5", to: "10.2.0.5" }, back = { from: "10.2.0.5", to: "10.1.0.5" };
const NETS = "src 10.1.0.0/16 dst 10.2.0.0/16", BACK = "src 10.2.0.0/16 dst 10.1.0.0/16";

test("the first by priority counts, the older of equals", () => {
  const room = new Room();
  room.add(`${NETS} dir out priority 10 action block`);
  assert.equal(room.resolve(udp(from, 1, 2)), POLICY_BLOCK);
  room.add(`${NETS} proto udp dir out priority 5`);
  room.add(`${NETS} proto udp dport 2 dir out priority 5 action block`);
  assert.equal(room.resolve(udp(from, 1, 2)), POLICY_CLEAR);
  assert.equal(room.resolve(tcp(from, 1, 2, { flags: 2 })), POLICY_BLOCK);
  assert.equal(room.resolve(udp(back, 1, 2)), POLICY_CLEAR);
  assert.deepEqual(room.peer.errors, { XfrmOutPolBlock: 2 });
  assert.throws(() => room.add(`${NETS} dir out`), /there is a policy of direction out/);
});

test("selectors: ports, types of ICMP, interfaces, marks, families", () => {
  const room = new Room();
  const blocked = (words: string, packet: Uint8Array, mark = 0, device = 1): boolean => {
    room.add(`${words} dir out action block`);
    const answer = room.resolve(packet, mark, device);
    room.policies.delete(room.policies.all()[0]!);
    return answer === POLICY_BLOCK;
  };
  assert.deepEqual([80, 81].map((port) => blocked("proto tcp dport 80", tcp(from, 9, port, { flags: 2 }))), [
    true,
    false,
  ]);
  assert.deepEqual([9, 8].map((port) => blocked("proto udp sport 9", udp(from, port, 1))), [true, false]);
  assert.deepEqual([8, 0].map((type) => blocked("proto icmp type 8 code 0", icmp(from, type, 0))), [
    true,
    false,
  ]);
  assert.deepEqual([3, 1].map((device) => blocked("dev wan", udp(from, 1, 1), 0, device)), [true, false]);
  assert.equal(blocked("dev gone", udp(from, 1, 1), 0, 0), false);
  assert.deepEqual([5, 6].map((mark) => blocked("mark 1 mask 3", udp(from, 1, 1), mark)), [true, false]);
  const six = udp({ from: "2001:db8::1", to: "2001:db8::2" }, 1, 1);
  assert.deepEqual([blocked("src ::/0 dst ::/0", six), blocked("src 0.0.0.0/0", six)], [true, false]);
  assert.equal(blocked("src 2001:db8::/33", six), true);
});

test("templates find their states: required or not, by reqid, the youngest that lives", () => {
  const room = new Room(), { peer } = room;
  room.add(`${NETS} dir out tmpl src 192.0.2.1 dst 192.0.2.2 proto esp reqid 5 mode tunnel`);
  assert.equal(room.resolve(udp(from, 1, 2)), POLICY_NO_STATE);
  assert.deepEqual([peer.errors, room.acquired], [{ XfrmOutNoStates: 1 }, ["out"]]);
  const words = "src 192.0.2.1 dst 192.0.2.2 proto esp mode tunnel";
  peer.add(`${words} spi 0x1000 reqid 6 ${GCM}`);
  assert.equal(room.resolve(udp(from, 1, 2)), POLICY_NO_STATE);
  const first = peer.add(`${words} spi 0x1001 reqid 5 ${GCM}`);
  assert.equal(room.resolve(udp(from, 1, 2)), POLICY_TRANSFORM);
  assert.equal(room.policies.first, first);
  const second = peer.add(`${words} spi 0x1002 reqid 5 ${GCM}`);
  second.lives[2] = 5;
  assert.equal(room.resolve(udp(from, 1, 2)), POLICY_TRANSFORM);
  assert.equal(room.policies.first, second);
  peer.states.delete(second);
  room.resolve(udp(from, 1, 2));
  assert.equal(room.policies.first, first);
  const use = new Room();
  use.add(`${NETS} dir out tmpl proto esp mode transport level use`);
  assert.equal(use.resolve(udp(from, 1, 2)), POLICY_CLEAR);
  use.peer.add(`src 10.1.0.5 dst 10.2.0.5 proto esp spi 0x1000 mode transport ${GCM}`);
  assert.equal(use.resolve(udp(from, 1, 2)), POLICY_TRANSFORM);
  assert.equal(use.resolve(udp({ ...from, to: "10.2.0.6" }, 1, 2)), POLICY_CLEAR);
});

test("what comes must have come through what its policy asks for, and through no other tunnel", () => {
  const room = new Room(), { peer } = room, packet = udp(back, 1, 2);
  assert.equal(room.allows("in", packet), true);
  peer.add(`src 192.0.2.2 dst 192.0.2.1 proto esp spi 0x1000 reqid 5 mode tunnel ${GCM}`);
  peer.add(`src 192.0.2.2 dst 192.0.2.1 proto esp spi 0x1001 reqid 6 mode tunnel ${GCM}`);
  peer.add(`src 10.2.0.5 dst 10.1.0.5 proto esp spi 0x1002 mode transport ${GCM} sel ${BACK} proto udp`);
  assert.deepEqual([room.allows("in", packet, 1), room.allows("in", packet, 3)], [false, true]);
  assert.deepEqual(peer.errors, { XfrmInNoPols: 1 });
  room.add(`${BACK} dir in tmpl src 192.0.2.2 dst 192.0.2.1 proto esp reqid 5 mode tunnel`);
  room.add(`${BACK} dir fwd action block`);
  assert.deepEqual([[1], [2], [], [3], [1, 2], [1, 3]].map((path) => room.allows("in", packet, ...path)), [
    true,
    false,
    false,
    false,
    false,
    true,
  ]);
  assert.equal(room.allows("fwd", packet, 1), false);
  assert.equal(room.allows("in", tcp(back, 1, 2, { flags: 2 }), 1, 3), false);
  assert.deepEqual(peer.errors, {
    XfrmInNoPols: 1,
    XfrmInTmplMismatch: 4,
    XfrmInPolBlock: 1,
    XfrmInStateMismatch: 1,
  });
});

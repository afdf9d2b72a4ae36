import { test } from "node:test";
import assert from "node:assert/strict";
import { formatAddress, parseMac } from "../../packet/address.ts";
import { setU32 } from "../../packet/bytes.ts";
import { ethernet } from "../../packet/build.ts";
import { plan, ROUTER_MAC, TestLink, words } from "./test_link.ts";

const US = "2001:db8::1";

function target(address: string, option = new Uint8Array(0), flags = 0): Uint8Array {
  const b = new Uint8Array(20 + option.length);
  setU32(b, 0, flags);
  words(address).forEach((word, i) => setU32(b, 4 + 4 * i, word));
  b.set(option, 20);
  return b;
}
const starting = () => {
  const link = new TestLink({ dadTransmits: 1, dadDelay: 1000 });
  link.up(plan([`${US}/64`]));
  return link;
};
const state = (link: TestLink, address = US) =>
  link.adjacency.addresses().find((a) =>
    formatAddress({ family: 6, words: [...a.words] as never }) === address
  )!
    .state;

test("an address is asked for once from ::, within a second, after its group was joined; then preferred", () => {
  const link = starting(), start = link.now;
  assert.equal(state(link), "tentative");
  assert.equal(link.adjacency.isLocalAddress(6, words(US), 0), false);
  link.run(2001);
  const lines = link.take(start);
  assert.match(lines[0]!, /^0 mld2 from :: to ff02::16/);
  const asked = lines.filter((l) => l.includes("ns "));
  assert.equal(asked.length, 2, "the address and the link-local one");
  assert.match(asked.join("\n"), /ns 2001:db8::1 from :: to ff02::1:ff00:1 -> 33:33:ff:00:00:01/);
  for (const line of asked) assert.ok(Number(line.split(" ")[0]) < 1000);
  assert.equal(state(link), "preferred");
  assert.equal(link.adjacency.isLocalAddress(6, words(US), 0), true);
  assert.deepEqual(
    link.events.filter((e) => e.kind === "address" && formatAddress(e.address) === US).map((e) =>
      e.kind === "address" && e.state
    ),
    ["tentative", "preferred"],
  );
});

test("an advertisement or another's probe makes a tentative address duplicated for good", () => {
  const mac = Uint8Array.of(2, 1, ...parseMac("02:00:00:00:00:bb")!);
  for (
    const [from, to, type, body] of [
      [US, "ff02::1", 136, target(US, mac, 0x20000000)],
      ["::", "ff02::1:ff00:1", 135, target(US)],
      ["::", "ff02::1:ff00:1", 135, target(US, Uint8Array.of(14, 1, 9, 9, 9, 9, 9, 9))],
    ] as const
  ) {
    const link = starting();
    link.icmpv6({ from, to }, type, body);
    assert.equal(state(link), "duplicated");
    link.run(20000);
    assert.equal(state(link), "duplicated");
    assert.equal(link.adjacency.isLocalAddress(6, words(US), 0), false);
    assert.equal(link.events.filter((e) => e.kind === "conflict").length, 1);
    link.take();
    link.icmpv6(
      { from: "fe80::9", to: "ff02::1:ff00:1" },
      135,
      target(US, Uint8Array.of(1, 1, 2, 0, 0, 0, 0, 9)),
    );
    assert.deepEqual(link.take(), [], "what is another's is not answered for");
    link.adjacency.interfaceUp(1, false, link.now);
    link.adjacency.interfaceUp(1, true, link.now);
    link.run(3000);
    assert.equal(state(link), "preferred", "a new link is a new chance");
  }
});

test("our own solicitation that a loop brings back proves nothing (RFC 7527)", () => {
  const link = starting();
  let looped = 0;
  for (let i = 0; i < 20; i++) {
    link.run(100);
    for (const packet of link.sent) {
      if (packet[6] !== 58 || packet[40] !== 135) continue;
      looped++;
      link.receive(ethernet(ROUTER_MAC, "33:33:ff:00:00:01", packet));
    }
    link.take();
  }
  assert.equal(looped, 2);
  assert.equal(state(link), "preferred");
});

test("while tentative no question is answered, and traffic in unicast is not ours", () => {
  const link = starting();
  link.take();
  link.icmpv6(
    { from: "fe80::9", to: "ff02::1:ff00:1" },
    135,
    target(US, Uint8Array.of(1, 1, 2, 0, 0, 0, 0, 9)),
  );
  assert.deepEqual(link.take(), []);
  assert.equal(
    link.adjacency.isLocalGroup(1, 6, words("ff02::1:ff00:1"), 0),
    true,
    "the group is listened to",
  );
});

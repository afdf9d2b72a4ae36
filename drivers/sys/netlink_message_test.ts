import { test } from "node:test";
import assert from "node:assert/strict";
import { attributeList, Attributes, MessageBuilder, messages } from "./netlink_message.ts";

test("a message is read back as it was built", () => {
  const built = new MessageBuilder(16, 5, Uint8Array.of(1, 2, 3, 4))
    .u8(1, 7).u16(2, 0x1234).u32(3, 0xdeadbeef).u32Be(4, 0x01020304).string(5, "eth0")
    .nest(6, (inside) => inside.string(1, "veth").u32(2, 9))
    .bytes(7, Uint8Array.of(9, 8, 7))
    .finish(42);
  const [message, ...others] = messages(built);
  assert.equal(others.length, 0);
  assert.deepEqual([message!.type, message!.flags, message!.sequence], [16, 5, 42]);
  const attributes = new Attributes(message!.payload, 4);
  assert.equal(attributes.u8(1), 7);
  assert.equal(attributes.u16(2), 0x1234);
  assert.equal(attributes.u32(3), 0xdeadbeef);
  assert.deepEqual(attributes.bytes(4), Uint8Array.of(1, 2, 3, 4));
  assert.equal(attributes.string(5), "eth0");
  assert.equal(attributes.nested(6)?.string(1), "veth");
  assert.equal(attributes.nested(6)?.u32(2), 9);
  assert.deepEqual(attributes.bytes(7), Uint8Array.of(9, 8, 7));
  assert.equal(attributes.u32(8), undefined);
  assert.equal(attributes.u32(2), undefined);
});

test("a message grows past its first buffer", () => {
  const builder = new MessageBuilder(1, 0);
  for (let i = 0; i < 500; i++) builder.u32(i, i);
  const attributes = new Attributes(messages(builder.finish(1))[0]!.payload);
  assert.equal(attributes.u32(499), 499);
});

test("several messages of one datagram; lying lengths end the walk", () => {
  const one = new MessageBuilder(1, 0).string(1, "abc").finish(1), two = new MessageBuilder(2, 0).finish(2);
  const both = new Uint8Array(one.length + two.length);
  both.set(one);
  both.set(two, one.length);
  assert.deepEqual(messages(both).map((m) => m.type), [1, 2]);
  for (let length = 0; length < both.length; length++) messages(both.subarray(0, length));
  new DataView(both.buffer).setUint32(one.length, 9999, true);
  assert.deepEqual(messages(both).map((m) => m.type), [1]);
});

test("attributes of a damaged message never read outside", () => {
  const payload = messages(new MessageBuilder(1, 0).string(1, "abcdef").u32(2, 5).finish(1))[0]!.payload;
  for (let at = 0; at < payload.length; at++) {
    for (const value of [0, 1, 3, 255]) {
      const bent = payload.slice();
      bent[at] = value;
      for (const [, bytes] of attributeList(bent)) assert.ok(bytes.length <= payload.length);
    }
  }
});

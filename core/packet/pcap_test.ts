import { test } from "node:test";
import assert from "node:assert/strict";
import {
  isPcapError,
  LINKTYPE_ETHERNET,
  LINKTYPE_RAW,
  millisecondsSince,
  PcapWriter,
  readPcap,
  timeAfter,
} from "./pcap.ts";
import { SeededRandom } from "../random.ts";

const sample = (littleEndian: boolean, nanoseconds: boolean) => {
  const writer = new PcapWriter({ linkType: LINKTYPE_ETHERNET, littleEndian, nanoseconds });
  writer.write({ seconds: 1700000000, nanoseconds: 123456789 }, Uint8Array.of(1, 2, 3), Uint8Array.of(4));
  writer.write({ seconds: 4000000000, nanoseconds: 999999999 }, new Uint8Array(100000).fill(9));
  writer.write({ seconds: 1, nanoseconds: 0 });
  return writer.bytes();
};

for (const littleEndian of [true, false]) {
  for (const nanoseconds of [true, false]) {
    const name = `${littleEndian ? "little" : "big"}-endian, ${nanoseconds ? "nano" : "micro"}seconds`;
    test(`what is written is read back: ${name}`, () => {
      const file = readPcap(sample(littleEndian, nanoseconds));
      assert.ok(!isPcapError(file));
      assert.deepEqual([file.linkType, file.littleEndian, file.nanoseconds], [1, littleEndian, nanoseconds]);
      assert.equal(file.records.length, 3);
      const [first, second, third] = file.records;
      assert.deepEqual([...file.bytes.subarray(first!.start, first!.end)], [1, 2, 3, 4]);
      assert.equal(first!.nanoseconds, nanoseconds ? 123456789 : 123456000);
      assert.deepEqual([second!.seconds, second!.length], [4000000000, 100000]);
      assert.equal(third!.end - third!.start, 0);
    });
  }
}

test("the header is what other tools expect", () => {
  const bytes = new PcapWriter({ linkType: LINKTYPE_RAW, nanoseconds: false }).bytes();
  const hex = Array.from(bytes, (b) => b.toString(16).padStart(2, "0")).join("");
  assert.equal(hex, "d4c3b2a1020004000000000000000000" + "0000040065000000");
});

test("a truncated file is a clear error, wherever it was cut", () => {
  const whole = sample(true, true);
  for (const length of [0, 3, 23, 25, 39, 41, 43, 44 + 15, 44 + 16 + 5]) {
    const result = readPcap(whole.subarray(0, length));
    assert.ok(isPcapError(result));
    assert.match(result.message, /begins with 24 bytes|is cut off/);
  }
  assert.deepEqual(readPcap(whole.subarray(0, 43)), {
    message: "record 1 is cut off: 1 bytes of the frame are missing",
    offset: 24,
  });
  assert.ok(!isPcapError(readPcap(whole.subarray(0, 44))));
});

test("other files are told apart", () => {
  const error = (first: number) => {
    const bytes = new Uint8Array(24);
    new DataView(bytes.buffer).setUint32(0, first);
    return readPcap(bytes);
  };
  assert.match((error(0x0a0d0d0a) as { message: string }).message, /pcapng/);
  assert.match((error(0x7f454c46) as { message: string }).message, /no pcap file: it begins with 0x7f454c46/);
  const lying = sample(true, true);
  new DataView(lying.buffer).setUint32(24 + 8, 0xffffffff, true);
  assert.match((readPcap(lying) as { message: string }).message, /claims 4294967295 bytes/);
});

test("random damage never throws", () => {
  const random = new SeededRandom(1), whole = sample(false, false).subarray(0, 200);
  for (let i = 0; i < 2000; i++) {
    const bent = whole.slice();
    for (let j = 0; j < 4; j++) bent[random.u32() % bent.length] = random.u32();
    readPcap(bent);
  }
});

test("capture times: differences exact to the nanosecond, and back", () => {
  const epoch = { seconds: 1700000000, nanoseconds: 999999999 };
  const time = { seconds: 1700086401, nanoseconds: 1 };
  const milliseconds = millisecondsSince(epoch, time);
  assert.deepEqual(timeAfter(epoch, milliseconds), time);
  assert.deepEqual(timeAfter(epoch, 0), epoch);
});

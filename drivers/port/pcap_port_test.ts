import assert from "node:assert/strict";
import { BATCH } from "../../core/packet/batch.ts";
import { isPcapError, LINKTYPE_RAW, PcapWriter, readPcap } from "../../core/packet/pcap.ts";
import { testBatch } from "../../core/packet/test_batch.ts";
import { Cable } from "./cable.ts";
import { PcapPort, readPcapFile } from "./pcap.ts";
import { adoptPort, openPort, PORT_KINDS } from "./registry.ts";

const EPOCH = { seconds: 1700000000, nanoseconds: 0 };
const rows = Uint16Array.from({ length: 64 }, (_, i) => i);

/** A capture of `count` frames, 10 ms apart, every third with a tag. */
function capture(count: number): Uint8Array<ArrayBuffer> {
  const writer = new PcapWriter({ linkType: 1, littleEndian: false });
  for (let i = 0; i < count; i++) {
    const tag = i % 3 === 0 ? [0x81, 0, 0, i] : [];
    const frame = Uint8Array.from([...new Array(12).fill(i), ...tag, 8, 0, ...new Array(100 + i).fill(i)]);
    writer.write(
      { seconds: EPOCH.seconds + Math.floor(i / 100), nanoseconds: (i % 100) * 10_000_000 },
      frame,
    );
  }
  return writer.bytes();
}

function parsed(bytes: Uint8Array) {
  const file = readPcap(bytes);
  if (isPcapError(file)) throw new Error(file.message);
  return file;
}

Deno.test("a capture comes in as virtual time passes, its tag as metadata", () => {
  const port = new PcapPort({ name: "in", input: parsed(capture(5)), epoch: EPOCH }), batch = testBatch();
  port.attach(batch);
  assert.equal(port.due, 0);
  assert.equal(port.receive(batch, BATCH), 1);
  assert.equal(batch.vlan[0], 0x81000000);
  assert.equal(batch.end[0]! - batch.start[0]!, 114);
  assert.ok(batch.start[0]! >= 64);
  assert.equal(port.due, 10);
  batch.now = 25;
  assert.equal(port.receive(batch, BATCH), 2);
  assert.equal(batch.vlan[1], 0);
  batch.now = 1000;
  assert.equal(port.receive(batch, BATCH), 2);
  assert.equal(port.due, undefined);
  port.release();
  assert.equal(port.counters.rxPackets, 5);
});

Deno.test("a cable of two capture ports gives the same frames, the same bytes every time", () => {
  const run = () => {
    const input = new PcapPort({ name: "in", input: parsed(capture(200)), epoch: EPOCH });
    const output = new PcapPort({ name: "out", epoch: EPOCH });
    const batch = testBatch(), cable = new Cable(input, output, batch);
    for (let due = input.due; due !== undefined; due = input.due) {
      batch.now = due;
      cable.turn();
    }
    return output.output();
  };
  const first = run(), file = parsed(first), original = parsed(capture(200));
  assert.deepEqual(run(), first);
  assert.equal(file.records.length, 200);
  for (const [i, record] of file.records.entries()) {
    const source = original.records[i]!;
    assert.deepEqual(
      file.bytes.slice(record.start, record.end),
      original.bytes.slice(source.start, source.end),
    );
    assert.deepEqual([record.seconds, record.nanoseconds], [source.seconds, source.nanoseconds]);
  }
});

Deno.test("frames too short or too long for a port are counted, not delivered", () => {
  const writer = new PcapWriter({ linkType: 1 });
  for (const length of [13, 200000, 60]) writer.write(EPOCH, new Uint8Array(length));
  const port = new PcapPort({ name: "in", input: parsed(writer.bytes()), epoch: EPOCH }), batch = testBatch();
  port.attach(batch);
  assert.equal(port.receive(batch, BATCH), 1);
  assert.equal(port.counters.errors, 2);
});

Deno.test("a file that cannot serve is one clear line", () => {
  const path = Deno.makeTempFileSync({ prefix: "weir-pcap" });
  try {
    Deno.writeFileSync(path, capture(1).subarray(0, 50));
    assert.throws(() => readPcapFile(path), {
      message: `${path}: record 1 is cut off: 108 bytes of the frame are missing (at byte 24)`,
    });
    Deno.writeFileSync(path, new PcapWriter({ linkType: LINKTYPE_RAW }).bytes());
    assert.throws(() => readPcapFile(path), {
      message: `${path}: expected a capture of Ethernet frames (link type 1), found link type 101`,
    });
    assert.equal(readPcapFile(path, "ip").records.length, 0);
    assert.throws(() => readPcapFile(`${path}.none`), /none: No such file or directory/);
  } finally {
    Deno.removeSync(path);
  }
});

Deno.test("the registry opens descriptions that can be posted, and adopts them", () => {
  assert.deepEqual(PORT_KINDS, ["packet", "tun", "tap", "memory", "pcap"]);
  const ends = ["a", "b"].map((name) => {
    const description = openPort({ kind: "memory", name, wire: "test" });
    const port = adoptPort(structuredClone(description));
    assert.deepEqual([port.name, port.fd, port.missing, port.reopen()], [name, -1, false, true]);
    return port;
  });
  const batch = testBatch();
  for (const port of ends) port.attach(batch);
  batch.make(60);
  assert.equal(ends[0]!.transmit(batch, rows, 1), 1);
  assert.equal(ends[1]!.receive(batch, BATCH), 1);

  const path = Deno.makeTempFileSync({ prefix: "weir-pcap" });
  Deno.writeFileSync(path, capture(3));
  const port = adoptPort(openPort({ kind: "pcap", name: "in", input: path, epoch: EPOCH }));
  Deno.removeSync(path);
  assert.ok(port instanceof PcapPort);
  assert.equal(port.due, 0);
});

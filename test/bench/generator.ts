import { parseArgs } from "node:util";
import { ethernet, udp } from "../../core/packet/build.ts";
import { PacketBatch } from "../../core/packet/batch.ts";
import { CHECKSUM_NONE } from "../../core/packet/columns.ts";
import { PacketPool } from "../../core/packet/pool.ts";
import { openPacketPort, PacketPort } from "../../drivers/port/packet.ts";
import { linesOf } from "./lines.ts";

/**
 * Small-UDP generator: sends the same 64 prepared frames of 60 bytes, one a flow, as fast as the device takes them.
 * Run inside a host's namespace: generator.ts --device eth0 --mac MAC --from A --to B [--flows N]
 * Each line of standard input is how many milliseconds to send; the answer is how many frames went out.
 */
const { values } = parseArgs({
  options: {
    device: { type: "string", default: "eth0" },
    mac: { type: "string" },
    from: { type: "string" },
    to: { type: "string" },
    flows: { type: "string", default: "64" },
  },
});

const port = new PacketPort(openPacketPort({ name: "gen", device: values.device, slots: 32 }));
const pool = new PacketPool(64, 1), batch = new PacketBatch(pool), rows = new Uint16Array(64);
port.attach(batch);
const flows = Math.min(64, Number(values.flows));
for (let i = 0; i < 64; i++) {
  const packet = udp({ from: values.from!, to: values.to! }, 10000 + i % flows, 9, new Uint8Array(18));
  const frame = ethernet("02:00:00:00:01:02", values.mac!, packet);
  const row = batch.make(frame.length);
  batch.bytes(row).set(frame, batch.start[row]!);
  batch.checksum[row] = CHECKSUM_NONE;
  rows[i] = row;
}
console.log("ready");
for await (const line of linesOf(Deno.stdin.readable)) {
  let sent = 0;
  for (const end = performance.now() + Number(line); performance.now() < end;) {
    // about a millisecond between looks at the clock
    for (let i = 0; i < 8; i++) sent += port.transmit(batch, rows, 64);
  }
  console.log(sent);
}
port.close();

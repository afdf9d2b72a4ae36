import { parseArgs } from "node:util";
import { ethernet, udp } from "../../core/packet/build.ts";
import { PacketBatch } from "../../core/packet/batch.ts";
import { CHECKSUM_NONE } from "../../core/packet/columns.ts";
import { PacketPool } from "../../core/packet/pool.ts";
import { openPacketPort, PacketPort } from "../../drivers/port/packet.ts";

/**
 * Small-UDP generator: sends the same 64 prepared frames, one a flow, as fast as the device takes them, and ends by
 * itself. Run inside a host's namespace: generator.ts --device eth0 --mac MAC --from A --to B --seconds N [--rate PPS]
 */
const { values } = parseArgs({
  options: {
    device: { type: "string", default: "eth0" },
    mac: { type: "string" },
    from: { type: "string" },
    to: { type: "string" },
    seconds: { type: "string", default: "3" },
    rate: { type: "string", default: "0" },
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

const rate = Number(values.rate), begin = performance.now(), end = begin + Number(values.seconds) * 1000;
let sent = 0;
for (let now = begin; now < end; now = performance.now()) {
  if (rate > 0 && sent > rate * (now - begin) / 1000) continue;
  sent += port.transmit(batch, rows, 64);
}
console.log(JSON.stringify({ sent, seconds: (performance.now() - begin) / 1000 }));
port.close();

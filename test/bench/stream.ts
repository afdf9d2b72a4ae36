import { parseArgs } from "node:util";
import { bytes, checked, libc, setOption } from "../../drivers/sys/libc.ts";
import { clock } from "../../drivers/sys/clock.ts";

/**
 * A numbered UDP stream, to see gaps: `stream.ts send ADDRESS --rate PPS --seconds N` in one namespace,
 * `stream.ts receive` in another, which ends half a second after the last packet and prints what it saw.
 */
const { positionals: [role, address], values } = parseArgs({
  allowPositionals: true,
  options: { rate: { type: "string", default: "2000" }, seconds: { type: "string", default: "3" } },
});
const AF_INET = 2, SOCK_DGRAM = 2, SOL_SOCKET = 1, SO_RCVBUF = 8, PORT = 2000;
const fd = checked(libc.socket(AF_INET, SOCK_DGRAM, 0), "open a socket");
const name = bytes(16), packet = bytes(64), number = new DataView(packet.buffer);
name[0] = AF_INET;
name[2] = PORT >>> 8;
name[3] = PORT & 255;

if (role === "send") {
  name.set(address!.split(".").map(Number), 4);
  const rate = Number(values.rate),
    begin = clock.monotonic(),
    total = Math.round(rate * Number(values.seconds));
  const cell = new Int32Array(new SharedArrayBuffer(4));
  for (let sent = 0; sent < total;) {
    const due = Math.min(total, Math.floor((clock.monotonic() - begin) * rate / 1000) + 1);
    for (; sent < due; sent++) {
      number.setUint32(0, sent);
      libc.sendto(fd, packet, packet.length, 0, name, 16);
    }
    Atomics.wait(cell, 0, 0, 1000 / rate);
  }
} else {
  setOption(fd, SOL_SOCKET, SO_RCVBUF, 1 << 20);
  checked(libc.bind(fd, name, 16), `take UDP port ${PORT}`);
  console.log("listening");
  const poll = bytes(8);
  new DataView(poll.buffer).setInt32(0, fd, true);
  poll[4] = 1;
  let received = 0, highest = -1, last = 0, gap = 0;
  while (libc.poll(poll, 1, received === 0 ? 10000 : 500) > 0) {
    if (libc.recv(fd, packet, packet.length, 0) < 4) continue;
    const now = clock.monotonic();
    if (received > 0) gap = Math.max(gap, now - last);
    last = now;
    received++;
    highest = Math.max(highest, number.getUint32(0));
  }
  console.log(JSON.stringify({ received, lost: highest + 1 - received, gap }));
}

/**
 * Sends frames out of interfaces of the namespace it runs in and tells what came back. Driven over stdin by lines
 * of JSON: { send: [interface number, hex], tag, at, wait } -> { frames: [[interface number, hex], ...] }. Ends with
 * its stdin. Arguments: interface names.
 */
const libc = Deno.dlopen("libc.so.6", {
  socket: { parameters: ["i32", "i32", "i32"], result: "i32" },
  bind: { parameters: ["i32", "buffer", "u32"], result: "i32" },
  send: { parameters: ["i32", "buffer", "usize", "i32"], result: "isize" },
  recv: { parameters: ["i32", "buffer", "usize", "i32"], result: "isize" },
  setsockopt: { parameters: ["i32", "i32", "i32", "buffer", "u32"], result: "i32" },
  if_nametoindex: { parameters: ["buffer"], result: "u32" },
}).symbols;

const AF_PACKET = 17, SOCK_RAW = 3, ETH_P_ALL = 0x0300, MSG_DONTWAIT = 0x40;
const SOL_PACKET = 263, PACKET_IGNORE_OUTGOING = 23;

const sockets = Deno.args.map((name) => {
  const descriptor = libc.socket(AF_PACKET, SOCK_RAW, 0);
  const address = new Uint8Array(20), view = new DataView(address.buffer);
  view.setUint16(0, AF_PACKET, true);
  view.setUint16(2, ETH_P_ALL, true);
  view.setUint32(4, libc.if_nametoindex(new TextEncoder().encode(name + "\0")), true);
  const one = new Uint8Array(Int32Array.of(1).buffer);
  libc.setsockopt(descriptor, SOL_PACKET, PACKET_IGNORE_OUTGOING, one, 4);
  if (libc.bind(descriptor, address, 20) !== 0) throw new Error(`cannot bind to ${name}`);
  return descriptor;
});
const buffer = new Uint8Array(65536);
const hex = (b: Uint8Array) => Array.from(b, (x) => x.toString(16).padStart(2, "0")).join("");
const bytes = (text: string) => Uint8Array.from(text.match(/../g) ?? [], (pair) => parseInt(pair, 16));

interface Command {
  send: [number, string];
  /** The frame waited for holds these bytes (hex) at this position. */
  tag: string;
  at: number;
  /** Milliseconds, at most. */
  wait: number;
}

function exchange(command: Command): [number, string][] {
  const frames: [number, string][] = [];
  for (const s of sockets) while (libc.recv(s, buffer, BigInt(buffer.length), MSG_DONTWAIT) > 0n);
  const out = bytes(command.send[1]);
  libc.send(sockets[command.send[0]]!, out, BigInt(out.length), 0);
  const until = performance.now() + command.wait;
  do {
    for (const [i, s] of sockets.entries()) {
      const n = Number(libc.recv(s, buffer, BigInt(buffer.length), MSG_DONTWAIT));
      if (n <= 0) continue;
      const frame = hex(buffer.subarray(0, n));
      frames.push([i, frame]);
      if (frame.startsWith(command.tag, 2 * command.at)) return frames;
    }
  } while (performance.now() < until);
  return frames;
}

const input = new Uint8Array(1 << 18);
const decoder = new TextDecoder();
let pending = "";
for (;;) {
  const n = Deno.stdin.readSync(input);
  if (n === null) break;
  pending += decoder.decode(input.subarray(0, n), { stream: true });
  for (let end = pending.indexOf("\n"); end >= 0; end = pending.indexOf("\n")) {
    const line = pending.slice(0, end);
    pending = pending.slice(end + 1);
    console.log(JSON.stringify({ frames: exchange(JSON.parse(line)) }));
  }
}

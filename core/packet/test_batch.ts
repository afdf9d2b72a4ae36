import { PacketBatch } from "./batch.ts";
import { u16 } from "./bytes.ts";
import { ETHERNET } from "./ethernet.ts";
import { parseIp } from "./parse.ts";
import { PacketPool } from "./pool.ts";

/** A batch with a small pool, for tests. */
export const testBatch = (small = 256, large = 8): PacketBatch =>
  new PacketBatch(new PacketPool(small, large));

/** A batch for a packet or two, for tests that make one for each: cheap where memory is zeroed when it is taken. */
export const singleBatch = (): PacketBatch => new PacketBatch(new PacketPool(8, 1), 16);

/** Puts an Ethernet frame into a row as a wire port would, parsed when it holds IP. Returns the row. */
export function putFrame(batch: PacketBatch, frame: Uint8Array, inPort = 1, inInterface = 1): number {
  const row = batch.make(frame.length);
  if (row < 0) throw new RangeError("the test's batch or pool is full");
  const start = batch.start[row]!;
  batch.bytes(row).set(frame, start);
  batch.network[row] = start + ETHERNET.size;
  batch.etherType[row] = u16(frame, ETHERNET.type);
  batch.inPort[row] = inPort;
  batch.inInterface[row] = inInterface;
  parseIp(batch, row);
  return row;
}

/** Puts a bare IP packet into a row and parses it. Returns the row. */
export function putPacket(batch: PacketBatch, packet: Uint8Array, inInterface = 1): number {
  const row = batch.make(packet.length);
  if (row < 0) throw new RangeError("the test's batch or pool is full");
  const start = batch.start[row]!;
  batch.bytes(row).set(packet, start);
  batch.network[row] = start;
  batch.etherType[row] = packet[0]! >>> 4 === 6 ? 0x86dd : 0x0800;
  batch.inInterface[row] = inInterface;
  parseIp(batch, row);
  return row;
}

/** The bytes of a row, copied, from its network header on. */
export const packetOf = (batch: PacketBatch, row: number): Uint8Array =>
  batch.bytes(row).slice(batch.network[row]!, batch.end[row]!);

/** The bytes of a row, copied, from its frame's start on. */
export const frameOf = (batch: PacketBatch, row: number): Uint8Array =>
  batch.bytes(row).slice(batch.start[row]!, batch.end[row]!);

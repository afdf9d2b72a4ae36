import type { MachineState } from "../classify/state.ts";
import type { PacketBatch } from "../packet/batch.ts";

/** A 32-bit number brought below `modulus` (reciprocal_scale): its high bits decide. Exact in a float64 pair. */
export function scale(hash: number, modulus: number): number {
  const high = (hash >>> 16) * modulus, low = (hash & 0xffff) * modulus;
  return Math.floor((high + Math.floor(low / 65536)) / 65536);
}

/** nft_numgen: the next number of the rule's own sequence, or a random one where `cell` is -1. */
export function nextNumber(state: MachineState, cell: number, modulus: number): number {
  if (cell < 0) return scale(state.environment.random.u32(), modulus);
  const next = state.cells[cell]! + 1;
  return state.cells[cell] = next < modulus ? next : 0;
}

const rotate = (word: number, by: number): number => (word << by) | (word >>> (32 - by));

/** JHASH_INITVAL of linux/jhash.h. */
const INITIAL = 0xdeadbeef | 0;

/** Bob Jenkins' hash of bytes (lookup3, as linux/jhash.h has it: words little-endian). */
export function jenkinsHash(bytes: Uint8Array, at: number, length: number, seed: number): number {
  let a = (INITIAL + length + seed) | 0, b = a, c = a;
  while (length > 12) {
    a = (a + word(bytes, at, 4)) | 0;
    b = (b + word(bytes, at + 4, 4)) | 0;
    c = (c + word(bytes, at + 8, 4)) | 0;
    a = (a - c) ^ rotate(c, 4);
    c = (c + b) | 0;
    b = (b - a) ^ rotate(a, 6);
    a = (a + c) | 0;
    c = (c - b) ^ rotate(b, 8);
    b = (b + a) | 0;
    a = (a - c) ^ rotate(c, 16);
    c = (c + b) | 0;
    b = (b - a) ^ rotate(a, 19);
    a = (a + c) | 0;
    c = (c - b) ^ rotate(b, 4);
    b = (b + a) | 0;
    length -= 12;
    at += 12;
  }
  if (length === 0) return c;
  a = (a + word(bytes, at, Math.min(length, 4))) | 0;
  if (length > 4) b = (b + word(bytes, at + 4, Math.min(length - 4, 4))) | 0;
  if (length > 8) c = (c + word(bytes, at + 8, length - 8)) | 0;
  c = ((c ^ b) - rotate(b, 14)) | 0;
  a = ((a ^ c) - rotate(c, 11)) | 0;
  b = ((b ^ a) - rotate(a, 25)) | 0;
  c = ((c ^ b) - rotate(b, 16)) | 0;
  a = ((a ^ c) - rotate(c, 4)) | 0;
  b = ((b ^ a) - rotate(a, 14)) | 0;
  return ((c ^ b) - rotate(b, 24)) | 0;
}

function word(bytes: Uint8Array, at: number, length: number): number {
  let value = 0;
  for (let i = length - 1; i >= 0; i--) value = (value << 8) | bytes[at + i]!;
  return value;
}

const TCP = 6, UDP = 17, UDPLITE = 136, DCCP = 33, SCTP = 132;

/** A hash of addresses, protocol and ports that is the same in both directions of a flow. */
export function symmetricHash(batch: PacketBatch, row: number): number {
  const bytes = batch.bytes(row), network = batch.network[row]!;
  const length = batch.family[row] === 4 ? 4 : 16, first = network + (length === 4 ? 12 : 8);
  let sum = 0, difference = 0;
  for (let i = 0; i < length; i += 4) {
    const source = word(bytes, first + i, 4), destination = word(bytes, first + length + i, 4);
    sum = (Math.imul(sum, 31) + source + destination) | 0;
    difference = (Math.imul(difference, 31) + (source ^ destination)) | 0;
  }
  const protocol = batch.protocol[row]!, transport = batch.transport[row]!;
  const ported = protocol === TCP || protocol === UDP || protocol === UDPLITE || protocol === DCCP ||
    protocol === SCTP;
  let ports = 0;
  if (ported && transport > 0 && transport + 4 <= batch.end[row]!) {
    const source = word(bytes, transport, 2), destination = word(bytes, transport + 2, 2);
    ports = ((source + destination) << 15) ^ (source ^ destination);
  }
  let hash = sum ^ Math.imul(difference, 0x9e3779b1) ^ Math.imul(ports + protocol, 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return hash ^ (hash >>> 16);
}

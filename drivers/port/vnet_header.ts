import type { PacketBatch } from "../../core/packet/batch.ts";
import {
  CHECKSUM_PARTIAL,
  CHECKSUM_VALID,
  SEGMENT_ECN,
  SEGMENT_TCP4,
  SEGMENT_TCP6,
} from "../../core/packet/columns.ts";

/**
 * `struct virtio_net_hdr` (linux/virtio_net.h) before every frame of a packet socket or TUN: what the device is to
 * finish (checksum, segmentation). Host order: flags@0, gso_type@1, hdr_len@2, gso_size@4, csum_start@6,
 * csum_offset@8.
 */
export const VNET_HEADER = 10;

/** Fills the offload columns of a reset row from the header at `at`; the frame lies at [start, end). */
export function readVnetHeader(
  b: Uint8Array,
  at: number,
  batch: PacketBatch,
  row: number,
  start: number,
  end: number,
): void {
  const flags = b[at]!, type = b[at + 1]!;
  if ((flags & F_NEEDS_CSUM) !== 0) {
    const from = start + (b[at + 6]! | (b[at + 7]! << 8)), offset = b[at + 8]! | (b[at + 9]! << 8);
    if (from + offset + 2 <= end) {
      batch.checksum[row] = CHECKSUM_PARTIAL;
      batch.checksumStart[row] = from;
      batch.checksumOffset[row] = offset;
    }
  } else if ((flags & F_DATA_VALID) !== 0) batch.checksum[row] = CHECKSUM_VALID;
  if (type !== 0) {
    batch.segmentType[row] = type;
    batch.segmentSize[row] = b[at + 4]! | (b[at + 5]! << 8);
  }
}

/** Writes the header of a row to `at`. The frame sent starts `tag` bytes (0 or 4) before the row's. */
export function writeVnetHeader(
  b: Uint8Array,
  at: number,
  batch: PacketBatch,
  row: number,
  tag: number,
): void {
  const type = batch.segmentType[row]!, partial = batch.checksum[row] === CHECKSUM_PARTIAL;
  if (type === 0 && !partial) {
    for (let i = at; i < at + VNET_HEADER; i++) b[i] = 0;
    return;
  }
  const start = batch.start[row]! - tag;
  const transport = partial ? batch.checksumStart[row]! : batch.transport[row]!;
  b[at] = partial ? F_NEEDS_CSUM : 0;
  b[at + 1] = type;
  const size = type === 0 ? 0 : batch.segmentSize[row]!;
  // hdr_len tells the kernel how much to allocate in one piece; without it a super-packet wants 64 KB of that.
  const headers = type === 0 || transport === 0
    ? 0
    : transport - start + transportLength(batch, row, type, transport);
  b[at + 2] = headers;
  b[at + 3] = headers >>> 8;
  b[at + 4] = size;
  b[at + 5] = size >>> 8;
  const from = partial ? transport - start : 0, offset = partial ? batch.checksumOffset[row]! : 0;
  b[at + 6] = from;
  b[at + 7] = from >>> 8;
  b[at + 8] = offset;
  b[at + 9] = offset >>> 8;
}

function transportLength(batch: PacketBatch, row: number, type: number, transport: number): number {
  const kind = type & ~SEGMENT_ECN;
  if (kind !== SEGMENT_TCP4 && kind !== SEGMENT_TCP6) return 8;
  return (batch.memory[batch.region[row]!]![transport + 12]! >>> 4) * 4;
}

const F_NEEDS_CSUM = 1, F_DATA_VALID = 2;

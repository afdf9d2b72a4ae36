/**
 * Packet descriptors as columns.
 *
 * Overview    one row a packet, one typed array a field, all in one buffer (WebAssembly memory, so that table
 *             walkers compiled to it read the same columns). Bytes stay where the port put them: a row names a
 *             memory region and absolute positions inside it.
 * Ownership   the data-plane thread only.
 * Positions   `start`, `end`, `network`, `transport`, `checksumStart` are absolute within the region, so a
 *             link header may be pushed or pulled by moving `start` alone.
 * Byte order  addresses, ports, marks and types are host-order numbers.
 */
export class PacketColumns {
  readonly capacity: number;
  /** Number of the memory region that holds the bytes. */
  readonly region: Uint8Array;
  /** First byte of the frame (link header where there is one). */
  readonly start: Uint32Array;
  /** One past the last byte. After parsing an IP packet: one past its total length (padding cut). */
  readonly end: Uint32Array;
  /** Network header (IPv4, IPv6, ARP). */
  readonly network: Uint32Array;
  /** Transport header; 0 when there is none to read (a later fragment, an unknown chain of headers). */
  readonly transport: Uint32Array;
  readonly etherType: Uint16Array;
  /** VLAN tag: TPID << 16 | TCI, 0 when untagged. */
  readonly vlan: Uint32Array;
  /** Port number the frame came in by, `NO_PORT` when made here. */
  readonly inPort: Uint8Array;
  /** Port number it leaves by. */
  readonly outPort: Uint8Array;
  /** Routed interface index (`iif`), 0 when none. */
  readonly inInterface: Uint8Array;
  /** Routed interface index (`oif`), 0 before routing. */
  readonly outInterface: Uint8Array;
  /** HOST, BROADCAST, MULTICAST or OTHERHOST, as linux/if_packet.h. */
  readonly packetType: Uint8Array;
  /** 4, 6, or 0 when not IP. */
  readonly family: Uint8Array;
  /** Transport protocol number (after IPv6 extension headers). */
  readonly protocol: Uint8Array;
  /** FRAGMENT_* bits; 0 for a whole packet. */
  readonly fragment: Uint8Array;
  /** Four 32-bit words a row; IPv4 in the first, the others 0. */
  readonly source: Uint32Array;
  readonly destination: Uint32Array;
  /** TCP/UDP/SCTP/DCCP port; for ICMP echo the identifier; 0 otherwise. */
  readonly sourcePort: Uint16Array;
  /** TCP/UDP/SCTP/DCCP port; for ICMP type << 8 | code; 0 otherwise. */
  readonly destinationPort: Uint16Array;
  /** CHECKSUM_* state of the transport checksum. */
  readonly checksum: Uint8Array;
  /** With CHECKSUM_PARTIAL: where summing starts. */
  readonly checksumStart: Uint32Array;
  /** With CHECKSUM_PARTIAL: where the sum goes, relative to `checksumStart`. */
  readonly checksumOffset: Uint16Array;
  /** SEGMENT_* type of a super-packet, 0 for none (virtio_net_hdr gso_type). */
  readonly segmentType: Uint8Array;
  /** Payload bytes of each segment (gso_size). */
  readonly segmentSize: Uint16Array;
  /** Largest fragment (bytes with its IP header) this packet was reassembled from here, 0 when it came whole. */
  readonly fragmentSize: Uint16Array;
  /** MTU of the route it takes, bytes; 0 where the interface's alone counts. */
  readonly routeMtu: Uint16Array;
  readonly mark: Uint32Array;
  readonly priority: Uint32Array;
  /** Number of a packet that is traced (`meta nftrace`), 0 for others. */
  readonly trace: Uint32Array;
  /** States ESP took the packet out of, outermost first: number + 1 in 16 bits each, 0 for none (core/xfrm). */
  readonly secpath: Uint32Array;
  /** States it leaves through, first to last, packed as `secpath` is; 0 for none, TRANSFORMED behind the last. */
  readonly transform: Uint32Array;
  /** Flow row, -1 for none. */
  readonly flow: Int32Array;
  /** 0 original, 1 reply. */
  readonly direction: Uint8Array;
  /** CT_* state. */
  readonly ctState: Uint8Array;
  /** VERDICT_*. */
  readonly verdict: Uint8Array;
  /** Where the packet enters the pipeline: ENTRY_*. */
  readonly entry: Uint8Array;
  /** How often it re-entered; four times at most. */
  readonly passes: Uint8Array;
  /** Neighbour row of the next hop, -1 before routing. */
  readonly neighbour: Int32Array;
  /** Pool slab that holds the bytes, -1 when the port does. */
  readonly slab: Int32Array;

  constructor(capacity: number) {
    this.capacity = capacity;
    const carve = new Carver(capacity);
    this.start = carve.u32();
    this.end = carve.u32();
    this.network = carve.u32();
    this.transport = carve.u32();
    this.vlan = carve.u32();
    this.source = carve.u32(4);
    this.destination = carve.u32(4);
    this.checksumStart = carve.u32();
    this.mark = carve.u32();
    this.priority = carve.u32();
    this.trace = carve.u32();
    this.secpath = carve.u32();
    this.transform = carve.u32();
    this.flow = carve.i32();
    this.neighbour = carve.i32();
    this.slab = carve.i32();
    this.etherType = carve.u16();
    this.sourcePort = carve.u16();
    this.destinationPort = carve.u16();
    this.checksumOffset = carve.u16();
    this.segmentSize = carve.u16();
    this.fragmentSize = carve.u16();
    this.routeMtu = carve.u16();
    this.region = carve.u8();
    this.inPort = carve.u8();
    this.outPort = carve.u8();
    this.inInterface = carve.u8();
    this.outInterface = carve.u8();
    this.packetType = carve.u8();
    this.family = carve.u8();
    this.protocol = carve.u8();
    this.fragment = carve.u8();
    this.checksum = carve.u8();
    this.segmentType = carve.u8();
    this.direction = carve.u8();
    this.ctState = carve.u8();
    this.verdict = carve.u8();
    this.entry = carve.u8();
    this.passes = carve.u8();
  }

  /** Sets every field of a row to its value for a frame nothing is known of yet. */
  reset(row: number): void {
    this.network[row] =
      this.transport[row] =
      this.vlan[row] =
      this.etherType[row] =
        0;
    this.inPort[row] = this.outPort[row] = NO_PORT;
    this.inInterface[row] = this.outInterface[row] = this.packetType[row] = 0;
    this.family[row] = this.protocol[row] = this.fragment[row] = 0;
    this.sourcePort[row] = this.destinationPort[row] = 0;
    this.checksum[row] = this.checksumStart[row] = this.checksumOffset[row] = 0;
    this.segmentType[row] =
      this.segmentSize[row] =
      this.fragmentSize[row] =
      this.routeMtu[row] =
      this.mark[row] =
      this.priority[row] =
      this.trace[row] =
      this.secpath[row] =
      this.transform[row] =
        0;
    this.flow[row] = this.neighbour[row] = this.slab[row] = -1;
    this.direction[row] =
      this.ctState[row] =
      this.verdict[row] =
      this.entry[row] =
      this.passes[row] =
        0;
    const at = row * 4;
    for (let i = at; i < at + 4; i++) this.source[i] = this.destination[i] = 0;
  }

  /** Copies a row of `from`; positions move by `shift` (new region position minus old). `slab` is not copied. */
  copyRow(row: number, from: PacketColumns, other: number, shift: number): void {
    this.start[row] = from.start[other]! + shift;
    this.end[row] = from.end[other]! + shift;
    this.network[row] = from.network[other]! === 0 ? 0 : from.network[other]! + shift;
    this.transport[row] = from.transport[other]! === 0 ? 0 : from.transport[other]! + shift;
    this.checksumStart[row] = from.checksumStart[other]! === 0 ? 0 : from.checksumStart[other]! + shift;
    this.etherType[row] = from.etherType[other]!;
    this.vlan[row] = from.vlan[other]!;
    this.inPort[row] = from.inPort[other]!;
    this.outPort[row] = from.outPort[other]!;
    this.inInterface[row] = from.inInterface[other]!;
    this.outInterface[row] = from.outInterface[other]!;
    this.packetType[row] = from.packetType[other]!;
    this.family[row] = from.family[other]!;
    this.protocol[row] = from.protocol[other]!;
    this.fragment[row] = from.fragment[other]!;
    this.sourcePort[row] = from.sourcePort[other]!;
    this.destinationPort[row] = from.destinationPort[other]!;
    this.checksum[row] = from.checksum[other]!;
    this.checksumOffset[row] = from.checksumOffset[other]!;
    this.segmentType[row] = from.segmentType[other]!;
    this.segmentSize[row] = from.segmentSize[other]!;
    this.fragmentSize[row] = from.fragmentSize[other]!;
    this.routeMtu[row] = from.routeMtu[other]!;
    this.mark[row] = from.mark[other]!;
    this.priority[row] = from.priority[other]!;
    this.trace[row] = from.trace[other]!;
    this.secpath[row] = from.secpath[other]!;
    this.transform[row] = from.transform[other]!;
    this.flow[row] = from.flow[other]!;
    this.direction[row] = from.direction[other]!;
    this.ctState[row] = from.ctState[other]!;
    this.verdict[row] = from.verdict[other]!;
    this.entry[row] = from.entry[other]!;
    this.passes[row] = from.passes[other]!;
    this.neighbour[row] = from.neighbour[other]!;
    const a = row * 4, b = other * 4;
    for (let i = 0; i < 4; i++) {
      this.source[a + i] = from.source[b + i]!;
      this.destination[a + i] = from.destination[b + i]!;
    }
  }
}

/** Carves equally long columns out of one WebAssembly memory, widest first so that each stays aligned. */
class Carver {
  readonly #capacity: number;
  readonly #buffer: ArrayBuffer;
  #at = 0;

  constructor(capacity: number) {
    this.#capacity = (capacity + 7) & ~7;
    const bytes = this.#capacity * 128;
    this.#buffer = new WebAssembly.Memory({ initial: Math.ceil(bytes / 65536) }).buffer as ArrayBuffer;
  }
  #take(bytes: number): number {
    const at = this.#at;
    this.#at += bytes * this.#capacity;
    return at;
  }
  u32(lanes = 1): Uint32Array {
    return new Uint32Array(this.#buffer, this.#take(4 * lanes), this.#capacity * lanes);
  }
  i32(): Int32Array {
    return new Int32Array(this.#buffer, this.#take(4), this.#capacity);
  }
  u16(): Uint16Array {
    return new Uint16Array(this.#buffer, this.#take(2), this.#capacity);
  }
  u8(): Uint8Array {
    return new Uint8Array(this.#buffer, this.#take(1), this.#capacity);
  }
}

export const NO_PORT = 255;

export const PACKET_HOST = 0;
export const PACKET_BROADCAST = 1;
export const PACKET_MULTICAST = 2;
export const PACKET_OTHERHOST = 3;

/** `transform` of a packet that is ESP already: no policy is asked again (IPSKB_XFRM_TRANSFORMED). */
export const TRANSFORMED = 0xffffffff;

/** A fragment of either position; with FRAGMENT_LATER it has no transport header. */
export const FRAGMENT_ANY = 1;
export const FRAGMENT_LATER = 2;

/** Checksum not looked at: verify in software where it matters. */
export const CHECKSUM_NONE = 0;
/** Only the pseudo-header sum is in the field; the device that sends it finishes the rest. */
export const CHECKSUM_PARTIAL = 1;
/** Verified by the device. */
export const CHECKSUM_VALID = 2;

/** virtio_net_hdr gso types. */
export const SEGMENT_NONE = 0;
export const SEGMENT_TCP4 = 1;
export const SEGMENT_UDP = 3;
export const SEGMENT_TCP6 = 4;
export const SEGMENT_UDP_L4 = 5;
export const SEGMENT_ECN = 0x80;

/** `ct state` bits as the kernel's NF_CT_STATE_BIT: invalid 1, established 2, related 4, new 8, untracked 64. */
export const CT_INVALID = 1;
export const CT_ESTABLISHED = 2;
export const CT_RELATED = 4;
export const CT_NEW = 8;
export const CT_UNTRACKED = 64;

/** Still on its way. */
export const VERDICT_CONTINUE = 0;
export const VERDICT_DROP = 1;
/** Taken over by a room (queued, answered, consumed). */
export const VERDICT_STOLEN = 2;
/** Handed to its out port. */
export const VERDICT_SENT = 3;

/** From the wire: link, then prerouting. */
export const ENTRY_WIRE = 0;
/** Whole packet after reassembly: behind defragmentation in prerouting. */
export const ENTRY_PREROUTING = 1;
/** Made on this router or read from a local port: output hook. */
export const ENTRY_OUTPUT = 2;
/** Behind postrouting with its neighbour known: write the link header and send. */
export const ENTRY_TRANSMIT = 3;
/** A complete link-layer frame made here (ARP): straight to `outPort` / `outInterface`. */
export const ENTRY_LINK = 4;

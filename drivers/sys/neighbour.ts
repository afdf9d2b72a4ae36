import { type Address, formatAddress } from "../../core/packet/address.ts";
import { NetlinkError, type NetlinkSocket } from "./netlink.ts";
import { Attributes, NLM_F_CREATE, NLM_F_REPLACE } from "./netlink_message.ts";
import { ENOENT } from "./errno.ts";
import { addressBytes, familyNumber, prefixFrom } from "./socket_address.ts";

/** Neighbours of the host's own stack over rtnetlink (RTM_*NEIGH). All throw `NetlinkError`. */
export interface HostNeighbour {
  readonly index: number;
  readonly address: Address;
  readonly mac: Uint8Array | undefined;
  /** NUD_* bits: reachable 2, stale 4, failed 0x20, permanent 0x80. */
  readonly state: number;
}

export function neighbours(socket: NetlinkSocket, index?: number): HostNeighbour[] {
  const result: HostNeighbour[] = [];
  for (const { payload } of socket.dump("list neighbours", RTM_GETNEIGH, new Uint8Array(12))) {
    const view = new DataView(payload.buffer, payload.byteOffset, payload.length);
    const attributes = new Attributes(payload, 12), owner = view.getInt32(4, true);
    const value = attributes.bytes(NDA_DST), address = value && prefixFrom(payload[0]!, value, 0);
    if (address === undefined || (index !== undefined && owner !== index)) continue;
    const mac = attributes.bytes(NDA_LLADDR);
    result.push({
      index: owner,
      address: { family: address.family, words: address.words },
      mac: mac?.length === 6 ? mac.slice() : undefined,
      state: view.getUint16(8, true),
    });
  }
  return result;
}

/** Adds a permanent neighbour, or replaces what is known of that address. */
export function addNeighbour(socket: NetlinkSocket, index: number, address: Address, mac: Uint8Array): void {
  const flags = NLM_F_CREATE | NLM_F_REPLACE;
  socket.transact(
    `add neighbour ${formatAddress(address)}`,
    RTM_NEWNEIGH,
    flags,
    header(address, index, NUD_PERMANENT),
    (message) => {
      message.bytes(NDA_DST, addressBytes(address)).bytes(NDA_LLADDR, mac);
    },
  );
}

/** Removes a neighbour; one that is not there is no error. */
export function deleteNeighbour(socket: NetlinkSocket, index: number, address: Address): void {
  try {
    const fixed = header(address, index, 0);
    socket.transact(
      `delete neighbour ${formatAddress(address)}`,
      RTM_DELNEIGH,
      0,
      fixed,
      (m) => m.bytes(NDA_DST, addressBytes(address)),
    );
  } catch (error) {
    if (!(error instanceof NetlinkError && error.errno === ENOENT)) throw error;
  }
}

/** `struct ndmsg`. */
function header(address: Address, index: number, state: number): Uint8Array {
  const b = new Uint8Array(12), view = new DataView(b.buffer);
  b[0] = familyNumber(address.family);
  view.setInt32(4, index, true);
  view.setUint16(8, state, true);
  return b;
}

const RTM_NEWNEIGH = 28, RTM_DELNEIGH = 29, RTM_GETNEIGH = 30;
const NDA_DST = 1, NDA_LLADDR = 2, NUD_PERMANENT = 0x80;

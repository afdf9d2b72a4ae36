import { formatPrefix, type Prefix } from "../../core/packet/address.ts";
import { type Fill, NetlinkError, type NetlinkSocket } from "./netlink.ts";
import { Attributes, NLM_F_CREATE, NLM_F_REPLACE } from "./netlink_message.ts";
import { EADDRNOTAVAIL } from "./errno.ts";
import { addressBytes, familyNumber, prefixFrom } from "./socket_address.ts";

/** Addresses of the host's own interfaces over rtnetlink (RTM_*ADDR). All throw `NetlinkError`. */
export interface InterfaceAddress {
  readonly index: number;
  readonly prefix: Prefix;
  /** IFA_F_* bits: tentative 0x40, permanent 0x80. */
  readonly flags: number;
}

/** Addresses of one interface, or of all. */
export function addresses(socket: NetlinkSocket, index?: number): InterfaceAddress[] {
  const result: InterfaceAddress[] = [];
  for (const message of socket.dump("list addresses", RTM_GETADDR, new Uint8Array(8))) {
    const { payload } = message, view = new DataView(payload.buffer, payload.byteOffset, payload.length);
    const attributes = new Attributes(payload, 8), owner = view.getUint32(4, true);
    const value = attributes.bytes(IFA_LOCAL) ?? attributes.bytes(IFA_ADDRESS);
    const prefix = value && prefixFrom(payload[0]!, value, payload[1]!);
    if (prefix === undefined || (index !== undefined && owner !== index)) continue;
    result.push({ index: owner, prefix, flags: attributes.u32(IFA_FLAGS) ?? payload[2]! });
  }
  return result;
}

export interface AddressOptions {
  /** IPv6: usable at once, without duplicate address detection. */
  readonly noDad?: boolean;
  /** No route to the prefix comes with the address. */
  readonly noPrefixRoute?: boolean;
}

/** Adds an address with its prefix; one that is there already is no error. */
export function addAddress(
  socket: NetlinkSocket,
  index: number,
  prefix: Prefix,
  options: AddressOptions = {},
): void {
  const flags = (options.noDad && prefix.family === 6 ? IFA_F_NODAD : 0) |
    (options.noPrefixRoute ? IFA_F_NOPREFIXROUTE : 0);
  const value = addressBytes(prefix);
  const what = `add address ${formatPrefix(prefix)}`;
  socket.transact(what, RTM_NEWADDR, NLM_F_CREATE | NLM_F_REPLACE, header(prefix, index), (message) => {
    message.bytes(IFA_LOCAL, value).bytes(IFA_ADDRESS, value);
    if (flags !== 0) message.u32(IFA_FLAGS, flags);
    if (prefix.family === 4 && prefix.length < 31) message.bytes(IFA_BROADCAST, broadcast(prefix));
  });
}

/** Removes an address; one that is not there is no error. */
export function deleteAddress(socket: NetlinkSocket, index: number, prefix: Prefix): void {
  const value = addressBytes(prefix);
  try {
    const fill: Fill = (m) => m.bytes(IFA_LOCAL, value).bytes(IFA_ADDRESS, value);
    socket.transact(`delete address ${formatPrefix(prefix)}`, RTM_DELADDR, 0, header(prefix, index), fill);
  } catch (error) {
    if (!(error instanceof NetlinkError && error.errno === EADDRNOTAVAIL)) throw error;
  }
}

/** `struct ifaddrmsg`. */
function header(prefix: Prefix, index: number): Uint8Array {
  const b = new Uint8Array(8);
  b[0] = familyNumber(prefix.family);
  b[1] = prefix.length;
  new DataView(b.buffer).setUint32(4, index, true);
  return b;
}

function broadcast(prefix: Prefix): Uint8Array {
  const host = prefix.length === 0 ? 0xffffffff : (2 ** (32 - prefix.length)) - 1;
  return addressBytes({ family: 4, words: [(prefix.words[0] | host) >>> 0, 0, 0, 0] });
}

const RTM_NEWADDR = 20, RTM_DELADDR = 21, RTM_GETADDR = 22;
const IFA_ADDRESS = 1, IFA_LOCAL = 2, IFA_BROADCAST = 4, IFA_FLAGS = 8;
const IFA_F_NODAD = 0x02, IFA_F_NOPREFIXROUTE = 0x200;

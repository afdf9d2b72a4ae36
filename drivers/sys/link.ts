import { NetlinkError, type NetlinkSocket } from "./netlink.ts";
import {
  Attributes,
  type Message,
  type MessageBuilder,
  NLM_F_CREATE,
  NLM_F_EXCL,
} from "./netlink_message.ts";
import { ENODEV } from "./errno.ts";
import { IFF_PROMISC, IFF_RUNNING, IFF_UP } from "./ifreq.ts";

/** Network interfaces over rtnetlink (rtnetlink(7), RTM_*LINK). All throw `NetlinkError`. */
export interface Link {
  readonly index: number;
  readonly name: string;
  /** Six bytes; undefined where the interface has none (a TUN). */
  readonly mac: Uint8Array | undefined;
  readonly mtu: number;
  /** IFF_* bits. */
  readonly flags: number;
  /** Administratively up. */
  readonly up: boolean;
  /** Up and with carrier. */
  readonly running: boolean;
  /** IF_OPER_* of RFC 2863: 0 unknown (nobody looked yet; counts as running), 2 down, 6 up. */
  readonly operState: number;
  /** "veth", "tun", "bridge"; empty for a plain device. */
  readonly kind: string;
  /** Index of the bridge or bond it belongs to, 0 for none. */
  readonly master: number;
}

/** Every interface of the socket's namespace, by index. */
export const links = (socket: NetlinkSocket): Link[] =>
  socket.dump("list interfaces", RTM_GETLINK, infoMessage(0, 0, 0)).map(readLink);

/** The interface of that name; undefined when there is none. */
export function linkByName(socket: NetlinkSocket, name: string): Link | undefined {
  try {
    const what = `look up interface ${name}`;
    return readLink(socket.get(what, RTM_GETLINK, infoMessage(0, 0, 0), (m) => m.string(IFLA_IFNAME, name)));
  } catch (error) {
    if (error instanceof NetlinkError && error.errno === ENODEV) return undefined;
    throw error;
  }
}

export function readLink(message: Message): Link {
  const { payload } = message, view = new DataView(payload.buffer, payload.byteOffset, payload.length);
  const attributes = new Attributes(payload, 16);
  const flags = view.getUint32(8, true), mac = attributes.bytes(IFLA_ADDRESS);
  return {
    index: view.getInt32(4, true),
    name: attributes.string(IFLA_IFNAME) ?? "",
    mac: mac?.length === 6 ? mac.slice() : undefined,
    mtu: attributes.u32(IFLA_MTU) ?? 0,
    flags,
    up: (flags & IFF_UP) !== 0,
    running: (flags & IFF_UP) !== 0 && (flags & IFF_RUNNING) !== 0,
    operState: attributes.u8(IFLA_OPERSTATE) ?? 0,
    kind: attributes.nested(IFLA_LINKINFO)?.string(IFLA_INFO_KIND) ?? "",
    master: attributes.u32(IFLA_MASTER) ?? 0,
  };
}

/** One end of a veth pair. */
export interface VethEnd {
  readonly name: string;
  /** Six bytes; the kernel picks one unless told. */
  readonly mac?: Uint8Array;
  readonly mtu?: number;
  /** Descriptor of the namespace it is to live in; the socket's unless told. */
  readonly namespace?: number;
  /**
   * Interface index; the kernel picks one unless told. Ends whose indexes differ get their carrier at once; with equal
   * ones (two fresh namespaces) the kernel takes up to a second (linkwatch).
   */
  readonly index?: number;
}

/** Makes a veth pair; both ends are down. */
export function createVeth(socket: NetlinkSocket, end: VethEnd, peer: VethEnd): void {
  const what = `create veth ${end.name} and ${peer.name}`;
  socket.transact(
    what,
    RTM_NEWLINK,
    NLM_F_CREATE | NLM_F_EXCL,
    infoMessage(end.index ?? 0, 0, 0),
    (message) => {
      describeEnd(message, end);
      message.nest(IFLA_LINKINFO, (info) =>
        info.string(IFLA_INFO_KIND, "veth").nest(
          IFLA_INFO_DATA,
          (data) =>
            data.nest(VETH_INFO_PEER, (inner) => {
              inner.raw(infoMessage(peer.index ?? 0, 0, 0));
              describeEnd(inner, peer);
            }),
        ));
    },
  );
}

/** Makes an interface that needs a kind only ("dummy", "bridge"); it is down. */
export function createLink(socket: NetlinkSocket, name: string, kind: string): void {
  socket.transact(
    `create ${kind} ${name}`,
    RTM_NEWLINK,
    NLM_F_CREATE | NLM_F_EXCL,
    infoMessage(0, 0, 0),
    (message) =>
      message.string(IFLA_IFNAME, name).nest(IFLA_LINKINFO, (info) => info.string(IFLA_INFO_KIND, kind)),
  );
}

function describeEnd(message: MessageBuilder, end: VethEnd): void {
  message.string(IFLA_IFNAME, end.name);
  if (end.mac !== undefined) message.bytes(IFLA_ADDRESS, end.mac);
  if (end.mtu !== undefined) message.u32(IFLA_MTU, end.mtu);
  if (end.namespace !== undefined) message.u32(IFLA_NET_NS_FD, end.namespace);
}

/** What to change of an interface; what is left out stays. */
export interface LinkChange {
  readonly up?: boolean;
  readonly mtu?: number;
  readonly mac?: Uint8Array;
  readonly name?: string;
  readonly promiscuous?: boolean;
  /** Index of a bridge to join, 0 to leave. */
  readonly master?: number;
  /** Descriptor of a namespace to move to. */
  readonly namespace?: number;
}

/** Changes an interface, named by its index or name. */
export function setLink(socket: NetlinkSocket, link: number | string, change: LinkChange): void {
  let flags = 0, mask = 0;
  if (change.up !== undefined) [flags, mask] = [change.up ? IFF_UP : 0, IFF_UP];
  if (change.promiscuous !== undefined) {
    [flags, mask] = [flags | (change.promiscuous ? IFF_PROMISC : 0), mask | IFF_PROMISC];
  }
  const index = typeof link === "number" ? link : 0;
  const what = `change interface ${link}`;
  socket.transact(what, RTM_NEWLINK, 0, infoMessage(index, flags, mask), (message) => {
    if (typeof link === "string") message.string(IFLA_IFNAME, link);
    else if (change.name !== undefined) message.string(IFLA_IFNAME, change.name);
    if (change.mtu !== undefined) message.u32(IFLA_MTU, change.mtu);
    if (change.mac !== undefined) message.bytes(IFLA_ADDRESS, change.mac);
    if (change.master !== undefined) message.u32(IFLA_MASTER, change.master);
    if (change.namespace !== undefined) message.u32(IFLA_NET_NS_FD, change.namespace);
  });
  if (typeof link === "string" && change.name !== undefined && change.name !== link) {
    const index = linkByName(socket, link)?.index ?? 0;
    setLink(socket, index, { name: change.name });
  }
}

/** Removes a virtual interface (a veth takes its peer along). One that is not there is no error. */
export function deleteLink(socket: NetlinkSocket, name: string): void {
  try {
    const what = `delete interface ${name}`;
    socket.transact(what, RTM_DELLINK, 0, infoMessage(0, 0, 0), (m) => m.string(IFLA_IFNAME, name));
  } catch (error) {
    if (!(error instanceof NetlinkError && error.errno === ENODEV)) throw error;
  }
}

/** `struct ifinfomsg`. */
function infoMessage(index: number, flags: number, mask: number): Uint8Array {
  const b = new Uint8Array(16), view = new DataView(b.buffer);
  view.setInt32(4, index, true);
  view.setUint32(8, flags, true);
  view.setUint32(12, mask, true);
  return b;
}

export const RTM_NEWLINK = 16, RTM_DELLINK = 17;
const RTM_GETLINK = 18;
const IFLA_ADDRESS = 1,
  IFLA_IFNAME = 3,
  IFLA_MTU = 4,
  IFLA_MASTER = 10,
  IFLA_OPERSTATE = 16,
  IFLA_LINKINFO = 18,
  IFLA_NET_NS_FD = 28;
const IFLA_INFO_KIND = 1, IFLA_INFO_DATA = 2, VETH_INFO_PEER = 1;

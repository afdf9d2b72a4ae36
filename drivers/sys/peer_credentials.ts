import { bytes, libc } from "./libc.ts";

/** Who is at the other end of a connected unix socket: as it was when it called connect(2). */
export interface PeerCredentials {
  readonly pid: number;
  readonly uid: number;
  readonly gid: number;
}

/** SO_PEERCRED (unix(7)); undefined when `fd` is no connected unix socket. */
export function peerCredentials(fd: number): PeerCredentials | undefined {
  const address = bytes(110), credentials = bytes(12), length = bytes(4);
  const size = new DataView(length.buffer);
  size.setUint32(0, address.length, true);
  if (libc.getsockname(fd, address, length) < 0) return undefined;
  if (new DataView(address.buffer).getUint16(0, true) !== AF_UNIX) return undefined;
  size.setUint32(0, credentials.length, true);
  if (libc.getsockopt(fd, SOL_SOCKET, SO_PEERCRED, credentials, length) < 0) return undefined;
  const view = new DataView(credentials.buffer);
  const pid = view.getInt32(0, true);
  return pid <= 0 ? undefined : { pid, uid: view.getUint32(4, true), gid: view.getUint32(8, true) };
}

const AF_UNIX = 1, SOL_SOCKET = 1, SO_PEERCRED = 17;

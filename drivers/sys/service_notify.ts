import { bytes, libc } from "./libc.ts";

/**
 * Tells the service manager how we are (sd_notify(3)): `state` is "READY=1", "STOPPING=1" or the like. `path` is its
 * NOTIFY_SOCKET; one that begins with @ is in the abstract namespace. Best effort: whether it hears is its business.
 */
export function notifyService(path: string, state: string): void {
  const name = new TextEncoder().encode(path.replace(/^@/, "\0"));
  if (name.length === 0 || name.length > 107) return;
  const fd = libc.socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (fd < 0) return;
  const address = bytes(2 + name.length), text = new TextEncoder().encode(state);
  new DataView(address.buffer).setUint16(0, AF_UNIX, true);
  address.set(name, 2);
  const message = bytes(text.length);
  message.set(text);
  libc.sendto(fd, message, message.length, MSG_NOSIGNAL, address, address.length);
  libc.close(fd);
}

const AF_UNIX = 1, SOCK_DGRAM = 2, SOCK_CLOEXEC = 0x80000, MSG_NOSIGNAL = 0x4000;

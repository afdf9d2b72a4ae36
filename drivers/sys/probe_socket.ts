import type { Address } from "../../core/packet/address.ts";
import { addressOf, bytes, checked, errno, libc, setOption, SystemError } from "./libc.ts";

/**
 * Sockets of the host's own stack with which a client measures a path: raw ICMP and connected UDP with its
 * error queue. Never on the data path: the demo's clients and tests use them.
 *
 * Overview    `IcmpSocket` sends and receives whole ICMP messages; `PathSocket` sends UDP probes and reads what
 *             routers on the way said about them (IP_RECVERR, ip(7)).
 * Ownership   the socket belongs to the network namespace of the thread that opened it.
 * Limits      a wait polls on a pool thread, so an event loop goes on; one waiter per socket.
 */

const AF_INET = 2, AF_INET6 = 10;
const SOCK_DGRAM = 2, SOCK_RAW = 3, SOCK_NONBLOCK = 0x800, SOCK_CLOEXEC = 0x80000;
const IPPROTO_ICMP = 1, IPPROTO_ICMPV6 = 58;
const SOL_IP = 0, SOL_IPV6 = 41;
const IP_TTL = 2, IP_MTU_DISCOVER = 10, IP_RECVERR = 11, IP_MTU = 14;
const IPV6_UNICAST_HOPS = 16, IPV6_MTU_DISCOVER = 23, IPV6_MTU = 24, IPV6_RECVERR = 25;
const IPV6_RECVHOPLIMIT = 51, IPV6_HOPLIMIT = 52;
/** IP_PMTUDISC_DO: never fragment here, always set DF. */
const PMTUDISC_DO = 2;
const MSG_ERRQUEUE = 0x2000;
const POLLIN = 1, POLLERR = 8;

/** What only these sockets need: `wait` is poll(2) on a pool thread, so that the event loop goes on. */
const own = Deno.dlopen("libc.so.6", {
  connect: { parameters: ["i32", "buffer", "u32"], result: "i32" },
  wait: { name: "poll", parameters: ["buffer", "u64", "i32"], result: "i32", nonblocking: true },
}).symbols;

/** `struct sockaddr_in` or `sockaddr_in6`; the port in host order. */
export function socketAddress(address: Address, port: number): Uint8Array<ArrayBuffer> {
  const b = bytes(address.family === 4 ? 16 : 28), view = new DataView(b.buffer);
  view.setUint16(0, address.family === 4 ? AF_INET : AF_INET6, true);
  view.setUint16(2, port);
  const at = address.family === 4 ? 4 : 8;
  for (let i = 0; i < (address.family === 4 ? 1 : 4); i++) view.setUint32(at + 4 * i, address.words[i]!);
  return b;
}

/** The address in a `struct sockaddr` at `at`; undefined for another family. */
function readSocketAddress(view: DataView, at: number): Address | undefined {
  const family = view.getUint16(at, true);
  if (family === AF_INET) return { family: 4, words: [view.getUint32(at + 4), 0, 0, 0] };
  if (family !== AF_INET6) return undefined;
  const word = (i: number) => view.getUint32(at + 8 + 4 * i);
  return { family: 6, words: [word(0), word(1), word(2), word(3)] };
}

interface Received {
  readonly length: number;
  readonly data: Uint8Array<ArrayBuffer>;
  readonly from: Address | undefined;
  readonly control: DataView;
  readonly controlLength: number;
}

abstract class Socket {
  readonly fd: number;
  readonly family: 4 | 6;
  readonly #message = bytes(56);
  readonly #iovec = bytes(16);
  readonly #data = bytes(65536);
  readonly #name = bytes(28);
  readonly #control = bytes(512);
  readonly #poll = bytes(8);

  constructor(family: 4 | 6, type: number, protocol: number) {
    this.family = family;
    const domain = family === 4 ? AF_INET : AF_INET6;
    const name = family === 4 ? "IPv4" : "IPv6";
    this.fd = checked(
      libc.socket(domain, type | SOCK_NONBLOCK | SOCK_CLOEXEC, protocol),
      `${name} probe socket`,
    );
  }

  protected option(level: number, name: number, value: number): void {
    checked(setOption(this.fd, level, name, value), `option ${level}/${name} of a probe socket`);
  }

  protected readOption(level: number, name: number): number {
    const value = bytes(4), size = bytes(4);
    size[0] = 4;
    if (libc.getsockopt(this.fd, level, name, value, size) < 0) return 0;
    return new DataView(value.buffer).getInt32(0, true);
  }

  /** TTL or hop limit of what is sent from here. */
  set ttl(value: number) {
    if (this.family === 4) this.option(SOL_IP, IP_TTL, value);
    else this.option(SOL_IPV6, IPV6_UNICAST_HOPS, value);
  }

  /** Waits for one of `events`, at most `milliseconds`. */
  protected async wait(events: number, milliseconds: number): Promise<boolean> {
    const view = new DataView(this.#poll.buffer);
    view.setInt32(0, this.fd, true);
    view.setInt16(4, events, true);
    view.setInt16(6, 0, true);
    return await own.wait(this.#poll, 1n, Math.max(0, Math.ceil(milliseconds))) > 0;
  }

  protected receiveMessage(flags: number): Received | undefined {
    const view = new DataView(this.#message.buffer), iovec = new DataView(this.#iovec.buffer);
    iovec.setBigUint64(0, BigInt(addressOf(this.#data)), true);
    iovec.setBigUint64(8, BigInt(this.#data.length), true);
    view.setBigUint64(0, BigInt(addressOf(this.#name)), true);
    view.setUint32(8, this.#name.length, true);
    view.setBigUint64(16, BigInt(addressOf(this.#iovec)), true);
    view.setBigUint64(24, 1n, true);
    view.setBigUint64(32, BigInt(addressOf(this.#control)), true);
    view.setBigUint64(40, BigInt(this.#control.length), true);
    const length = libc.recvmsg(this.fd, this.#message, flags);
    if (length < 0) return undefined;
    return {
      length,
      data: this.#data,
      from: readSocketAddress(new DataView(this.#name.buffer), 0),
      control: new DataView(this.#control.buffer),
      controlLength: Number(view.getBigUint64(40, true)),
    };
  }

  /** Offset of the data of a control message, -1 when there is none. */
  protected find(received: Received, level: number, type: number): number {
    const { control } = received;
    for (let at = 0; at + 16 <= received.controlLength;) {
      const length = Number(control.getBigUint64(at, true));
      if (length < 16) return -1;
      if (control.getInt32(at + 8, true) === level && control.getInt32(at + 12, true) === type) {
        return at + 16;
      }
      at += (length + 7) & ~7;
    }
    return -1;
  }

  protected sendTo(data: Uint8Array<ArrayBuffer>, to: Uint8Array<ArrayBuffer> | null): number {
    const sent = libc.sendto(this.fd, data, data.length, 0, to, to === null ? 0 : to.length);
    return sent < 0 ? errno() : 0;
  }

  close(): void {
    libc.close(this.fd);
  }
}

/** An ICMP message as the host's stack received it. */
export interface IcmpMessage {
  readonly from: Address;
  /** TTL or hop limit it arrived with. */
  readonly ttl: number;
  /** From the type byte on; valid until the next `receive`. */
  readonly bytes: Uint8Array;
}

/** Raw ICMP (IPv4) or ICMPv6 socket. Needs CAP_NET_RAW; the constructor throws without. */
export class IcmpSocket extends Socket {
  constructor(family: 4 | 6) {
    super(family, SOCK_RAW, family === 4 ? IPPROTO_ICMP : IPPROTO_ICMPV6);
    if (family === 6) this.option(SOL_IPV6, IPV6_RECVHOPLIMIT, 1);
  }

  /** Sends a message (the caller fills in the checksum for IPv4, by the kernel for IPv6). Returns 0 or the error number. */
  send(to: Address, message: Uint8Array<ArrayBuffer>): number {
    return this.sendTo(message, socketAddress(to, 0));
  }

  /** The next message, or undefined after `milliseconds`. */
  async receive(milliseconds: number): Promise<IcmpMessage | undefined> {
    if (!await this.wait(POLLIN, milliseconds)) return undefined;
    const received = this.receiveMessage(0);
    if (received?.from === undefined) return undefined;
    const { data, length, from } = received;
    if (this.family === 4) {
      return { from, ttl: data[8]!, bytes: data.subarray((data[0]! & 15) * 4, length) };
    }
    const at = this.find(received, SOL_IPV6, IPV6_HOPLIMIT);
    return { from, ttl: at < 0 ? 0 : received.control.getInt32(at, true), bytes: data.subarray(0, length) };
  }
}

/** What the path said about a probe: `struct sock_extended_err`. */
export interface PathError {
  readonly errno: number;
  /** ICMP type and code; 0/0 for an error of the own host. */
  readonly type: number;
  readonly code: number;
  /** For EMSGSIZE: the MTU told. */
  readonly info: number;
  /** Who said so; undefined for the own host. */
  readonly offender: Address | undefined;
}

/** UDP socket connected to one destination, with DF set and its error queue on. */
export class PathSocket extends Socket {
  constructor(to: Address, port: number) {
    super(to.family, SOCK_DGRAM, 0);
    const level = to.family === 4 ? SOL_IP : SOL_IPV6;
    this.option(level, to.family === 4 ? IP_RECVERR : IPV6_RECVERR, 1);
    this.option(level, to.family === 4 ? IP_MTU_DISCOVER : IPV6_MTU_DISCOVER, PMTUDISC_DO);
    const name = socketAddress(to, port);
    if (own.connect(this.fd, name, name.length) < 0) {
      const failed = new SystemError("connect a probe socket", errno());
      this.close();
      throw failed;
    }
  }

  /** Sends one datagram. Returns 0 or the error number (EMSGSIZE once the path is known to be narrower). */
  send(datagram: Uint8Array<ArrayBuffer>): number {
    return this.sendTo(datagram, null);
  }

  /** The path MTU the host has learnt. */
  get mtu(): number {
    return this.family === 4 ? this.readOption(SOL_IP, IP_MTU) : this.readOption(SOL_IPV6, IPV6_MTU);
  }

  /** The next entry of the error queue, or undefined after `milliseconds`. */
  async error(milliseconds: number): Promise<PathError | undefined> {
    const until = performance.now() + milliseconds;
    for (;;) {
      const left = until - performance.now();
      if (left <= 0 || !await this.wait(POLLERR, left)) return undefined;
      const received = this.receiveMessage(MSG_ERRQUEUE);
      const at = received === undefined
        ? -1
        : this.family === 4
        ? this.find(received, SOL_IP, IP_RECVERR)
        : this.find(received, SOL_IPV6, IPV6_RECVERR);
      if (received === undefined || at < 0) continue;
      const { control } = received;
      return {
        errno: control.getUint32(at, true),
        type: control.getUint8(at + 5),
        code: control.getUint8(at + 6),
        info: control.getUint32(at + 8, true),
        offender: readSocketAddress(control, at + 16),
      };
    }
  }
}

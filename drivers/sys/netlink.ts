import { bytes, checked, errno, libc, setOption, SystemError } from "./libc.ts";
import { EAGAIN, EINTR, ENOBUFS, errnoName, errnoText } from "./errno.ts";
import {
  Attributes,
  type Message,
  MessageBuilder,
  messages,
  NLM_F_ACK,
  NLM_F_ACK_TLVS,
  NLM_F_CAPPED,
  NLM_F_DUMP,
  NLM_F_REQUEST,
  NLMSG_DONE,
  NLMSG_ERROR,
} from "./netlink_message.ts";

/**
 * Netlink socket.
 *
 * Overview    synchronous requests: send, read until the acknowledgement or the end of the dump. An error names
 *             what was asked, the kernel's number and its own words (NETLINK_EXT_ACK) where it gives any.
 * Life-cycle  constructor -> transact/dump, or join + receive for events -> close.
 * Ownership   belongs to the network namespace of the thread at construction, for good. What a table with the
 *             `owner` flag needs is that this socket stays open.
 * Limits      one request at a time; a socket that joined a group should do nothing else (events and answers
 *             share one queue). The kernel answers within the call, so waiting 5 s means it never will.
 */
export class NetlinkSocket {
  readonly fd: number;
  #sequence = 1;
  readonly #buffer = bytes(262144);
  readonly #poll = new Int32Array(2);

  constructor(protocol: number) {
    this.fd = checked(
      libc.socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, protocol),
      "open netlink socket",
    );
    const name = bytes(12);
    name[0] = AF_NETLINK;
    if (libc.bind(this.fd, name, 12) < 0) {
      const number = errno();
      this.close();
      throw new SystemError("bind netlink socket", number);
    }
    setOption(this.fd, SOL_NETLINK, NETLINK_EXT_ACK, 1);
    setOption(this.fd, SOL_SOCKET, SO_RCVBUFFORCE, 1 << 20);
    this.#poll[0] = this.fd;
    this.#poll[1] = POLLIN;
  }

  /** Subscribes to a multicast group (RTNLGRP_*). */
  join(group: number): void {
    checked(setOption(this.fd, SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, group), `join netlink group ${group}`);
  }

  /** Sends a request and waits for its acknowledgement. `what` begins the error's message. */
  transact(what: string, type: number, flags: number, fixed: Uint8Array, fill?: Fill): void {
    const message = new MessageBuilder(type, flags | NLM_F_REQUEST | NLM_F_ACK, fixed);
    fill?.(message);
    this.#collect(what, this.#send(what, message), 1);
  }

  /** Sends a request that is answered by one message; returns it. */
  get(what: string, type: number, fixed: Uint8Array, fill?: Fill): Message {
    const message = new MessageBuilder(type, NLM_F_REQUEST | NLM_F_ACK, fixed);
    fill?.(message);
    const answer = this.#collect(what, this.#send(what, message), 1)[0];
    if (answer === undefined) throw new NetlinkError(what, 0, "the kernel acknowledged without an answer");
    return answer;
  }

  /** Every message of a dump. Asked again when the kernel says that the tables changed meanwhile. */
  dump(what: string, type: number, fixed: Uint8Array, fill?: Fill): Message[] {
    for (let round = 0;; round++) {
      const message = new MessageBuilder(type, NLM_F_REQUEST | NLM_F_DUMP, fixed);
      fill?.(message);
      const answers = this.#collect(what, this.#send(what, message), 1);
      const torn = answers.some((answer) => (answer.flags & NLM_F_DUMP_INTR) !== 0);
      if (!torn || round === 5) return answers;
    }
  }

  /**
   * Sends messages in one datagram (an nfnetlink batch) and waits for one acknowledgement of each that asks for
   * it. The first error is thrown, after all answers were read.
   */
  batch(what: string, list: readonly MessageBuilder[], acknowledged: number): void {
    const first = this.#sequence;
    const parts = list.map((message) => message.finish(this.#sequence++));
    const all = bytes(parts.reduce((length, part) => length + part.length, 0));
    let at = 0;
    for (const part of parts) {
      all.set(part, at);
      at += part.length;
    }
    checked(libc.send(this.fd, all, all.length, 0), what);
    this.#collect(what, first, acknowledged);
  }

  #send(what: string, message: MessageBuilder): number {
    const sequence = this.#sequence++;
    const b = message.finish(sequence);
    checked(libc.send(this.fd, b, b.length, 0), what);
    return sequence;
  }

  /** Messages that arrived, without waiting. Undefined when the kernel dropped some: list everything anew. */
  receive(): Message[] | undefined {
    const result: Message[] = [];
    for (;;) {
      const length = libc.recv(this.fd, this.#buffer, this.#buffer.length, MSG_DONTWAIT);
      if (length < 0) {
        const number = errno();
        if (number === EINTR) continue;
        return number === ENOBUFS ? undefined : result;
      }
      result.push(...messages(this.#buffer.subarray(0, length)));
    }
  }

  /** Waits for a datagram, at most `milliseconds` (anew after a signal). */
  wait(milliseconds: number): boolean {
    for (;;) {
      const ready = libc.poll(new Uint8Array(this.#poll.buffer), 1, milliseconds);
      if (ready >= 0 || errno() !== EINTR) return ready > 0;
    }
  }

  #collect(what: string, first: number, acknowledged: number): Message[] {
    const result: Message[] = [];
    let left = acknowledged, failure: NetlinkError | undefined;
    for (;;) {
      // Answers are queued before the request's send returns: what else there is to hear is here now.
      if (left <= 0 && !this.wait(0)) break;
      if (!this.wait(ANSWER_TIMEOUT)) throw failure ?? new NetlinkError(what, 0, "the kernel did not answer");
      const length = libc.recv(this.fd, this.#buffer, this.#buffer.length, MSG_DONTWAIT);
      if (length < 0) {
        const number = errno();
        if (number === EINTR || number === EAGAIN) continue;
        throw new SystemError(what, number);
      }
      for (const message of messages(this.#buffer.subarray(0, length))) {
        if (message.sequence < first) continue;
        if (message.type === NLMSG_DONE || message.type === NLMSG_ERROR) {
          const error = this.#error(what, message);
          failure ??= error;
          // A batch refused as a whole (no permission) answers once, whatever was asked for.
          left = error !== undefined && message.sequence === first ? 0 : left - 1;
        } else result.push(message);
      }
    }
    if (failure !== undefined) throw failure;
    return result;
  }

  #error(what: string, message: Message): NetlinkError | undefined {
    const { payload } = message;
    if (payload.length < 4) return undefined;
    const view = new DataView(payload.buffer, payload.byteOffset, payload.length);
    const number = -view.getInt32(0, true);
    if (number <= 0) return undefined;
    if ((message.flags & NLM_F_ACK_TLVS) === 0) return new NetlinkError(what, number);
    // Behind the error stands the request: whole, or its header alone (CAPPED). NLMSG_DONE has neither.
    const request = message.type === NLMSG_DONE
      ? 0
      : (message.flags & NLM_F_CAPPED) !== 0
      ? 16
      : (view.getUint32(4, true) + 3) & ~3;
    const extended = new Attributes(payload, 4 + request);
    return new NetlinkError(what, number, extended.string(NLMSGERR_ATTR_MSG));
  }

  close(): void {
    libc.close(this.fd);
  }
}

/** Adds attributes to a request. */
export type Fill = (message: MessageBuilder) => void;

/** The kernel refused a request: what was asked, its error number, its own words. */
export class NetlinkError extends Error {
  override readonly name = "NetlinkError";
  /** 0 when the kernel gave no number. */
  readonly errno: number;
  readonly code: string;

  constructor(what: string, number: number, words?: string) {
    const reason = number === 0 ? "" : errnoText(number);
    const said = words === undefined || words === "" ? "" : reason === "" ? words : ` (${words})`;
    super(`${what}: ${reason}${said}`);
    this.errno = number;
    this.code = number === 0 ? "" : errnoName(number);
  }
}

const AF_NETLINK = 16, SOCK_RAW = 3, SOCK_NONBLOCK = 0x800, SOCK_CLOEXEC = 0x80000;
const SOL_SOCKET = 1, SO_RCVBUFFORCE = 33, SOL_NETLINK = 270;
const NETLINK_ADD_MEMBERSHIP = 1, NETLINK_EXT_ACK = 11;
const NLM_F_DUMP_INTR = 0x10, NLMSGERR_ATTR_MSG = 1;
const MSG_DONTWAIT = 0x40, POLLIN = 1;
const ANSWER_TIMEOUT = 5000;

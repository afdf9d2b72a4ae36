import { NetlinkError, NetlinkSocket } from "./netlink.ts";
import { Attributes, MessageBuilder, NLM_F_ACK, NLM_F_CREATE, NLM_F_REQUEST } from "./netlink_message.ts";
import { EEXIST, ENOENT, EPERM } from "./errno.ts";

/**
 * nfnetlink: the chain that keeps the kernel's own stack from hearing a wire.
 *
 * Overview    an nf_tables table of family netdev with one base chain a wire port, hooked at ingress with policy
 *             drop and no rules. Packet taps (our sockets) run before that hook, so that we hear everything and the
 *             kernel nothing: no ARP answer, no RST, no forwarding.
 * Life-cycle  the first `drop` makes the table with flag `owner`: it belongs to this socket and goes with it, however
 *             the process dies. `drop` again after a device came back: its chain is made anew in one transaction.
 * Ownership   the control plane holds it, so that the death of a data plane leaves the chain in place. Nobody else
 *             (not `nft flush ruleset` either) can touch an owned table.
 * Limits      frames the kernel sends are not held back (hence disable_ipv6 on the wire, see quiet.ts).
 *             Linux 5.12 or later, nf_tables with netdev family.
 */
export class IngressDrop {
  readonly #socket = new NetlinkSocket(NETLINK_NETFILTER);
  readonly #table: string;
  #made = false;

  /** In the network namespace the thread is in. Two instances need two table names. */
  constructor(table = "weir") {
    this.#table = table;
  }

  /** From now on the kernel drops everything that `device` receives. Throws `NetlinkError`. */
  drop(device: string): void {
    const what = `keep the kernel off ${device}`;
    if (!this.#made) {
      this.#transact(what, [this.#newTable()]);
      this.#made = true;
    }
    const stale = this.#has(device);
    this.#transact(
      what,
      stale ? [this.#deleteChain(device), this.#newChain(device)] : [this.#newChain(device)],
    );
  }

  /** The kernel hears `device` again. No error when it did already. */
  allow(device: string): void {
    if (this.#made && this.#has(device)) {
      this.#transact(`let the kernel hear ${device}`, [this.#deleteChain(device)]);
    }
  }

  /** Whether the device's chain is there and names the device still. */
  present(device: string): boolean {
    return this.#made && this.#has(device);
  }

  #has(device: string): boolean {
    try {
      const message = this.#socket.get(
        `look for the chain of ${device}`,
        TYPE | NFT_MSG_GETCHAIN,
        family(NFPROTO_NETDEV, 0),
        (m) => m.string(NFTA_CHAIN_TABLE, this.#table).string(NFTA_CHAIN_NAME, device),
      );
      return new Attributes(message.payload, 4).has(NFTA_CHAIN_HOOK);
    } catch (error) {
      if (error instanceof NetlinkError && error.errno === ENOENT) return false;
      throw error;
    }
  }

  #newTable(): MessageBuilder {
    return change(NFT_MSG_NEWTABLE, NLM_F_CREATE | NLM_F_EXCL)
      .string(NFTA_TABLE_NAME, this.#table)
      .u32Be(NFTA_TABLE_FLAGS, NFT_TABLE_F_OWNER);
  }

  #newChain(device: string): MessageBuilder {
    return change(NFT_MSG_NEWCHAIN, NLM_F_CREATE | NLM_F_EXCL)
      .string(NFTA_CHAIN_TABLE, this.#table)
      .string(NFTA_CHAIN_NAME, device)
      .nest(NFTA_CHAIN_HOOK, (hook) =>
        hook.u32Be(NFTA_HOOK_HOOKNUM, NF_NETDEV_INGRESS)
          .u32Be(NFTA_HOOK_PRIORITY, FIRST_PRIORITY)
          .string(NFTA_HOOK_DEV, device))
      .u32Be(NFTA_CHAIN_POLICY, NF_DROP)
      .string(NFTA_CHAIN_TYPE, "filter");
  }

  #deleteChain(device: string): MessageBuilder {
    return change(NFT_MSG_DELCHAIN, 0).string(NFTA_CHAIN_TABLE, this.#table).string(NFTA_CHAIN_NAME, device);
  }

  #transact(what: string, changes: MessageBuilder[]): void {
    const begin = new MessageBuilder(NFNL_MSG_BATCH_BEGIN, NLM_F_REQUEST, family(0, NFNL_SUBSYS_NFTABLES));
    const end = new MessageBuilder(NFNL_MSG_BATCH_END, NLM_F_REQUEST, family(0, NFNL_SUBSYS_NFTABLES));
    try {
      this.#socket.batch(what, [begin, ...changes, end], changes.length);
    } catch (error) {
      // An owned table is refused with EPERM, as a lack of rights is; one without owner with EEXIST.
      if (!(error instanceof NetlinkError) || (error.errno !== EEXIST && error.errno !== EPERM)) throw error;
      const words = error.errno === EEXIST
        ? `nftables table netdev ${this.#table} is there already: delete it`
        : `not privileged, or nftables table netdev ${this.#table} belongs to another process`;
      throw new NetlinkError(what, error.errno, words);
    }
  }

  /** Table, chains and their effect go with the socket. */
  close(): void {
    this.#socket.close();
  }
}

const change = (type: number, flags: number): MessageBuilder =>
  new MessageBuilder(TYPE | type, NLM_F_REQUEST | NLM_F_ACK | flags, family(NFPROTO_NETDEV, 0));

/** `struct nfgenmsg`; the resource is in network order. */
const family = (number: number, resource: number): Uint8Array =>
  Uint8Array.of(number, 0, resource >>> 8, resource & 255);

const NETLINK_NETFILTER = 12, NFNL_SUBSYS_NFTABLES = 10, TYPE = NFNL_SUBSYS_NFTABLES << 8;
const NFNL_MSG_BATCH_BEGIN = 16, NFNL_MSG_BATCH_END = 17;
const NFPROTO_NETDEV = 5, NF_NETDEV_INGRESS = 0, NF_DROP = 0;
/** Before every other chain on the hook. */
const FIRST_PRIORITY = -0x7fffffff;
const NLM_F_EXCL = 0x200;
const NFT_MSG_NEWTABLE = 0, NFT_MSG_NEWCHAIN = 3, NFT_MSG_GETCHAIN = 4, NFT_MSG_DELCHAIN = 5;
const NFTA_TABLE_NAME = 1, NFTA_TABLE_FLAGS = 2, NFT_TABLE_F_OWNER = 2;
const NFTA_CHAIN_TABLE = 1,
  NFTA_CHAIN_NAME = 3,
  NFTA_CHAIN_HOOK = 4,
  NFTA_CHAIN_POLICY = 5,
  NFTA_CHAIN_TYPE = 7;
const NFTA_HOOK_HOOKNUM = 1, NFTA_HOOK_PRIORITY = 2, NFTA_HOOK_DEV = 3;

import { type Address, network, type Prefix } from "../../packet/address.ts";
import type { Addresses, InterfaceAddress } from "./addresses.ts";
import { eui64, stableIdentifier, withIdentifier } from "./interface_identifier.ts";
import { after } from "./lifetimes.ts";
import type { Link, Links } from "./link.ts";

/**
 * Addresses a host makes of advertised prefixes, RFC 4862 section 5.5.
 *
 * Life-cycle  tentative by `learn` -> preferred when nobody else has it, or another identifier by `retry` ->
 *             deprecated, gone by `age` as its lifetimes end, or by `stop`.
 * Limits      MOST_ADDRESSES an interface; more are refused. A valid lifetime is cut short to two hours at least
 *             (5.5.3 e), so that a forged advertisement takes no address away.
 */
export class AutoconfiguredAddresses {
  readonly #options: AutoconfiguredAddressesOptions;

  constructor(options: AutoconfiguredAddressesOptions) {
    this.#options = options;
  }

  /** When `age` has something to do next; Infinity: never. */
  get due(): number {
    let due = Infinity;
    for (const a of this.#options.addresses.all()) {
      due = Math.min(due, a.validUntil, a.state === "preferred" ? a.preferredUntil : Infinity);
    }
    return due;
  }

  /** An autonomous prefix of an advertisement, lifetimes in seconds (RFC 4862 5.5.3 d and e). */
  learn(link: Link, prefix: Prefix, valid: number, preferred: number, now: number): void {
    const { addresses } = this.#options;
    const mine = addresses.all().filter((a) => a.interface === link.index && a.origin === "autoconfigured");
    const known = mine.find((a) => a.words[0] === prefix.words[0] && a.words[1] === prefix.words[1]);
    if (known === undefined) {
      if (valid === 0 || mine.length >= MOST_ADDRESSES) return;
      const address = this.#generate(prefix, link, 0);
      if (addresses.find(link.index, 6, address.words, 0) !== undefined) return;
      this.#options.add(link.index, address, 0, after(now, preferred), after(now, valid), now);
      return;
    }
    const left = known.validUntil - now, offered = after(now, valid);
    if (valid > TWO_HOURS || offered - now > left) known.validUntil = offered;
    else if (left > TWO_HOURS * 1000) known.validUntil = now + TWO_HOURS * 1000;
    known.preferredUntil = Math.min(after(now, preferred), known.validUntil);
    if (known.state === "deprecated" && known.preferredUntil > now) this.#state(known, "preferred");
  }

  /** Another identifier for an address found in use; EUI-64 has no other (RFC 7217 section 6, RFC 4862 5.4.5). */
  retry(address: InterfaceAddress, now: number): void {
    const link = this.#options.links[address.interface];
    const hopeless = this.#options.secret === undefined || address.attempt + 1 >= IDGEN_RETRIES;
    if (address.origin !== "autoconfigured" || link === undefined || hopeless) return;
    const { preferredUntil, validUntil, attempt } = address;
    const prefix = network({
      family: 6,
      words: [...address.words] as unknown as Address["words"],
      length: 64,
    });
    this.#options.remove(address);
    this.#options.add(
      link.index,
      this.#generate(prefix, link, attempt + 1),
      attempt + 1,
      preferredUntil,
      validUntil,
      now,
    );
  }

  /** Lets go or deprecates what has had its time. */
  age(now: number): void {
    for (const address of [...this.#options.addresses.all()]) {
      if (address.validUntil <= now) this.#options.remove(address);
      else if (address.state === "preferred" && address.preferredUntil <= now) {
        this.#state(address, "deprecated");
      }
    }
  }

  #state(address: InterfaceAddress, state: "preferred" | "deprecated"): void {
    address.state = state;
    this.#options.addresses.reindex();
    this.#options.onAddress(address);
  }

  /** The interface learns no longer: all it learned goes. */
  stop(index: number): void {
    for (const address of [...this.#options.addresses.all()]) {
      if (address.interface === index && address.origin === "autoconfigured") this.#options.remove(address);
    }
  }

  #generate(prefix: Prefix, link: Link, attempt: number): Prefix {
    const { secret } = this.#options;
    const identifier = secret === undefined
      ? eui64(link.mac)
      : stableIdentifier(prefix, link.plan.name, attempt, secret);
    return withIdentifier(prefix, identifier);
  }
}

export interface AutoconfiguredAddressesOptions {
  readonly links: Links;
  readonly addresses: Addresses;
  /** 16 bytes for opaque identifiers (RFC 7217); undefined: EUI-64. */
  readonly secret: Uint8Array | undefined;
  /** Puts an autoconfigured address on an interface, tentative. */
  readonly add: (
    index: number,
    prefix: Prefix,
    attempt: number,
    preferredUntil: number,
    validUntil: number,
    now: number,
  ) => void;
  readonly remove: (address: InterfaceAddress) => void;
  /** An address changed its state. */
  readonly onAddress: (address: InterfaceAddress) => void;
}

const MOST_ADDRESSES = 16;
const IDGEN_RETRIES = 3;
/** Seconds. */
const TWO_HOURS = 7200;

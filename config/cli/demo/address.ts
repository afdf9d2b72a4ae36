import { type Address, contains, parseAddress, parsePrefix } from "../../../core/packet/address.ts";

/** The address in a text of our own making. */
export function addressOf(text: string): Address {
  const address = parseAddress(text);
  if (address === undefined) throw new TypeError(`"${text}" is not an IP address`);
  return address;
}

/** Text of a peer's address as sockets give it: an IPv4 address mapped into IPv6 loses its `::ffff:`. */
export const plainAddress = (text: string): string => text.replace(/^::ffff:(?=\d+\.)/, "");

/** An address as it stands in a URL. */
export const urlHost = (address: string): string => address.includes(":") ? `[${address}]` : address;

/** Whether an address lies within a prefix written as `address/length`. */
export function isWithin(address: string, prefix: string): boolean {
  const network = parsePrefix(prefix), { family, words } = addressOf(address);
  return network !== undefined && network.family === family && contains(network, words, 0);
}

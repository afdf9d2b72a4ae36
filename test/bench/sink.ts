import { bytes, checked, libc } from "../../drivers/sys/libc.ts";

/**
 * Takes UDP port 9 of both families and reads nothing, so that the far side answers no packet with an ICMP error.
 * Ends with its input.
 */
const AF_INET = 2, AF_INET6 = 10, SOCK_DGRAM = 2, PORT = 9;
for (const [family, length] of [[AF_INET, 16], [AF_INET6, 28]] as const) {
  const fd = checked(libc.socket(family, SOCK_DGRAM, 0), "open a socket"), address = bytes(length);
  address[0] = family;
  address[3] = PORT;
  // where the IPv6 socket took both families this one is there already
  libc.bind(fd, address, length);
}
console.log("listening");
for await (const _ of Deno.stdin.readable);

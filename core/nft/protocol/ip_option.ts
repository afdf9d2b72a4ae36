import { number } from "./protocol.ts";
import type { TcpOption } from "./tcp_option.ts";

const row = (name: string, type: number, ...fields: TcpOption["fields"]): TcpOption => ({
  name,
  type,
  fields: [number("type", 0, 8), number("length", 8, 8), ...fields],
});
const route = [number("ptr", 16, 8), number("addr", 24, 32)];

/** IPv4 options, RFC 791 and RFC 2113; numbers with the copied flag. */
export const IP_OPTIONS: ReadonlyMap<string, TcpOption> = new Map(
  [
    row("lsrr", 131, ...route),
    row("rr", 7, ...route),
    row("ssrr", 137, ...route),
    row("ra", 148, number("value", 16, 16)),
  ].map((option) => [option.name, option]),
);

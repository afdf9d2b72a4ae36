import { type Field, number } from "./protocol.ts";

/** A TCP option: kind number and fields, bit offsets from its first byte. */
export interface TcpOption {
  readonly name: string;
  readonly type: number;
  readonly fields: readonly Field[];
}

const option = (name: string, type: number, ...fields: Field[]): TcpOption => ({
  name,
  type,
  fields: [number("kind", 0, 8), ...fields],
});
const length = number("length", 8, 8);
const block = (index: number) => [
  number(index === 0 ? "left" : "left", 16 + 64 * index, 32),
  number("right", 48 + 64 * index, 32),
];

/** IANA TCP option kinds; RFC 9293, 7323, 2018. */
export const TCP_OPTIONS: ReadonlyMap<string, TcpOption> = new Map(
  [
    option("eol", 0),
    option("nop", 1),
    option("maxseg", 2, length, number("size", 16, 16)),
    option("mss", 2, length, number("size", 16, 16)),
    option("window", 3, length, number("count", 16, 8)),
    option("sack-perm", 4, length),
    option("sack-permitted", 4, length),
    option("sack", 5, length, ...block(0)),
    option("sack0", 5, length, ...block(0)),
    option("sack1", 5, length, ...block(1)),
    option("sack2", 5, length, ...block(2)),
    option("sack3", 5, length, ...block(3)),
    option("timestamp", 8, length, number("tsval", 16, 32), number("tsecr", 48, 32)),
    option("fastopen", 34, length),
    option("md5sig", 19, length),
    option("mptcp", 30, length, number("subtype", 16, 4)),
  ].map((row) => [row.name, row]),
);

import { IP_OPTIONS } from "./ip_option.ts";
import { SCTP_CHUNKS } from "./sctp_chunk.ts";
import { TCP_OPTIONS, type TcpOption } from "./tcp_option.ts";

/** What a header may carry a list of: options of TCP and IPv4, chunks of SCTP. */
export type OptionList = "tcp" | "ip" | "sctp";

interface Row {
  /** As written before the option's name. */
  readonly words: string;
  /** In bytecode. */
  readonly op: "tcpopt" | "ipv4" | "sctp";
  readonly options: ReadonlyMap<string, TcpOption>;
}

export const OPTION_LISTS: Readonly<Record<OptionList, Row>> = {
  tcp: { words: "tcp option", op: "tcpopt", options: TCP_OPTIONS },
  ip: { words: "ip option", op: "ipv4", options: IP_OPTIONS },
  sctp: { words: "sctp chunk", op: "sctp", options: SCTP_CHUNKS },
};

/** The list bytecode means, and the option's row in it. */
export function listedOption(op: string, type: number): { of: "ip" | "sctp"; option: TcpOption } | undefined {
  if (op !== "ipv4" && op !== "sctp") return undefined;
  const of = op === "ipv4" ? "ip" : "sctp";
  const option = [...OPTION_LISTS[of].options.values()].find((row) => row.type === type) ??
    { name: type.toString(), type, fields: [] };
  return { of, option };
}

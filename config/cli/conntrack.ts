import type { FlowSelection, Request } from "../control/request.ts";
import { askAndPrint, type SocketOptions } from "./ask.ts";
import { complain } from "./output.ts";

export interface ConntrackOptions extends SocketOptions {
  readonly list?: boolean;
  readonly delete?: boolean;
  readonly count?: boolean;
  readonly stats?: boolean;
  readonly family?: string;
  readonly proto?: string;
  readonly src?: string;
  readonly dst?: string;
  readonly sport?: string;
  readonly dport?: string;
  readonly mark?: string;
}

type Action = Extract<Request, { command: "conntrack" }>["action"];

/** `weir conntrack`: the flow table, in conntrack(8)'s words. */
export function conntrack(options: ConntrackOptions): Promise<number> | number {
  const actions =
    ([["list", "list"], ["delete", "delete"], ["count", "count"], ["stats", "statistics"]] as const)
      .filter(([flag]) => options[flag]).map(([, action]) => action satisfies Action);
  const [action] = actions;
  if (action === undefined || actions.length > 1) {
    complain("weir conntrack: give one of -L (list), -D (delete), -C (count), -S (statistics)\n");
    return 1;
  }
  const selection = selectionOf(options);
  if (typeof selection === "string") {
    complain(`weir conntrack: ${selection}\n`);
    return 1;
  }
  return askAndPrint(options, { command: "conntrack", action, selection });
}

/** The selection, or what is wrong with it. */
export function selectionOf(options: ConntrackOptions): FlowSelection | string {
  const { family, proto, src, dst, sport, dport, mark } = options;
  if (family !== undefined && family !== "ipv4" && family !== "ipv6") {
    return `unknown family ${family}: ipv4 or ipv6`;
  }
  const numbers: { sourcePort?: number; destinationPort?: number; mark?: number } = {};
  for (
    const [key, text, most] of [["sourcePort", sport, 65535], ["destinationPort", dport, 65535], [
      "mark",
      mark,
      0xffffffff,
    ]] as const
  ) {
    if (text === undefined) continue;
    const number = /^(\d+|0x[0-9a-f]+)$/i.test(text) ? Number(text) : NaN;
    if (!(number <= most)) return `${text} is no number of 0 to ${most}`;
    numbers[key] = number;
  }
  return {
    ...(family === undefined ? {} : { family }),
    ...(proto === undefined ? {} : { protocol: proto }),
    ...(src === undefined ? {} : { source: src }),
    ...(dst === undefined ? {} : { destination: dst }),
    ...numbers,
  };
}

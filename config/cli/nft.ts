import type { Request } from "../control/request.ts";
import { directoryOf, whyUnreadable } from "../paths.ts";
import type { SocketOptions } from "./ask.ts";
import { complain } from "./output.ts";

export interface NftCommandOptions extends SocketOptions {
  readonly file?: string;
  readonly check?: boolean;
  readonly handle?: boolean;
  readonly stateless?: boolean;
  readonly terse?: boolean;
  readonly numeric?: boolean;
  readonly numericProtocol?: boolean;
  readonly numericPriority?: boolean;
  readonly service?: boolean;
  readonly json?: boolean;
  readonly echo?: boolean;
  readonly optimize?: boolean;
  readonly offline?: boolean;
  readonly includepath?: readonly string[];
  readonly define?: readonly string[];
  readonly dialect?: string;
  readonly debug?: string;
}

/** `weir nft`: commands of the rule language, as arguments, from a file or from standard input (`-f -`). */
export async function nft(words: readonly string[], options: NftCommandOptions): Promise<number> {
  const [command, trailing] = splitFlags(words);
  const given = { ...options, ...trailing };
  if (given.file === undefined && command.length === 0) {
    complain("weir nft: no command: try weir nft list ruleset, or -f FILE\n");
    return 1;
  }
  if (given.debug !== undefined && given.debug !== "netlink") {
    complain(`weir nft: unknown debug level ${given.debug}; known: netlink\n`);
    return 1;
  }
  if (given.dialect !== undefined && given.dialect !== "1.0.6" && given.dialect !== "newest") {
    complain(`weir nft: unknown dialect ${given.dialect}; known: 1.0.6, newest\n`);
    return 1;
  }
  const defines = new Map<string, string>();
  for (const each of given.define ?? []) {
    const [, key, value] = /^([^=]+)=(.*)$/s.exec(each) ?? [];
    if (key === undefined || value === undefined) {
      complain(`weir nft: -D ${each}: write NAME=VALUE\n`);
      return 1;
    }
    defines.set(key, value);
  }
  let text = command.join(" "), name = "";
  if (given.file !== undefined) {
    try {
      text = readText(given.file);
    } catch (error) {
      complain(`weir nft: ${given.file}: ${whyUnreadable(error)}\n`);
      return 1;
    }
    name = given.file === "-" ? "<stdin>" : given.file;
  }
  const flag = <K extends keyof Flags>(key: K, set: boolean | undefined) => (set ? { [key]: true } : {});
  const request: Request = {
    command: "nft",
    text,
    name,
    directory: absolute(given.file === undefined || given.file === "-" ? "." : directoryOf(given.file)),
    ...flag("check", given.check),
    ...flag("handles", given.handle),
    ...flag("stateless", given.stateless),
    ...flag("terse", given.terse),
    ...flag("numeric", given.numeric),
    ...flag("numericProtocol", given.numericProtocol),
    ...flag("numericPriority", given.numericPriority),
    ...flag("service", given.service),
    ...flag("netlink", given.debug === "netlink"),
    ...flag("json", given.json),
    ...flag("echo", given.echo),
    ...flag("optimize", given.optimize),
    ...(given.dialect === undefined ? {} : { dialect: given.dialect }),
    ...(defines.size === 0 ? {} : { defines: Object.fromEntries(defines) }),
    ...(given.includepath === undefined ? {} : { includePaths: given.includepath.map(absolute) }),
  };
  // Only what the command needs is loaded: the language here, or the way to a router that has it.
  if (given.offline) return (await import("./offline.ts")).runOffline(request);
  return (await import("./ask.ts")).askAndPrint(given, request);
}

type Flags = Omit<
  Extract<Request, { command: "nft" }>,
  "command" | "text" | "name" | "directory" | "includePaths" | "defines" | "dialect"
>;

type FlagName = Exclude<
  keyof NftCommandOptions,
  "socket" | "file" | "debug" | "offline" | "includepath" | "define" | "dialect"
>;

const LETTERS: Readonly<Record<string, FlagName>> = {
  a: "handle",
  s: "stateless",
  t: "terse",
  n: "numeric",
  p: "numericProtocol",
  y: "numericPriority",
  S: "service",
  c: "check",
  j: "json",
  e: "echo",
  o: "optimize",
};

type Trailing = Partial<Record<FlagName, true>> & { socket?: string };

/** Flags behind a `list` (`list ruleset -a`) are taken too; elsewhere a dash may be part of the command. */
export function splitFlags(words: readonly string[]): [string[], Trailing] {
  const command = [...words], flags: Trailing = {};
  // no word of the rule language: it cannot be meant as a part of the command
  if (command.at(-2) === "--socket") [, flags.socket] = command.splice(-2) as [string, string];
  while (command[0] === "list" && /^-[astnpyScjeo]+$/.test(command.at(-1) ?? "")) {
    for (const letter of command.pop()!.slice(1)) flags[LETTERS[letter]!] = true;
  }
  return [command, flags];
}

function readText(file: string): string {
  if (file !== "-") return Deno.readTextFileSync(file);
  const chunks: Uint8Array[] = [], buffer = new Uint8Array(65536);
  for (let got = Deno.stdin.readSync(buffer); got !== null; got = Deno.stdin.readSync(buffer)) {
    chunks.push(buffer.slice(0, got));
  }
  const decoder = new TextDecoder();
  return chunks.map((chunk) => decoder.decode(chunk, { stream: true })).join("") + decoder.decode();
}

const absolute = (path: string): string => (path.startsWith("/") ? path : `${Deno.cwd()}/${path}`);

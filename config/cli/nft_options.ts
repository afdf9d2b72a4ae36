import { getopt, type OptionRow } from "./getopt.ts";

/** An option of `weir nft`: nft's own, and those only a router has. */
interface NftOption extends OptionRow {
  readonly help: string;
}

const GENERAL: readonly NftOption[] = [
  { letter: "h", name: "help", help: "Show this help" },
  { letter: "v", name: "version", help: "Show version information" },
  { letter: "V", name: "extended-version", help: "Show extended version information" },
];
const INPUT: readonly NftOption[] = [
  { letter: "f", name: "file", value: "filename", help: "Read input from <filename>, - is standard input" },
  { letter: "D", name: "define", value: "name=value", help: "Define variable, e.g. --define foo=1.2.3.4" },
  { letter: "i", name: "interactive", help: "Read input from interactive CLI" },
  {
    letter: "I",
    name: "includepath",
    value: "directory",
    help: "Add <directory> to the paths searched for include files",
  },
  { letter: "c", name: "check", help: "Check commands validity without actually applying the changes" },
  { letter: "o", name: "optimize", help: "Optimize ruleset" },
];
const LISTING: readonly NftOption[] = [
  { letter: "a", name: "handle", help: "Output rule handle" },
  { letter: "s", name: "stateless", help: "Omit stateful information of ruleset" },
  { letter: "t", name: "terse", help: "Omit contents of sets" },
  { letter: "S", name: "service", help: "Translate ports to service names" },
  { letter: "N", name: "reversedns", help: "Taken, and without effect: names of hosts are not looked up" },
  { letter: "u", name: "guid", help: "Print UID/GID as defined in /etc/passwd and /etc/group" },
  { letter: "n", name: "numeric", help: "Print fully numerical output" },
  { letter: "y", name: "numeric-priority", help: "Print chain priority numerically" },
  { letter: "p", name: "numeric-protocol", help: "Print layer 4 protocols numerically" },
  { letter: "T", name: "numeric-time", help: "Print time values numerically" },
];
const OUTPUT: readonly NftOption[] = [
  { letter: "e", name: "echo", help: "Echo what has been added, inserted or replaced" },
  { letter: "j", name: "json", help: "Format output in JSON" },
  {
    letter: "d",
    name: "debug",
    value: "level[,level...]",
    help: "netlink shows the bytecode of new rules; nft's other levels have nothing to show here",
  },
];
const ROUTER: readonly NftOption[] = [
  { name: "offline", help: "Without a router: on an empty ruleset, forgotten after" },
  { name: "dialect", value: "version", help: "1.0.6: only what that nft understands" },
  {
    name: "socket",
    value: "path",
    help: "Control socket of the router (WEIR_SOCKET, /run/weir/control.sock)",
  },
];

const GROUPS: readonly (readonly [string, readonly NftOption[]])[] = [
  ["general", GENERAL],
  ["ruleset input handling", INPUT],
  ["ruleset list formatting", LISTING],
  ["command output formatting", OUTPUT],
  ["the router", ROUTER],
];
const ALL = GROUPS.flatMap(([, rows]) => rows);

/** What nft calls its debug levels. */
const DEBUG_LEVELS = ["scanner", "parser", "eval", "netlink", "mnl", "proto-ctx", "segtree", "all"];

/** The flags of a request, by the options that set them. */
const FLAGS = {
  check: "check",
  optimize: "optimize",
  handle: "handles",
  stateless: "stateless",
  terse: "terse",
  service: "service",
  guid: "guid",
  numeric: "numeric",
  "numeric-priority": "numericPriority",
  "numeric-protocol": "numericProtocol",
  "numeric-time": "numericTime",
  echo: "echo",
  json: "json",
} as const;

export type FlagName = typeof FLAGS[keyof typeof FLAGS] | "netlink";

export interface NftArguments {
  readonly command: readonly string[];
  readonly flags: Partial<Record<FlagName, true>>;
  readonly file?: string;
  readonly interactive: boolean;
  readonly offline: boolean;
  readonly show?: "help" | "version" | "extended-version";
  readonly includePaths: readonly string[];
  readonly defines: Readonly<Record<string, string>>;
  readonly dialect?: "1.0.6" | "newest";
  readonly socket?: string;
}

/** The arguments of `weir nft`, or what is wrong with them in one line. */
export function nftArguments(args: readonly string[]): NftArguments | { readonly error: string } {
  // Where the braces of a command begin a dash is the command's: priority -100.
  const words = [...args], trailing: string[] = [];
  // No word of the language: behind any command the socket is meant.
  if (words.length > 2 && words.at(-2) === "--socket") trailing.push(...words.splice(-2));
  const parsed = getopt([...trailing, ...words], ALL, (word) => word.startsWith("{"));
  if (!parsed.ok) return { error: parsed.error };
  const flags: Partial<Record<FlagName, true>> = {}, defines: Record<string, string> = Object.create(null);
  const includePaths: string[] = [];
  const found: { -readonly [K in keyof NftArguments]?: NftArguments[K] } = {};
  for (const { name, value } of parsed.given) {
    if (Object.hasOwn(FLAGS, name)) flags[FLAGS[name as keyof typeof FLAGS]] = true;
    switch (name) {
      case "help":
      case "version":
      case "extended-version":
        found.show ??= name;
        break;
      case "file":
      case "socket":
        found[name] = value;
        break;
      case "interactive":
      case "offline":
        found[name] = true;
        break;
      case "includepath":
        includePaths.push(value);
        break;
      case "define": {
        const equals = value.indexOf("=");
        if (equals < 0) return { error: `-D ${value}: write NAME=VALUE` };
        defines[value.slice(0, equals)] = value.slice(equals + 1);
        break;
      }
      case "debug": {
        const wrong = value.split(",").find((level) => !DEBUG_LEVELS.includes(level));
        if (wrong !== undefined) {
          return { error: `invalid debug parameter '${wrong}'; known: ${DEBUG_LEVELS.join(", ")}` };
        }
        if (/\b(?:netlink|all)\b/.test(value)) flags.netlink = true;
        break;
      }
      case "dialect":
        if (value !== "1.0.6" && value !== "newest") {
          return { error: `unknown dialect ${value}; known: 1.0.6, newest` };
        }
        found.dialect = value;
    }
  }
  if (Object.keys(defines).length > 0 && found.file === undefined && found.interactive !== true) {
    return { error: "-D/--define can only be used with -f/--file" };
  }
  return {
    interactive: false,
    offline: false,
    ...found,
    command: parsed.rest,
    flags,
    includePaths,
    defines,
  };
}

/** `weir nft --help`. */
export function nftHelp(): string {
  const row = ({ letter, name, value, help }: NftOption): string => {
    // -V has no name in nft; its own is for nobody to type
    const names = name === "extended-version" ? "" : `--${name}`;
    const left = [letter === undefined ? "   " : `-${letter}`, names].filter((part) => part !== "").join(", ")
      .replace("   , ", "    ");
    return `  ${`${left}${value === undefined ? "" : ` <${value}>`}`.padEnd(30)}  ${help}\n`;
  };
  const groups = GROUPS.map(([name, rows]) => `\nOptions (${name}):\n${rows.map(row).join("")}`);
  return `Usage: weir nft [ options ] [ cmds... ]\n${groups.join("")}
Examples:
  weir nft list ruleset
  weir nft -a list chain inet filter forward
  weir nft add rule inet nat port_forwards tcp dport 8080 dnat ip to 192.168.1.10:80
  weir nft -c -f weir.nft
  weir nft -i
`;
}

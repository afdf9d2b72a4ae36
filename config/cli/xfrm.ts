import { askAndPrint } from "./ask.ts";
import { complain, print } from "./output.ts";

/**
 * `weir xfrm`: states and policies of IPsec in the words of `ip xfrm`. Of its arguments only `--socket` and `--json` are
 * read here, what stands before the object; the words are the router's to understand.
 */
export async function xfrm(args: readonly string[]): Promise<number> {
  const words: string[] = [];
  let socket: string | undefined, json = false;
  for (let i = 0; i < args.length; i++) {
    const arg = args[i]!, options = words.every((word) => word.startsWith("-"));
    if (options && (arg === "--help" || arg === "-h" || arg === "help")) {
      print(xfrmHelp());
      return 0;
    } else if (arg === "--json" || (options && arg === "-j")) json = true;
    else if (arg === "--socket" || arg.startsWith("--socket=")) {
      socket = arg.includes("=") ? arg.slice(arg.indexOf("=") + 1) : args[++i];
      if (socket === undefined || socket === "") return refused("--socket needs a path");
    } else words.push(arg);
  }
  const last = words.at(-1);
  if (last === "help" && words.length <= 2) {
    print(xfrmHelp());
    return 0;
  }
  if (words.every((word) => word.startsWith("-"))) {
    return refused("name an object: state, policy, monitor or stat");
  }
  return await askAndPrint(socket === undefined ? {} : { socket }, { command: "xfrm", words, json });
}

function refused(error: string): number {
  complain(`weir xfrm: ${error}\n(weir xfrm --help shows how it is used)\n`);
  return 255;
}

export const xfrmHelp = (): string => HELP;

const HELP = `Usage: weir xfrm [OPTIONS] { state | policy | monitor | stat } [COMMAND] [WORDS...]

States and policies of IPsec, in the words of ip-xfrm(8); objects and commands may be abbreviated as there.

  state  { add | update } ID ALGORITHMS [mode M] [reqid N] [mark M] [output-mark M] [replay-window N]
         [flag F...] [extra-flag F...] [encap espinudp SPORT DPORT ADDR] [sel SELECTOR] [limit L]...
         [df copy | set | clear]
  state  { delete | get } ID [mark M]
  state  { list | deleteall } [ID] [mode M] [reqid N] [flag F...] [nokeys | keys]
  state  { flush | count }
  policy { add | update } SELECTOR dir D [priority N] [action A] [mark M] [flag F...] [limit L]... [tmpl T]...
  policy { delete | get } { SELECTOR | index N } dir D [mark M]
  policy { list | deleteall } [SELECTOR] [dir D] [index N] [action A] [priority N]
  policy { flush | count | getdefault }
  monitor [nokeys] [all | acquire | expire | SA | policy]...
  stat   counters of errors, as in /proc/net/xfrm_stat

ID         := [src ADDR] [dst ADDR] [proto esp] [spi SPI]
ALGORITHMS := { enc NAME KEY { auth NAME KEY | auth-trunc NAME KEY BITS } | aead NAME KEY BITS }
T          := [src ADDR] [dst ADDR] proto esp [spi SPI] [reqid N] [mode M] [level { required | use }]

Options:
  -s, --statistics  with limits, use and errors
  -o, --oneline     each item on one line
  -4, -6            those of one family
  --json            as JSON; keys of states only where the word keys asks for them
  --socket <path>   control socket of the router (WEIR_SOCKET, /run/weir/control.sock)
  -h, --help

Exit status: 0 done, 2 refused by the router, 255 not understood, 1 no router answers.

Examples:
  weir xfrm state add src 192.0.2.1 dst 198.51.100.1 proto esp spi 0x1000 mode tunnel reqid 1 \\
    aead 'rfc4106(gcm(aes))' 0x... 128
  weir xfrm -s state list reqid 1
  weir xfrm monitor
`;

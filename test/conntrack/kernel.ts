import { ethernet } from "../../core/packet/build.ts";
import { setU16, u16 } from "../../core/packet/bytes.ts";
import { finish, sum } from "../../core/packet/checksum.ts";

/**
 * The oracle: a namespace whose kernel routes between two veths, with the peers' ends in another namespace where
 * packets are injected raw. Each packet's `ct state` is read from counters, what leaves from the wire.
 */
export class KernelRouter {
  readonly #injector: Deno.ChildProcess;
  readonly #writer: WritableStreamDefaultWriter<Uint8Array>;
  readonly #lines: ReadableStreamDefaultReader<string>;
  #pending = "";
  readonly #seen = new Map<string, number>();

  constructor() {
    try {
      this.#build();
    } catch (error) {
      this.remove();
      throw error;
    }
    this.#injector = new Deno.Command("ip", {
      args: [
        "netns",
        "exec",
        PEERS,
        Deno.execPath(),
        "run",
        "-A",
        "--no-lock",
        new URL("./injector.ts", import.meta.url).pathname,
        "weir-lp",
        "weir-wp",
      ],
      stdin: "piped",
      stdout: "piped",
      stderr: "inherit",
    }).spawn();
    this.#writer = this.#injector.stdin.getWriter();
    this.#lines = this.#injector.stdout.pipeThrough(new TextDecoderStream()).getReader();
  }

  #build(): void {
    const script = [
      `netns add ${ROUTER}`,
      `netns add ${PEERS}`,
      `-n ${ROUTER} link add weir-l type veth peer name weir-lp netns ${PEERS}`,
      `-n ${ROUTER} link add weir-w type veth peer name weir-wp netns ${PEERS}`,
      `-n ${ROUTER} link set weir-l address ${MAC_ROUTER}`,
      `-n ${ROUTER} link set weir-w address ${MAC_ROUTER}`,
      `-n ${PEERS} link set weir-lp address ${MAC_PEER}`,
      `-n ${PEERS} link set weir-wp address ${MAC_PEER}`,
    ];
    for (const line of script) ip(line);
    const off = "net.ipv6.conf.all.disable_ipv6=1 net.ipv4.conf.all.arp_ignore=8";
    run(["netns", "exec", PEERS, "sysctl", "-qw", ...off.split(" ")]);
    const on = [
      "net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1 net.ipv4.conf.all.rp_filter=0",
      "net.ipv4.conf.default.rp_filter=0 net.ipv4.conf.weir-l.rp_filter=0 net.ipv4.conf.weir-w.rp_filter=0",
      "net.netfilter.nf_conntrack_acct=1 net.ipv4.conf.all.send_redirects=0 net.ipv6.conf.all.accept_dad=0",
      "net.ipv4.icmp_ratemask=0 net.ipv6.conf.default.accept_dad=0",
    ];
    run(["netns", "exec", ROUTER, "sysctl", "-qw", ...on.join(" ").split(" ")]);
    for (const name of ["weir-l", "weir-w"]) ip(`-n ${ROUTER} link set ${name} up`);
    for (const name of ["weir-lp", "weir-wp"]) ip(`-n ${PEERS} link set ${name} up`);
    for (const line of ADDRESSES) ip(`-n ${ROUTER} ${line}`);
  }

  /** Loads `ruleset` beside the counting chain and forgets all flows. */
  load(ruleset: string): void {
    run(["netns", "exec", ROUTER, "nft", "-f", "-"], `flush ruleset\n${COUNTING}\n${ruleset}\n`);
    this.#seen.clear();
    this.forget();
  }

  forget(): void {
    run(["netns", "exec", ROUTER, "conntrack", "-F"]);
  }

  async #exchange(command: unknown): Promise<[number, string][]> {
    await this.#writer.write(new TextEncoder().encode(JSON.stringify(command) + "\n"));
    while (!this.#pending.includes("\n")) {
      const { value, done } = await this.#lines.read();
      if (done) throw new Error("the injector ended");
      this.#pending += value;
    }
    const end = this.#pending.indexOf("\n");
    const answer = JSON.parse(this.#pending.slice(0, end));
    this.#pending = this.#pending.slice(end + 1);
    return answer.frames;
  }

  /** Sends an IP packet in by port 0 (LAN) or 1 (WAN); what the kernel made of it. */
  async packet(port: number, packet: Uint8Array): Promise<Outcome> {
    const frame = ethernet(MAC_PEER, MAC_ROUTER, packet);
    const tag = packetTag(packet);
    const frames = await this.#exchange({ send: [port, hex(frame)], tag, at: tagPosition(packet), wait: 60 });
    const mine = frames.at(-1);
    if (mine === undefined || !mine[1].startsWith(tag, 2 * tagPosition(packet))) {
      return { state: this.#counted() };
    }
    const left = unhex(mine[1]).slice(14), state = STATES[takeMark(left) - 1] ?? "none";
    this.#seen.set(state, (this.#seen.get(state) ?? 0) + 1);
    return { state, port: mine[0], packet: left };
  }

  /** The state whose counter grew beyond what was seen leaving. */
  #counted(): string {
    const text = run(["netns", "exec", ROUTER, "nft", "list", "counters", "table", "inet", "count"]);
    const grown: string[] = [];
    for (const m of text.matchAll(/counter (\w+) \{\s*packets (\d+)/g)) {
      const state = m[1]!, count = Number(m[2]);
      if (count !== (this.#seen.get(state) ?? 0)) grown.push(state);
      this.#seen.set(state, count);
    }
    return grown.join("+");
  }

  /** `conntrack -L`, both families, sorted. */
  flows(): string[] {
    const text = ["ipv4", "ipv6"].map((family) =>
      run(["netns", "exec", ROUTER, "conntrack", "-L", "-f", family])
    ).join("");
    return text.split("\n").filter((line) => line !== "").sort();
  }

  async close(): Promise<void> {
    await this.#writer.close();
    await this.#injector.status;
    await this.#lines.cancel();
    this.remove();
  }

  remove(): void {
    for (const name of [ROUTER, PEERS]) {
      new Deno.Command("ip", { args: ["netns", "del", name], stderr: "null" }).outputSync();
    }
  }
}

export interface Outcome {
  /** new, established, related, invalid, untracked. */
  readonly state: string;
  /** Where and how it left; absent when it did not. */
  readonly port?: number;
  readonly packet?: Uint8Array;
}

/** Hex text that stays in a packet on its way: IPv4 identification, or the flow label's last 16 bits. */
const packetTag = (packet: Uint8Array): string =>
  packet[0]! >>> 4 === 4 ? hex(packet.subarray(4, 6)) : hex(packet.subarray(2, 4));
/** Where it is in the frame. */
const tagPosition = (packet: Uint8Array): number => packet[0]! >>> 4 === 4 ? 18 : 16;

/** Takes the DSCP that names the state out of a packet. */
function takeMark(packet: Uint8Array): number {
  if (packet[0]! >>> 4 === 6) {
    const dscp = (u16(packet, 0) >>> 6) & 63;
    setU16(packet, 0, u16(packet, 0) & 0xf03f);
    return dscp;
  }
  const dscp = packet[1]! >>> 2;
  if (finish(sum(packet, 0, 20)) === 0) {
    packet[1] = 0;
    setU16(packet, 10, 0);
    setU16(packet, 10, finish(sum(packet, 0, 20)));
  }
  return dscp;
}

export const hex = (b: Uint8Array): string => Array.from(b, (x) => x.toString(16).padStart(2, "0")).join("");
const unhex = (text: string) => Uint8Array.from(text.match(/../g) ?? [], (pair) => parseInt(pair, 16));

const ROUTER = `weir-${Deno.pid}-ct`, PEERS = `weir-${Deno.pid}-cp`;
const MAC_ROUTER = "02:00:00:00:00:01", MAC_PEER = "02:00:00:00:00:02";

const ADDRESSES = [
  "addr add 192.168.77.1/24 dev weir-l",
  "addr add 198.51.100.1/24 dev weir-w",
  "-6 addr add 2001:db8:1::1/64 dev weir-l nodad",
  "-6 addr add 2001:db8:2::1/64 dev weir-w nodad",
  "link set lo up",
  `neigh add 192.168.77.2 lladdr ${MAC_PEER} dev weir-l nud permanent`,
  `neigh add 192.168.77.3 lladdr ${MAC_PEER} dev weir-l nud permanent`,
  `neigh add 198.51.100.2 lladdr ${MAC_PEER} dev weir-w nud permanent`,
  `neigh add 198.51.100.3 lladdr ${MAC_PEER} dev weir-w nud permanent`,
  `neigh add 198.51.100.77 lladdr ${MAC_PEER} dev weir-w nud permanent`,
  `neigh add 2001:db8:1::99 lladdr ${MAC_PEER} dev weir-l nud permanent`,
  `neigh add 2001:db8:2::3 lladdr ${MAC_PEER} dev weir-w nud permanent`,
  `neigh add 2001:db8:1::2 lladdr ${MAC_PEER} dev weir-l nud permanent`,
  `neigh add 2001:db8:2::2 lladdr ${MAC_PEER} dev weir-w nud permanent`,
];

const STATES = ["new", "established", "related", "invalid", "untracked"];
/**
 * Packets leave with their state as DSCP. Those that do not leave are told by counters, where only packets of the
 * peers count. The router itself says nothing: its resets would end flows.
 */
const COUNTING = `table inet count {
${STATES.map((s) => `counter ${s} {}`).join("\n")}
chain pre { type filter hook prerouting priority -150; iifname { "weir-l", "weir-w" } jump states; }
chain states {
${STATES.map((s) => `ct state ${s} counter name "${s}" return`).join("\n")}
}
chain out { type filter hook output priority -300; policy drop; }
chain post { type filter hook postrouting priority 400; iifname { "weir-l", "weir-w" } jump stamp; }
chain stamp {
${STATES.map((s, i) => `ct state ${s} ip dscp set ${i + 1}\nct state ${s} ip6 dscp set ${i + 1}`).join("\n")}
}
}`;

function ip(line: string): void {
  run(line.split(" "));
}

/** Runs ip(8), fails loudly; the output. */
function run(args: string[], input?: string): string {
  if (input !== undefined) {
    const file = Deno.makeTempFileSync({ prefix: "weir-" });
    Deno.writeTextFileSync(file, input);
    try {
      return run(args.map((a) => a === "-" ? file : a));
    } finally {
      Deno.removeSync(file);
    }
  }
  const output = new Deno.Command("ip", { args }).outputSync();
  const text = (b: Uint8Array) => new TextDecoder().decode(b);
  if (!output.success) throw new Error(`ip ${args.join(" ")}: ${text(output.stderr)}`);
  return text(output.stdout);
}

import { ethernet } from "../../core/packet/build.ts";

/**
 * The oracle: a namespace whose kernel routes between two veths, with the peers' ends in another namespace where
 * packets are injected raw. Each packet's `ct state` is read from counters, what leaves from the wire.
 */
export class KernelRouter {
  readonly #injector: Deno.ChildProcess;
  readonly #writer: WritableStreamDefaultWriter<Uint8Array>;
  readonly #lines: ReadableStreamDefaultReader<string>;
  #pending = "";

  constructor() {
    this.remove();
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

  /** Loads `ruleset` beside the counting chain and forgets all flows. */
  load(ruleset: string): void {
    run(["netns", "exec", ROUTER, "nft", "-f", "-"], `flush ruleset\n${COUNTING}\n${ruleset}\n`);
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
    const frames = await this.#exchange({ send: [port, hex(frame)], tag, wait: 60 });
    const mine = frames.find(([, text]) => text.includes(tag) && text.startsWith(MAC_PEER.replaceAll(":", "")));
    const states = this.#states();
    return {
      state: states.length === 1 ? states[0]! : states.join("+"),
      ...(mine === undefined ? {} : { port: mine[0], packet: unhex(mine[1]).subarray(14) }),
    };
  }

  /** States counted since the last call. */
  #states(): string[] {
    const text = run(["netns", "exec", ROUTER, "nft", "reset", "counters", "table", "inet", "count"]);
    const found = [...text.matchAll(/counter (\w+) \{\s*packets (\d+)/g)];
    return found.filter((m) => m[2] !== "0").map((m) => m[1]!);
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

/** Hex text that stays in a packet on its way: IPv4 identification, or version, class and flow label. */
export const packetTag = (packet: Uint8Array): string =>
  packet[0]! >>> 4 === 4 ? hex(packet.subarray(4, 8)) : hex(packet.subarray(0, 4));

export const hex = (b: Uint8Array): string => Array.from(b, (x) => x.toString(16).padStart(2, "0")).join("");
const unhex = (text: string) => Uint8Array.from(text.match(/../g) ?? [], (pair) => parseInt(pair, 16));

const ROUTER = "weir-cta", PEERS = "weir-ctb";
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
  `neigh add 2001:db8:1::2 lladdr ${MAC_PEER} dev weir-l nud permanent`,
  `neigh add 2001:db8:2::2 lladdr ${MAC_PEER} dev weir-w nud permanent`,
];

const STATES = ["new", "established", "related", "invalid", "untracked"];
/** Only packets of the peers count: not what the router itself says. */
const COUNTING = `table inet count {
${STATES.map((s) => `counter ${s} {}`).join("\n")}
chain pre { type filter hook prerouting priority -150; iifname { "weir-l", "weir-w" } jump states; }
chain states {
${STATES.map((s) => `ct state ${s} counter name "${s}" return`).join("\n")}
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

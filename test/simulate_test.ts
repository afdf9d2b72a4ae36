import assert from "node:assert/strict";
import { FILES } from "../config/cli/demo/files.ts";
import { childEnvironment, selfCommand } from "../config/cli/demo/process.ts";
import { ARP_REPLY } from "../core/packet/arp.ts";
import { arp, ethernet, icmp, tcp, udp } from "../core/packet/build.ts";
import { u16 } from "../core/packet/bytes.ts";
import { LINKTYPE_ETHERNET, PcapWriter } from "../core/packet/pcap.ts";
import { readPcapFile } from "../drivers/port/pcap.ts";
import { type Output, textOf } from "./topology.ts";

/**
 * `weir simulate` as it is called: captures in, captures out.
 *
 * Overview    the demo's configuration; its ports are wan, lan0 and lan1, with the addresses simulate gives them by
 *             number. A host at 192.168.1.10 asks a server at 198.51.100.1.
 */
const ROUTER = { wan: "02:77:65:69:72:00", lan: "02:77:65:69:72:01" };
const HOST = { mac: "02:00:00:00:00:10", ip: "192.168.1.10" };
const SERVER = { mac: "02:00:00:00:00:01", ip: "198.51.100.1" };
const WAN = "198.51.100.2";
const SYN = 2, ACK = 16;

/** Milliseconds after the captures' start, and the frame. */
type Frames = readonly (readonly [at: number, frame: Uint8Array])[];

const fromHost = (packet: Uint8Array) => ethernet(HOST.mac, ROUTER.lan, packet);
const fromServer = (packet: Uint8Array) => ethernet(SERVER.mac, ROUTER.wan, packet);

const LAN0: Frames = [
  [0, arp(HOST.mac, HOST.ip, "192.168.1.1")],
  [10, fromHost(tcp({ from: HOST.ip, to: SERVER.ip }, 4000, 80, { flags: SYN, sequence: 100 }))],
  [
    30,
    fromHost(
      tcp({ from: HOST.ip, to: SERVER.ip }, 4000, 80, { flags: ACK, sequence: 101, acknowledgement: 501 }),
    ),
  ],
  // ends here: nobody may be reached there
  [40, fromHost(udp({ from: HOST.ip, to: "10.9.9.9" }, 5000, 53))],
  [50, fromHost(icmp({ from: HOST.ip, to: SERVER.ip, ttl: 1 }, 8, 0, 0x10001, new Uint8Array(8)))],
];
const WAN0: Frames = [
  [15, arp(SERVER.mac, SERVER.ip, WAN, ARP_REPLY, ROUTER.wan)],
  [
    20,
    fromServer(
      tcp({ from: SERVER.ip, to: WAN }, 80, 4000, { flags: SYN | ACK, sequence: 500, acknowledgement: 101 }),
    ),
  ],
  // nobody asked for it
  [25, fromServer(tcp({ from: SERVER.ip, to: WAN }, 81, 22, { flags: SYN, sequence: 9 }))],
  // by the port forward
  [60, fromServer(tcp({ from: SERVER.ip, to: WAN }, 4444, 8080, { flags: SYN, sequence: 7 }))],
];

function capture(frames: Frames): Uint8Array {
  const writer = new PcapWriter({ linkType: LINKTYPE_ETHERNET });
  for (const [at, frame] of frames) {
    writer.write({ seconds: 1_700_000_000, nanoseconds: at * 1_000_000 }, frame);
  }
  return writer.bytes();
}

class Laboratory implements AsyncDisposable {
  readonly directory: string;

  private constructor(directory: string) {
    this.directory = directory;
  }

  static async make(): Promise<Laboratory> {
    const directory = await Deno.makeTempDir({ prefix: "weir-simulate-" });
    for (const [name, text] of Object.entries(FILES)) await Deno.writeTextFile(`${directory}/${name}`, text);
    await Deno.writeFile(`${directory}/lan0.pcap`, capture(LAN0));
    await Deno.writeFile(`${directory}/wan.pcap`, capture(WAN0));
    return new Laboratory(directory);
  }

  async weir(...args: string[]): Promise<Output> {
    const { command, args: all } = selfCommand(
      ["simulate", ...args],
      new URL("../mod.ts", import.meta.url).href,
    );
    const options = {
      args: all,
      cwd: this.directory,
      stdin: "null",
      stdout: "piped",
      stderr: "piped",
    } as const;
    return textOf(
      await new Deno.Command(command, { ...options, clearEnv: true, env: childEnvironment() }).output(),
    );
  }

  read(name: string): Uint8Array {
    return Deno.readFileSync(`${this.directory}/${name}`);
  }

  /** Unicast IPv4 and ARP frames of a capture with their times in milliseconds. */
  sent(name: string): [number, Uint8Array][] {
    const pcap = readPcapFile(`${this.directory}/${name}`);
    return pcap.records.map((record): [number, Uint8Array] => [
      (record.seconds - 1_700_000_000) * 1000 + record.nanoseconds / 1e6,
      pcap.bytes.slice(record.start, record.end),
    ]).filter(([, frame]) => u16(frame, 12) !== 0x86dd && (frame[0]! & 1) === 0);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return Deno.remove(this.directory, { recursive: true });
  }
}

const INPUTS = ["--config", "demo.yaml", "--in", "lan0=lan0.pcap", "wan=wan.pcap"];

Deno.test("simulate: what the router sends, when, to the byte", async () => {
  await using laboratory = await Laboratory.make();
  const { code, stdout, stderr } = await laboratory.weir(...INPUTS, "--out", "sent", "--json");
  assert.equal(stderr, "");
  assert.equal(code, 0);

  const toServer = (packet: Uint8Array) => ethernet(ROUTER.wan, SERVER.mac, packet);
  const toHost = (packet: Uint8Array) => ethernet(ROUTER.lan, HOST.mac, packet);
  assert.deepEqual(laboratory.sent("sent/wan.pcap"), [
    // waited for the server's answer
    [15, toServer(tcp({ from: WAN, to: SERVER.ip, ttl: 63 }, 4000, 80, { flags: SYN, sequence: 100 }))],
    [
      30,
      toServer(
        tcp({ from: WAN, to: SERVER.ip, ttl: 63 }, 4000, 80, {
          flags: ACK,
          sequence: 101,
          acknowledgement: 501,
        }),
      ),
    ],
  ]);
  // five seconds later it asks whether the host is still there
  const toLan = laboratory.sent("sent/lan0.pcap").filter(([at]) => at < 5000);
  assert.deepEqual(toLan.filter(([at]) => at < 40), [
    [0, arp(ROUTER.lan, "192.168.1.1", HOST.ip, ARP_REPLY, HOST.mac)],
    [
      20,
      toHost(
        tcp({ from: SERVER.ip, to: HOST.ip, ttl: 63 }, 80, 4000, {
          flags: SYN | ACK,
          sequence: 500,
          acknowledgement: 101,
        }),
      ),
    ],
  ]);
  // net unreachable by rule, time exceeded, and the forwarded visitor
  const later = toLan.filter(([at]) => at >= 40).map(([at, frame]) => [at, frame[23], frame[34], frame[35]]);
  assert.deepEqual(later, [[40, 1, 3, 0], [50, 1, 11, 0], [60, 6, 4444 >> 8, 4444 & 255]]);
  assert.deepEqual(
    toLan.at(-1)![1],
    toHost(tcp({ from: SERVER.ip, to: HOST.ip, ttl: 63 }, 4444, 80, { flags: SYN, sequence: 7 })),
  );

  const report = JSON.parse(stdout);
  assert.equal(report.ports.lan0.in, LAN0.length);
  assert.equal(report.ports.wan.in, WAN0.length);
  assert.equal(report.forwarded, 5);
  assert.equal(report.drops["ttl-exceeded"], 1);
  assert.equal(report.drops.policy, 1);
  assert.equal(report.drops.rule, 1);
  assert.equal(report.flows.length, 2);
  assert.match(
    report.flows.join("\n"),
    /ESTABLISHED src=192\.168\.1\.10 dst=198\.51\.100\.1 sport=4000 dport=80 .*dst=198\.51\.100\.2 sport=80 dport=4000/,
  );
  assert.deepEqual(report.log, ["weir input drop: IN=wan"]);
  assert.match(report.ruleset, /counter packets 1 bytes 40 comment "dropped by policy"/);
});

Deno.test("simulate: two runs give the same bytes, another seed keeps what is not random", async () => {
  await using laboratory = await Laboratory.make();
  const runs = await Promise.all([
    laboratory.weir(...INPUTS, "--out", "one"),
    laboratory.weir(...INPUTS, "--out", "two"),
    laboratory.weir(...INPUTS, "--out", "three", "--seed", "77"),
  ]);
  for (const { code, stderr } of runs) assert.equal(code, 0, stderr);
  assert.equal(runs[0].stdout, runs[1].stdout.replaceAll("two/", "one/"));
  for (const port of ["wan", "lan0", "lan1"]) {
    assert.ok(laboratory.read(`one/${port}.pcap`).length > 24, port);
    assert.deepEqual(laboratory.read(`one/${port}.pcap`), laboratory.read(`two/${port}.pcap`), port);
  }
  assert.deepEqual(laboratory.sent("one/wan.pcap"), laboratory.sent("three/wan.pcap"));
});

Deno.test("simulate: a wrong argument is one clear line and exit status 1, or 2 for usage", async (test) => {
  await using laboratory = await Laboratory.make();
  await Deno.writeTextFile(`${laboratory.directory}/text.pcap`, "this is no capture, only some text");
  await Deno.writeFile(`${laboratory.directory}/cut.pcap`, capture(LAN0).subarray(0, 90));
  await Deno.writeTextFile(
    `${laboratory.directory}/wrong.yaml`,
    FILES["demo.yaml"]!.replace("weir-demo", "weir demo!"),
  );
  const base = ["--config", "demo.yaml", "--out", "sent"];
  const cases: readonly [name: string, args: string[], code: number, said: RegExp][] = [
    [
      "no such port",
      [...base, "--in", "eth0=wan.pcap"],
      1,
      /^--in eth0=wan\.pcap: the configuration has no port eth0, it has wan, lan0, lan1$/,
    ],
    ["no file named", [...base, "--in", "wan"], 1, /^--in wan: expected PORT=FILE\.pcap$/],
    [
      "twice",
      [...base, "--in", "wan=wan.pcap", "wan=lan0.pcap"],
      1,
      /^--in wan=lan0\.pcap: port wan has a capture already$/,
    ],
    ["no such file", [...base, "--in", "wan=none.pcap"], 1, /none\.pcap.*([Nn]o such file|not there)/],
    ["no capture", [...base, "--in", "wan=text.pcap"], 1, /text\.pcap.*/],
    ["a capture cut short", [...base, "--in", "wan=cut.pcap"], 1, /cut\.pcap.*/],
    [
      "no such configuration",
      ["--config", "none.yaml", "--out", "sent", "--in", "wan=wan.pcap"],
      1,
      /none\.yaml/,
    ],
    ["no output", ["--config", "demo.yaml", "--in", "wan=wan.pcap"], 2, /--out/],
    ["a seed that is none", [...base, "--in", "wan=wan.pcap", "--seed", "x"], 2, /--seed/],
  ];
  for (const [name, args, wanted, said] of cases) {
    await test.step(name, async () => {
      const { code, stdout, stderr } = await laboratory.weir(...args);
      assert.equal(code, wanted, stderr);
      assert.equal(stdout, "");
      assert.match(stderr.trimEnd(), said);
      if (wanted === 1) assert.equal(stderr.trimEnd().split("\n").length, 1, stderr);
      assert.doesNotMatch(stderr, /undefined|null|NaN|internal/);
    });
  }
  await test.step("a mistake in the configuration is shown in its place", async () => {
    const { code, stderr } = await laboratory.weir(
      "--config",
      "wrong.yaml",
      "--out",
      "sent",
      "--in",
      "wan=wan.pcap",
    );
    assert.equal(code, 1);
    assert.match(stderr, /wrong\.yaml:3:11-20: Error: /);
    assert.match(stderr, /\^{10}/);
  });
});

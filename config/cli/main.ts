import { Command, CommanderError, InvalidArgumentError, Option } from "commander";
import { VERSION } from "../version.ts";
import { nftHelp } from "./nft_options.ts";
import { complain, print } from "./output.ts";

/**
 * The command line.
 *
 * Overview    one commander program; what a command needs is loaded when it is called, so that `weir status` does not
 *             load a router.
 * Failure     exit status 1 and one clear line on standard error; a usage error is 2.
 */
export async function main(args: readonly string[]): Promise<number> {
  if (args[0] === "nft") return await (await import("./nft.ts")).nft(args.slice(1));
  if (args[0] === "xfrm") return await (await import("./xfrm.ts")).xfrm(args.slice(1));
  let status = 0;
  const program = commands((code) => status = code);
  try {
    await program.parseAsync([...args], { from: "user" });
    return status;
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    return error.exitCode === 0 ? 0 : 2;
  }
}

const SOCKET = [
  "--socket <path>",
  "control socket of the router (WEIR_SOCKET, /run/weir/control.sock)",
] as const;
const CONFIG = [
  "-c, --config <file>",
  "configuration (WEIR_CONFIG, /etc/weir/weir.yaml)",
] as const;
const JSON_FLAG = ["--json", "as JSON"] as const;

function commands(done: (status: number) => void): Command {
  const program = new Command("weir");
  program
    .description("An edge router: ports, bridges, routes, NAT and nftables rules from two files.")
    .version(VERSION, "-V, --version")
    .exitOverride()
    .enablePositionalOptions()
    .showHelpAfterError("(weir --help shows every command)")
    .configureOutput({ writeOut: print, writeErr: complain })
    .addHelpText(
      "after",
      examples("weir check weir.yaml", "weir run --config weir.yaml", "weir nft list ruleset"),
    );
  const add = (name: string, description: string, ...lines: string[]): Command => {
    const command = program.command(name, { hidden: name === "demo-client" }).description(description)
      .showHelpAfterError(`(weir ${name} --help shows how it is used)`);
    return lines.length === 0 ? command : command.addHelpText("after", examples(...lines));
  };

  add(
    "run",
    "route until SIGINT or SIGTERM; SIGHUP reloads",
    "weir run",
    "weir run --config /etc/weir/weir.yaml",
  )
    .option("-c, --config <file>", "configuration (WEIR_CONFIG, /etc/weir/weir.yaml)")
    .option(...SOCKET)
    .option("--measure", "split CPU time into receive, process and transmit")
    .option("--detached", "go on when the process that started weir ends")
    .action(async (options) => done(await (await import("./run.ts")).run(options)));
  add("check", "read a configuration and its ruleset, say what is wrong", "weir check weir.yaml")
    .argument("[file]", "configuration (WEIR_CONFIG, /etc/weir/weir.yaml)")
    .option(...JSON_FLAG)
    .action(async (file: string | undefined, options) => {
      const { configPath } = await import("./place.ts");
      done((await import("./check.ts")).check(configPath(file), options));
    });
  const crypto = add("crypto", "crypto devices: what they offer, whether they are right, what they cost");
  const part = (name: string, description: string): Command =>
    crypto.command(name).description(description).option(...JSON_FLAG)
      .option("--devices <names>", "software, af_alg, cryptodev, hifn; all of them unless told otherwise");
  part("list", "algorithms, the drivers that offer them, and what a running router does with them")
    .option(...SOCKET)
    .option(...CONFIG)
    .action(async (options) => done(await (await import("./crypto.ts")).cryptoList(options)));
  part("selftest", "known answers through every device")
    .option("--vectors <directory>", "further answers: testmgr.jsonl, wycheproof-*.json")
    .action(async (options) => done((await import("./crypto.ts")).cryptoSelftest(options)));
  part("speed", "CPU time by device, algorithm and size, directly and through the queue")
    .argument("[algorithm...]", "by their names, as cbc(aes)")
    .option("--svg", "as a picture")
    .action(async (names: string[], options) =>
      done((await import("./crypto.ts")).cryptoSpeed(names, options))
    );
  const disk = add("disk", "encrypted volumes, bit for bit those of cryptsetup's plain mode");
  const volume = (name: string, description: string): Command =>
    disk.command(name).description(description).argument(
      "<volume>",
      "its name in weir.yaml; with --key-file a file or a block device",
    )
      .option(...CONFIG)
      .option("--key-file <file>", "the key's bytes; with --hash a passphrase, to the end of its line")
      .option("--cipher <name>", "aes-xts-plain64 unless told otherwise, or aes-cbc-essiv:sha256")
      .option("--key-size <bits>", "512 for xts, 256 for cbc unless told otherwise")
      .option("--hash <name>", "plain (unless told otherwise), ripemd160, sha256, sha512")
      .option("--offset <sectors>", "where the volume begins")
      .option("--skip <sectors>", "added to sectors' numbers");
  volume("read", "sectors in the clear, to standard output")
    .option("--from <sector>", "the first of them", "0")
    .option("--count <sectors>", "all to the end unless told otherwise")
    .action(async (path: string, options) => done(await (await import("./disk.ts")).diskRead(path, options)));
  volume("write", "sectors from standard input, encrypted")
    .option("--from <sector>", "the first of them", "0")
    .action(async (path: string, options) =>
      done(await (await import("./disk.ts")).diskWrite(path, options))
    );
  volume("rekey", "another key or cipher, in place; interrupted, the same command goes on")
    .option("--new-key-file <file>", "as --key-file; a volume of weir.yaml gets a key of its own")
    .option("--new-cipher <name>", "the same unless told otherwise")
    .option("--new-key-size <bits>", "as --key-size")
    .option("--journal <file>", "what makes it safe: VOLUME.rekey unless told otherwise")
    .action(async (path: string, options) =>
      done(await (await import("./disk.ts")).diskRekey(path, options))
    );
  disk.command("key").description("make the key of a volume of weir.yaml; it is shown nowhere")
    .argument("<name>", "its name in weir.yaml")
    .option(...CONFIG)
    .option("--force", "in place of the one that is there: what the volume holds is given up")
    .action(async (name: string, options) =>
      done(await (await import("./disk_volume.ts")).diskKey(name, options))
    );
  disk.command("list").description("volumes of weir.yaml: cipher, driver, how far a re-keying is")
    .option(...CONFIG)
    .option(...JSON_FLAG)
    .action(async (options) => done(await (await import("./disk_volume.ts")).diskList(options)));
  disk.command("status").description("one of them")
    .argument("<name>", "its name in weir.yaml")
    .option(...CONFIG)
    .option(...JSON_FLAG)
    .action(async (name: string, options) =>
      done(await (await import("./disk_volume.ts")).diskStatus(name, options))
    );
  add("reload", "make the running router read its files again, all or nothing", "weir reload")
    .option(...SOCKET)
    .action(async (options) => {
      done(await (await import("./ask.ts")).askAndPrint(options, { command: "reload" }));
    });
  add("status", "what the running router does", "weir status", "weir status --json | jq .flows.count")
    .option(...SOCKET)
    .option(...JSON_FLAG)
    .action(async (options) => {
      const { statusText } = await import("./status.ts");
      done(await (await import("./ask.ts")).askStatus(options, statusText));
    });
  add("port", "ports with their counters", "weir port", "weir port --json")
    .option(...SOCKET)
    .option(...JSON_FLAG)
    .action(async (options) => {
      const { portText } = await import("./status.ts");
      const { askStatus, askPorts } = await import("./ask.ts");
      done(await (options.json ? askPorts(options) : askStatus(options, portText)));
    });
  addNft(add);
  addDescribe(add, done);
  addConntrack(add, done);
  add("xfrm", "states and policies of IPsec, in the words of ip xfrm").argument("[word...]");
  addDemo(add, done);
  addSimulate(add, done);
  return program;
}

type Add = (name: string, description: string, ...lines: string[]) => Command;

/** Only for the help: its arguments are read as nft reads them. */
function addNft(add: Add): void {
  add("nft", "commands of the rule language, as nft takes them")
    .argument("[command...]", "options and commands, as nft takes them")
    .helpInformation = nftHelp;
}

function addDescribe(add: Add, done: (status: number) => void): void {
  add(
    "describe",
    "what the rule language knows: fields, keys, types, statements",
    "weir describe tcp dport",
    "weir describe --json | jq '.fields[].name'",
  )
    .argument("[expression...]", "a field, key or datatype")
    .option(...JSON_FLAG)
    .action(async (words: string[], options) =>
      done((await import("./describe.ts")).describe(words, options))
    );
}

function addConntrack(add: Add, done: (status: number) => void): void {
  add(
    "conntrack",
    "the flow table, in conntrack(8)'s words",
    "weir conntrack -L -p tcp",
    "weir conntrack -D -s 192.168.1.10",
    "weir conntrack -C",
  )
    .option("-L, --list", "list flows")
    .option("-D, --delete", "delete flows; without a selection all of them")
    .option("-C, --count", "how many flows there are")
    .option("-S, --stats", "counters of connection tracking")
    .option("-f, --family <family>", "ipv4 or ipv6")
    .option("-p, --proto <protocol>", "tcp, udp, icmp, ... or a number")
    .option("-s, --src <address>", "source of the original direction")
    .option("-d, --dst <address>", "destination of the original direction")
    .option("--sport <port>", "source port of the original direction")
    .option("--dport <port>", "destination port of the original direction")
    .option("-m, --mark <mark>", "mark")
    .option(...SOCKET)
    .action(async (options) => done(await (await import("./conntrack.ts")).conntrack(options)));
}

function addDemo(add: Add, done: (status: number) => void): void {
  add("demo", "a real router between real network stacks, shown and proved", "weir demo", "weir demo --once")
    .option("--once", "end after the checks, with exit status 0 when all passed")
    .option(...JSON_FLAG)
    .option("--kernel", "let the kernel route in weir's place, for comparison")
    .option("--memory", "between memory ports in this process, whatever else were possible")
    .addOption(new Option("--inside", "started by the demo itself in a user namespace").hideHelp())
    .action(async (options) => done(await (await import("./demo.ts")).demo(options)));
  add("demo-client", "a host of the demo, started by it")
    .argument("[name]", "of the host")
    .action(async () => done(await (await import("./demo/client.ts")).demoClient()));
}

function addSimulate(add: Add, done: (status: number) => void): void {
  add(
    "simulate",
    "the whole router over capture files, in virtual time",
    "weir simulate --config weir.yaml --in wan=wan.pcap --in lan1=lan1.pcap --out sent",
  )
    .requiredOption("-c, --config <file>", "configuration")
    .requiredOption("--in <port=file...>", "capture of what a port receives")
    .requiredOption("--out <directory>", "where a capture of what each port sends is written")
    .option("--seed <number>", "of everything random", wholeNumber)
    .option("--linger <seconds>", "virtual time after the last frame", wholeNumber)
    .option(...JSON_FLAG)
    .action(async (options) => done((await import("./simulate.ts")).simulate(options)));
}

function wholeNumber(text: string): number {
  if (!/^\d{1,9}$/.test(text)) throw new InvalidArgumentError("Expected a whole number.");
  return Number(text);
}

const examples = (...lines: string[]): string =>
  `\nExample${lines.length > 1 ? "s" : ""}:\n${lines.map((line) => `  ${line}\n`).join("")}`;

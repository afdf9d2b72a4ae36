import assert from "node:assert/strict";
import { libc } from "../drivers/sys/libc.ts";
import { createNamespace, deleteNamespace } from "../drivers/sys/namespace.ts";
import { skip } from "./needs.ts";

/**
 * nft as oracle of the command: the same arguments to it, in a namespace of its own, and to `weir nft --offline`. What
 * stands on which stream and the exit status are compared, but for what a router cannot know: our hints, the list of
 * tokens a parser generator could have used, process and generation numbers, the handle of a table.
 */
const LOADED = `table inet f {
	set s { type ipv4_addr; flags interval; elements = { 192.0.2.0/24 } }
	counter k { packets 3 bytes 300 }
	chain c {
		type filter hook input priority filter + 5
		ip protocol tcp tcp dport { 22, 443 } counter packets 5 bytes 60 accept
		ct expiration 1h30m meta skuid 0 ct state new drop
	}
}
`;

const FILES: Readonly<Record<string, string>> = {
  "echo.nft":
    "add table ip q; add chain ip q c; insert rule ip q c tcp dport 22 accept; create chain ip q d\n",
  "merge.nft":
    "table ip o {\n chain c {\n  type filter hook input priority 0; policy drop;\n  tcp dport 1 accept\n  tcp dport 2 accept\n }\n}\n",
  "variable.nft": "table ip v {\n chain c {\n  tcp dport $ports accept\n }\n}\n",
  "two_errors.nft": "bogus line\nadd table ip x\nadd rule ip x y tcp nosuch 1\nlist nothing\n",
  "syntax.nft": "table ip v { set s { type inet_service; elements = $ports } }\nlist ruleset\n",
  "missing.nft": 'include "nothing.nft"\n',
  "nothing_matches.nft": 'include "nothing/*.nft"\nlist tables\n',
  "directory.nft": 'include "./lib"\nlist tables\n',
  "relative.nft": 'include "./lib/a.nft"\nlist tables\n',
  "path.nft": 'include "a.nft"\nlist tables\n',
  "lib/a.nft": "add table ip a\n",
  "other/a.nft": "add table ip other\n",
  "wild.nft": 'include "./lib/*.nft"\n',
  "lib/b.nft": "add table ip b\n",
  "lib/.hidden.nft": "add table ip hidden\n",
};

/** Each runs on an empty ruleset. */
const ALONE: readonly (readonly string[])[] = [
  ["add table ip t; list tables"],
  ["-c", "add table ip t; list tables"],
  ["list", "tables", ";", "list", "chains"],
  ["list", "table", "ip", "nothere"],
  ["-j", "list", "table", "ip", "nothere"],
  ["-j", "list", "ruleset"],
  ["list", "ruleset", "extra"],
  ["-o", "list", "ruleset"],
  [""],
  ["# nothing"],
  ["-e", "-f", "echo.nft"],
  ["-ea", "-f", "echo.nft"],
  ["-c", "-e", "-f", "echo.nft"],
  ["-o", "-f", "merge.nft"],
  ["-c", "-o", "-f", "merge.nft"],
  ["-D", "ports={ 22, 80 }", "-f", "variable.nft"],
  ["-D", "ports=1000-2000", "-ef", "variable.nft"],
  ["-D", "ports=", "-f", "variable.nft"],
  ["-f", "variable.nft"],
  ["-f", "two_errors.nft"],
  ["-f", "syntax.nft"],
  ["-f", "missing.nft"],
  ["-f", "nothing_matches.nft"],
  ["-f", "directory.nft"],
  ["-f", "relative.nft"],
  ["-f", "path.nft"],
  ["-I", "lib", "-f", "path.nft"],
  ["-I", "nothing", "-I", "other", "-I", "lib", "-f", "path.nft"],
  ["-ef", "wild.nft"],
  ["-f", "-"],
  ["-f"],
  ["-x"],
  ["--nume"],
  ["--json=yes"],
  ["--bogus"],
  ["describe", "tcp", "flags"],
  ["describe", "nonsense"],
];

/** Each lists what was loaded before. */
const LISTINGS = ["", "-s", "-t", "-n", "-p", "-y", "-S", "-T", "-u", "-N", "-j", "-js", "-jt", "-st", "-nS"]
  .map((flags) => [...(flags === "" ? [] : [flags]), "list", "ruleset"]);
/** Behind a load in the same process this is not told apart: handles are the kernel's. */
const NAMED = [["--stateless", "list", "ruleset"], ["--numeric-p", "list", "ruleset"], [
  "--terse",
  "--numeric",
  "list",
  "table",
  "inet",
  "f",
]];

Deno.test({
  name: "the command: what nft says to the same arguments, on the same stream",
  ignore: skip("test/nft_command_test.ts", "nft", "ip"),
  async fn(test) {
    const directory = Deno.makeTempDirSync(), namespace = `weir-${libc.getpid()}-nft`;
    createNamespace(namespace);
    try {
      for (const [name, text] of Object.entries(FILES)) {
        Deno.mkdirSync(`${directory}/${name}`.replace(/\/[^/]*$/, ""), { recursive: true });
        Deno.writeTextFileSync(`${directory}/${name}`, text);
      }
      Deno.writeTextFileSync(`${directory}/loaded.nft`, LOADED);
      const real = (...args: readonly string[]) =>
        run("ip", ["netns", "exec", namespace, "nft", ...args], directory);
      const ours = (...args: readonly string[]) =>
        run(
          Deno.execPath(),
          ["run", "--no-lock", "-A", MOD, "nft", "--offline", ...NFT_106, ...args],
          directory,
        );
      for (const args of ALONE) {
        await test.step(args.join(" "), () => {
          real("flush", "ruleset");
          assert.deepEqual(ours(...args), real(...args));
        });
      }
      real("flush", "ruleset");
      real("-f", "loaded.nft");
      for (const args of [...LISTINGS, ...NAMED]) {
        await test.step(args.join(" "), () => {
          // nft lists what it has just loaded without its rules, so it is asked in a process of its own
          Deno.writeTextFileSync(`${directory}/list.nft`, `${LOADED}${args.filter(isWord).join(" ")}\n`);
          assert.deepEqual(ours(...args.filter((arg) => !isWord(arg)), "-f", "list.nft"), real(...args));
        });
      }
    } finally {
      deleteNamespace(namespace);
      Deno.removeSync(directory, { recursive: true });
    }
  },
});

const MOD = new URL("../mod.ts", import.meta.url).pathname, NFT_106 = ["--dialect", "1.0.6"];
const isWord = (arg: string): boolean => !arg.startsWith("-");

interface Said {
  readonly status: number;
  readonly output: readonly string[];
  readonly errors: readonly string[];
}

function run(program: string, args: readonly string[], cwd: string): Said {
  const { code, stdout, stderr } = new Deno.Command(program, { args: [...args], cwd, stdin: "null" })
    .outputSync();
  const lines = (bytes: Uint8Array) =>
    new TextDecoder().decode(bytes).split("\n").filter((line) => line !== "");
  return {
    status: code,
    output: lines(stdout).filter((line) => !line.startsWith("# new generation")).map(comparable),
    errors: lines(stderr).filter((line) => !/^(hint: |\(weir nft --help)/.test(line))
      .map((line) => line.replace(/^weir nft: /, "nft: ").replace(/, expecting .*/, "")),
  };
}

/** Of the kernel's own numbering: handles of tables count over all namespaces, those of the rest as they are made. */
const comparable = (line: string): string =>
  line.replace(/^(add table .*) # handle \d+/, "$1 # handle N").replace(/"handle": \d+/g, '"handle": N')
    .trimEnd();

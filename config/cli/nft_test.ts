import assert from "node:assert/strict";
import { getopt } from "./getopt.ts";
import { nftArguments, nftHelp } from "./nft_options.ts";

const given = (...args: string[]) => {
  const found = nftArguments(args);
  assert.ok(!("error" in found), "error" in found ? found.error : "");
  return found;
};
const error = (...args: string[]) => {
  const found = nftArguments(args);
  assert.ok("error" in found);
  return found.error;
};

Deno.test("nft: every flag by its letter, its name and its name cut short", () => {
  for (
    const [letter, name, flag] of [
      ["c", "check", "check"],
      ["o", "optimize", "optimize"],
      ["a", "handle", "handles"],
      ["s", "stateless", "stateless"],
      ["t", "terse", "terse"],
      ["S", "service", "service"],
      ["u", "guid", "guid"],
      ["n", "numeric", "numeric"],
      ["y", "numeric-priority", "numericPriority"],
      ["p", "numeric-protocol", "numericProtocol"],
      ["T", "numeric-time", "numericTime"],
      ["e", "echo", "echo"],
      ["j", "json", "json"],
    ] as const
  ) {
    for (const arg of [`-${letter}`, `--${name}`]) {
      assert.deepEqual(given(arg, "list", "ruleset").flags, { [flag]: true }, arg);
    }
    assert.ok(nftHelp().includes(`-${letter}, --${name}`), name);
  }
  assert.deepEqual(given("--hand", "list", "ruleset").flags, { handles: true });
  assert.deepEqual(given("-N", "list", "ruleset").flags, {});
});

Deno.test("nft: letters together, flags behind the command, arguments beside their letter", () => {
  assert.deepEqual(given("-jaen", "list", "ruleset").flags, {
    json: true,
    handles: true,
    echo: true,
    numeric: true,
  });
  const behind = given("list", "ruleset", "-as");
  assert.deepEqual([behind.command, behind.flags], [["list", "ruleset"], { handles: true, stateless: true }]);
  const file = given("-cf", "x.nft", "-I/etc", "-I", "lib", "-Da=1", "--define=b={ 1, 2 }", "-dmnl,netlink");
  assert.deepEqual([file.file, file.includePaths, { ...file.defines }, file.flags], [
    "x.nft",
    ["/etc", "lib"],
    { a: "1", b: "{ 1, 2 }" },
    { check: true, netlink: true },
  ]);
  assert.deepEqual(given("-i", "--offline", "--dialect", "1.0.6").dialect, "1.0.6");
  assert.deepEqual(given("-a", "--", "-x").command, ["-x"]);
});

Deno.test("nft: behind a brace a dash is the command's", () => {
  const chain = ["add", "chain", "ip", "t", "c", "{", "priority", "-100", ";", "}"];
  assert.deepEqual(given(...chain).command, chain);
  const asked = given(...chain, "--socket", "/run/x");
  assert.deepEqual([asked.command, asked.socket], [chain, "/run/x"]);
});

Deno.test("nft: what is wrong with options, in getopt_long's words", () => {
  assert.equal(error("-x"), "invalid option -- 'x'");
  assert.equal(error("--bogus"), "unrecognized option '--bogus'");
  assert.equal(
    error("--nume"),
    "option '--nume' is ambiguous; possibilities: '--numeric' '--numeric-priority' '--numeric-protocol' '--numeric-time'",
  );
  assert.equal(error("-f"), "option requires an argument -- 'f'");
  assert.equal(error("--file"), "option '--file' requires an argument");
  assert.equal(error("--json=yes"), "option '--json' doesn't allow an argument");
  assert.match(error("-d", "bogus", "list", "ruleset"), /^invalid debug parameter 'bogus'; known: scanner/);
  assert.equal(error("-D", "a", "-f", "x"), "-D a: write NAME=VALUE");
  assert.match(error("-D", "a=1", "list", "ruleset"), /can only be used with -f/);
  assert.match(error("--dialect", "2"), /unknown dialect 2/);
  assert.deepEqual(getopt(["-"], []), { ok: true, given: [], rest: ["-"] });
});

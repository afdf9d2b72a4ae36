import { strict as assert } from "node:assert";
import { test } from "node:test";
import { assemble } from "../classify/assemble.ts";
import { Machine } from "../classify/machine.ts";
import { HOOK_OUTPUT } from "../hook.ts";
import { udp } from "../packet/build.ts";
import { putPacket, testBatch } from "../packet/test_batch.ts";
import { SeededRandom } from "../random.ts";
import { RulesetStore } from "../ruleset/store.ts";
import { Nft } from "./nft.ts";

const SETS = `
table ip t {
  set s { type ipv4_addr; elements = { 192.0.2.1 } }
  set i { type ipv4_addr; flags interval; elements = { 192.0.2.0/24, 198.51.100.1-198.51.100.9 } }
  set m { type ipv4_addr; flags interval; auto-merge; elements = { 192.0.2.0/24 } }
  map d { type ipv4_addr : mark; elements = { 192.0.2.1 : 1 } }
  map di { type ipv4_addr : mark; flags interval; elements = { 192.0.2.0/24 : 1 } }
  set c { type ipv4_addr . inet_service; flags interval; elements = { 192.0.2.0/24 . 1-10 } }
  set t { type ipv4_addr; flags timeout; elements = { 192.0.2.1 timeout 1h } }
  set z { type ipv4_addr; size 2; elements = { 192.0.2.1 } }
}`;

const EXISTS = "Could not process rule: File exists", OVERLAPS = "interval overlaps with an existing one";
const MISSING = "Could not process rule: No such file or directory";

/** Command, first line and what the carets are under, as nft 1.0.6 on Linux 6.18 says them; nothing where it does it. */
const ANSWERS: readonly (readonly [command: string, message?: string, under?: string])[] = [
  ["create element ip t s { 192.0.2.7, 192.0.2.1 }", EXISTS, "192.0.2.1"],
  ["create element ip t i { 203.0.113.7, 192.0.2.0/24 }", EXISTS, "192.0.2.0/24"],
  ["add element ip t i { 203.0.113.7, 192.0.2.5 }", OVERLAPS, "192.0.2.5"],
  ["add element ip t i { 192.0.0.0/16 }", OVERLAPS, "192.0.0.0/16"],
  ["add element ip t i { 9.0.0.1, 9.0.0.3, 9.0.0.5, 9.0.0.7, 192.0.2.5 }", OVERLAPS, "192.0.2.5"],
  ["create element ip t m { 192.0.2.0/24 }"],
  ["create element ip t m { 192.0.2.5 }"],
  ["add element ip t d { 192.0.2.7 : 1, 192.0.2.1 : 2 }", EXISTS, "192.0.2.1"],
  ["create element ip t d { 192.0.2.7 : 1, 192.0.2.1 : 1 }", EXISTS, "192.0.2.1"],
  ["add element ip t di { 203.0.113.1 : 1, 192.0.2.1 : 2 }", OVERLAPS, "192.0.2.1"],
  ["add element ip t di { 203.0.113.1 : 1, 192.0.2.0/24 : 2 }", EXISTS, "192.0.2.0/24"],
  ["add element ip t c { 203.0.113.1 . 1, 192.0.2.1 . 5 }", EXISTS, "192.0.2.1 . 5"],
  ["create element ip t t { 192.0.2.1 timeout 5m }", EXISTS, "192.0.2.1"],
  [
    "add element ip t z { 192.0.2.2, 192.0.2.3 }",
    "Could not process rule: Too many open files in system",
    "192.0.2.3",
  ],
  ["delete element ip t s { 192.0.2.1, 192.0.2.99 }", MISSING, "192.0.2.99"],
  ["delete element ip t i { 192.0.2.5 }", "element does not exist", "192.0.2.5"],
  ["delete element ip t m { 198.51.100.7 }", "element does not exist", "198.51.100.7"],
  ["delete element ip t c { 192.0.2.5 . 7 }"],
  ["delete element ip t c { 192.0.2.5 . 7 }", MISSING, "192.0.2.5 . 7"],
  ["delete element ip t d { 192.0.2.1 : 3 }"],
  ["add element ip t s { 192.0.2.8 timeout 5m }", "Could not process rule: Invalid argument", "192.0.2.8"],
  ["add element ip t s { 192.0.2.50, 192.0.2.50 }"],
  ["create element ip t s { 192.0.2.51, 192.0.2.51 }", EXISTS, "192.0.2.51"],
];

test("refused elements are told at the element itself", () => {
  const nft = new Nft(undefined, { dialect: "1.0.6" });
  assert.equal(nft.run(SETS).error, "");
  for (const [command, message, under] of ANSWERS) {
    const [first = "", line = "", carets = ""] = nft.run(command).error.split("\n");
    assert.equal(first, message === undefined ? "" : `Error: ${message}`, command);
    assert.equal(line.slice(carets.indexOf("^"), carets.lastIndexOf("^") + 1), under ?? "", command);
  }
});

test("an element added again: another timeout takes effect, and a time left that is given", () => {
  let now = 0;
  const nft = new Nft(new RulesetStore({ offline: true, now: () => now }));
  const listed = () =>
    /elements = \{ ([^}]*) \}/.exec(nft.run("list table ip t").output)?.[1]?.replace(/\s+/g, " ");
  nft.run(`add table ip t; add set ip t t { type ipv4_addr; flags timeout; elements = {
    192.0.2.1 timeout 1h, 192.0.2.2, 192.0.2.3 timeout 1h, 192.0.2.4 timeout 1h expires 10m }; }`);
  now = 60_000;
  nft.run(`add element ip t t {
    192.0.2.1, 192.0.2.2 timeout 5m, 192.0.2.3 timeout 1h expires 7m, 192.0.2.4 timeout 1h }`);
  assert.equal(
    listed(),
    "192.0.2.1, 192.0.2.2 timeout 5m expires 5m, 192.0.2.3 timeout 1h expires 7m, 192.0.2.4 timeout 1h expires 9m",
  );
  now += 6 * 60_000;
  assert.equal(listed(), "192.0.2.1, 192.0.2.3 timeout 1h expires 1m, 192.0.2.4 timeout 1h expires 3m");
  // One whose time is over can be created.
  assert.equal(nft.run("create element ip t t { 192.0.2.2 timeout 1m }").error, "");
});

test("keys that rules added: create is refused, add changes the time alone, delete and add begin anew", () => {
  const store = new RulesetStore({ offline: true }), nft = new Nft(store);
  const loaded = nft.run(`table ip t {
    set l { type inet_service; flags dynamic,timeout; timeout 1h; counter; }
    map p { type inet_service : mark; flags dynamic; }
    chain c { type filter hook output priority 0; add @l { udp dport counter }; add @p { udp dport : 5 }; }
  }`);
  assert.equal(loaded.error, "");
  const machine = new Machine({ random: new SeededRandom(1), cells: store.cells.numbers });
  const install = () => machine.install(assemble(store.current, 1, { live: store.live, now: 0 }), 0);
  const send = () => {
    const batch = testBatch();
    const row = putPacket(batch, udp({ from: "192.0.2.1", to: "192.0.2.2" }, 9, 53, new Uint8Array(10)));
    machine.run(machine.hooks(4, "output")[0]!, batch, row, HOOK_OUTPUT);
  };
  install();
  send();
  const listed = () => /elements = \{ ([^}]*) \}/.exec(nft.run("list set ip t l").output)?.[1];
  assert.match(nft.run("create element ip t l { 53 }").error, /File exists/);
  assert.match(nft.run("create element ip t p { 53 : 5 }").error, /File exists/);
  assert.match(nft.run("add element ip t p { 53 : 6 }").error, /File exists/);
  assert.equal(nft.run("add element ip t p { 53 : 5 }").error, "");
  assert.equal(nft.run("add element ip t l { 53 }").error, "");
  install();
  assert.equal(listed(), "53 counter packets 1 bytes 38 expires 1h");
  assert.equal(nft.run("add element ip t l { 53 timeout 5m }").error, "");
  install();
  assert.equal(listed(), "53 counter packets 1 bytes 38 timeout 5m expires 5m");
  assert.equal(nft.run("delete element ip t l { 53 }; create element ip t l { 53 }").error, "");
  install();
  assert.equal(listed(), "53 counter packets 0 bytes 0 expires 1h");
});

test("destroy takes out the elements that are there, and the others are no error", () => {
  const nft = new Nft(new RulesetStore({ offline: true }));
  const sets = "set s { type inet_service; elements = { 1, 2, 3 }; }; " +
    "set i { type inet_service; flags interval; elements = { 10-20, 30 }; }; " +
    "map m { type inet_service : verdict; elements = { 1 : accept }; }";
  assert.equal(nft.run(`table ip t { ${sets}; }`).error, "");
  for (let again = 0; again < 2; again++) {
    assert.equal(nft.run("destroy element ip t s { 2, 9 }; destroy element ip t i { 30, 40-50 }").error, "");
    assert.equal(nft.run("destroy element ip t m { 1 }; destroy element ip t m { 1 }").error, "");
  }
  const { output } = nft.run("list ruleset");
  assert.match(output, /elements = \{ 1, 3 \}/);
  assert.match(output, /elements = \{ 10-20 \}/);
  assert.match(nft.run("delete element ip t s { 9 }").error, /No such file or directory/);
});

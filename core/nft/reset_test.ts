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

const RULES = `
table ip t {
  set plain { typeof udp dport; counter; elements = { 53 counter packets 4 bytes 5, 123 } }
  set used { type inet_service; quota 100 bytes; elements = { 53, 123 } }
  set learnt { type inet_service; flags dynamic; counter; elements = { 53 counter packets 2 bytes 3 } }
  map where { type inet_service : verdict; flags interval; counter; elements = { 50-60 : continue, * : continue } }
  chain c {
    type filter hook output priority 0
    udp dport @plain counter packets 7 bytes 8
    update @learnt { udp dport counter }
    udp dport @used
    udp dport vmap @where
  }
}`;

/** A ruleset in force, and packets of 38 bytes through it. */
function running() {
  const store = new RulesetStore({ offline: true }), nft = new Nft(store);
  assert.equal(nft.run(RULES).error, "");
  const machine = new Machine({ random: new SeededRandom(1), cells: store.cells.numbers });
  const install = () => machine.install(assemble(store.current, 1, { live: store.live, now: 0 }), 0);
  install();
  const send = (port: number) => {
    const batch = testBatch();
    const row = putPacket(batch, udp({ from: "192.0.2.1", to: "192.0.2.2" }, 9, port, new Uint8Array(10)));
    machine.run(machine.hooks(4, "output")[0]!, batch, row, HOOK_OUTPUT);
  };
  return { nft, install, send };
}

test("reset set and map tell and begin anew what elements count, packets in between kept", () => {
  const { nft, send } = running();
  send(53);
  assert.match(
    nft.run("reset set ip t plain").output,
    /53 counter packets 5 bytes 43, 123 counter packets 0/,
  );
  send(53);
  assert.match(nft.run("list set ip t plain").output, /53 counter packets 1 bytes 38, 123 counter packets 0/);
  assert.match(nft.run("reset set ip t used").output, /53 quota 100 bytes used 76 bytes/);
  send(53);
  assert.match(nft.run("list set ip t used").output, /53 quota 100 bytes used 38 bytes/);
  assert.match(nft.run("reset map ip t where").output, /50-60 counter packets 3 bytes 114 : continue, \*/);
  assert.match(nft.run("list map ip t where").output, /50-60 counter packets 0 bytes 0 : continue, \*/);
  assert.match(nft.run("reset map ip t plain").error, /No such file or directory/);
});

test("reset of a set that rules fill, before and after it is in force", () => {
  const { nft, send, install } = running();
  send(53);
  send(80);
  assert.match(
    nft.run("reset element ip t learnt { 53 }").output,
    /elements = \{ 53 counter packets 3 bytes 41 \}/,
  );
  send(80);
  assert.match(
    nft.run("list set ip t learnt").output,
    /53 counter packets 0 bytes 0, 80 counter packets 2 bytes 76/,
  );
  assert.match(nft.run("reset set ip t learnt").output, /80 counter packets 2/);
  install();
  assert.match(
    nft.run("list set ip t learnt").output,
    /53 counter packets 0 bytes 0, 80 counter packets 0 bytes 0/,
  );
  const offline = new Nft();
  assert.equal(offline.run(RULES).error, "");
  assert.match(offline.run("reset set ip t learnt").output, /packets 2 bytes 3/);
  assert.match(offline.run("list set ip t learnt").output, /packets 0 bytes 0/);
});

test("reset element takes only what was named; a text that fails, and a check, reset nothing", () => {
  const { nft, send } = running();
  send(53);
  send(123);
  assert.ok(!nft.run("reset set ip t plain\nlist table ip none").ok);
  assert.ok(new Nft(nft.store, { check: true }).run("reset set ip t plain").ok);
  assert.match(
    nft.run("reset element ip t plain { 53 }").output,
    /elements = \{ 53 counter packets 5 bytes 43 \}/,
  );
  assert.match(
    nft.run("list set ip t plain").output,
    /53 counter packets 0 bytes 0, 123 counter packets 1 bytes 38/,
  );
  assert.match(nft.run("reset element ip t plain { 80 }").error, /No such file or directory/);
  assert.match(
    nft.run("reset element ip t where { 55 }").output,
    /50-60 counter packets 1 bytes 38 : continue/,
  );
});

test("reset rules of a table or a chain; a count that goes on keeps every packet", () => {
  const { nft, send } = running();
  for (const which of ["", " ip", " ip t", " table ip t", " chain ip t c", " ip t c"]) {
    send(53);
    assert.match(
      nft.run(`reset rules${which}`).output,
      which === "" ? /packets 8 bytes 46/ : /packets 1 bytes 38/,
    );
    assert.match(nft.run("list chain ip t c").output, /counter packets 0 bytes 0/);
  }
  const json = new Nft(nft.store, { json: true });
  send(53);
  const answer = json.run('{"nftables":[{"reset":{"rules":{"family":"ip","table":"t","chain":"c"}}}]}');
  assert.match(answer.output, /"packets": ?1, ?"bytes": ?38/);
  assert.match(nft.run("list chain ip t c").output, /counter packets 0 bytes 0/);
  const set = json.run('{"nftables":[{"reset":{"set":{"family":"ip","table":"t","name":"plain"}}}]}');
  assert.match(set.output, /"packets": ?11/);
  const element = { reset: { element: { family: "ip", table: "t", name: "used", elem: [53] } } };
  assert.equal(json.run(JSON.stringify({ nftables: [element] })).error, "");
  assert.match(nft.run("list set ip t used").output, /53 quota 100 bytes, 123/);
});

test("nft 1.0.6 knows neither", () => {
  const { nft } = running(), old = new Nft(nft.store, { dialect: "1.0.6" });
  for (const what of ["set ip t plain", "map ip t where", "element ip t plain { 53 }", "rules ip t"]) {
    assert.match(old.run(`reset ${what}`).error, /syntax error, unexpected/);
  }
});

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

/** `last` came with nft 1.0.8: what it says is libnftables' (last_stmt_print, last_stmt_json). */

const RULES = `table ip t {
	set plain {
		type inet_service
		last
		elements = { 53, 123 }
	}

	set learnt {
		type inet_service
		flags dynamic
		last
	}

	chain c {
		type filter hook output priority filter; policy accept;
		udp dport @plain last
		add @learnt { udp dport last }
		udp dport 99 last drop
	}
}
`;

function running() {
  let now = 1_000_000;
  const store = new RulesetStore({ offline: true, now: () => now }), nft = new Nft(store);
  assert.equal(nft.run(RULES).error, "");
  const machine = new Machine({ random: new SeededRandom(1), cells: store.cells.numbers });
  machine.install(assemble(store.current, 1, { live: store.live, now }), now);
  const send = (port: number) => {
    const batch = testBatch();
    batch.now = now;
    const row = putPacket(batch, udp({ from: "192.0.2.1", to: "192.0.2.2" }, 9, port, new Uint8Array(10)));
    machine.run(machine.hooks(4, "output")[0]!, batch, row, HOOK_OUTPUT);
  };
  return { store, nft, send, pass: (milliseconds: number) => void (now += milliseconds) };
}

test("last tells when a packet came by, of a rule and of elements declared and added", () => {
  const { nft, send, pass } = running();
  assert.equal(nft.run("list chain ip t c").output.match(/last used never/g)?.length, 2);
  send(53);
  pass(65_000);
  const text = nft.run("list ruleset").output;
  assert.match(text, /elements = \{ 53 last used 1m5s, 123 last used never \}/);
  assert.match(text, /learnt \{\n[^}]*elements = \{ 53 last used 1m5s \}/);
  assert.match(text, /udp dport @plain last used 1m5s\n/);
  assert.match(text, /udp dport 99 last used never drop\n/);
});

test("stateless listings are what was written", () => {
  const { store, send } = running();
  send(53);
  assert.match(
    new Nft(store, { stateless: true }).run("list chain ip t c").output,
    /@plain last\n\t\tadd @learnt \{ udp dport last \}\n\t\tudp dport 99 last drop\n/,
  );
});

test("last in JSON, and back", () => {
  const { store, send, pass } = running();
  send(53);
  pass(1500);
  const json = new Nft(store, { json: true });
  const { output } = json.run("list ruleset");
  assert.match(output, /\{"last": \{"used": 1500\}\}/);
  assert.match(output, /\{"last": null\}/);
  const copy = new RulesetStore({ offline: true, now: () => 5000 });
  assert.equal(new Nft(copy, { json: true }).run(output).error, "");
  assert.match(new Nft(copy).run("list chain ip t c").output, /@plain last used 1s500ms\n/);
});

test("what was used is kept by a listing that is read again; nft 1.0.6 knows no last", () => {
  const store = new RulesetStore({ offline: true, now: () => 9000 });
  const rule = "table ip t { chain c { last used 2m; last used never; }; }";
  assert.equal(new Nft(store).run(rule).error, "");
  assert.match(new Nft(store).run("list ruleset").output, /last used 2m\n\t\tlast used never\n/);
  assert.match(new Nft(undefined, { dialect: "1.0.6" }).run(rule).error, /^Error: syntax error/);
});

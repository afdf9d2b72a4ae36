import { strict as assert } from "node:assert";
import { test } from "node:test";
import { Nft } from "../nft.ts";
import { lo } from "../test_options.ts";

const elements = Array.from({ length: 20_000 }, (_, i) => `10.0.${i >> 8}.${i & 255}`);
const RULES = "table ip t {\n\tset s {\n\t\ttype ipv4_addr\n\t\telements = { " + elements.join(", ") +
  " }\n\t}\n\tchain c {\n\t\tip saddr @s accept\n\t}\n}\n";

test("a listing is written in pieces as it is made, the same as kept; terse leaves the elements out", () => {
  const kept = new Nft(undefined, lo).run(RULES + "list ruleset\n");
  const pieces: string[] = [];
  const written = new Nft(undefined, { ...lo, write: (piece) => pieces.push(piece) })
    .run(RULES + "list ruleset\n");
  assert.ok(written.ok, written.error);
  assert.equal(written.output, "");
  assert.equal(pieces.join(""), kept.output);
  assert.ok(pieces.length > 3 && pieces.every((piece) => piece.length < 70_000));
  const terse = new Nft(undefined, { ...lo, terse: true }).run(RULES + "list ruleset\n").output;
  assert.ok(terse.includes("set s {") && !terse.includes("elements"));
});

test("what was written of a text that must be read again is not written twice", () => {
  const pieces: string[] = [],
    options = { ...lo, passOver: 0, write: (piece: string) => void pieces.push(piece) };
  const { ok, error } = new Nft(undefined, options)
    .run(RULES + "list ruleset\nadd rule ip t c ip saddr nowhere\n", "r.nft");
  assert.ok(!ok && error.includes("nowhere"));
  const kept = new Nft(undefined, lo).run(RULES + "list ruleset\n").output;
  assert.equal(pieces.join(""), kept);
});

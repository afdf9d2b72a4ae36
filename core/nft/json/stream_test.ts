import assert from "node:assert/strict";
import { test } from "node:test";
import { Nft } from "../nft.ts";
import { jsonText } from "./json.ts";
import { setJson, setJsonPieces } from "./set.ts";

const SETS = `table inet t {
  counter seen { }
  set none { type ipv4_addr; }
  set counted { type inet_service; counter; elements = { 22, 80 comment "quoted \\t" } }
  set empty { type inet_service; counter; }
  set ranges { type ipv4_addr . inet_service; flags interval; elements = { 192.0.2.0/24 . 1-9, 198.51.100.1 . 80 } }
  map verdicts { type inet_service : verdict; elements = { 22 : accept, 80 : drop } }
  map objects { type inet_service : counter; elements = { 22 : "seen" } }
}
`;

test("a set as text in pieces is the set as a value", () => {
  const nft = new Nft();
  assert.equal(nft.run(SETS).error, "");
  const types = {
    interfaceIndex: () => undefined,
    interfaceName: () => undefined,
    numericProtocol: false,
    numericSymbols: false,
    serviceNames: false,
    seconds: false,
    accounts: undefined,
    accountNames: false,
    timezoneOffset: 0,
  };
  const place = { family: "inet", table: "t" };
  const [table] = nft.ruleset.tables.values();
  for (const set of table!.sets.values()) {
    for (const terse of [false, true]) {
      const options = { types, stateless: false, handles: false, terse, numericPriority: false };
      const asked = [set, place, undefined, options, true] as const;
      assert.equal([...setJsonPieces(...asked)].join(""), jsonText(setJson(...asked)));
    }
  }
});

test("a listing is written in pieces, and is one document", () => {
  const pieces: string[] = [];
  const elements = Array.from({ length: 20_000 }, (_, i) => `10.${i >> 16}.${(i >> 8) & 255}.${i & 255}`);
  const nft = new Nft(undefined, { json: true, write: (piece) => void pieces.push(piece) });
  nft.run(`table ip t { set s { type ipv4_addr; elements = { ${elements.join(", ")} } }; }`);
  nft.run("list ruleset");
  assert.ok(pieces.length > 2, `${pieces.length}`);
  const { nftables } = JSON.parse(pieces.join(""));
  assert.deepEqual(nftables[2].set.elem, elements);
});

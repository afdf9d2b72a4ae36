import { strict as assert } from "node:assert";
import { test } from "node:test";
import { Nft } from "./nft.ts";

/** nft's scanner takes these for keywords wherever they stand, so nothing can be called so (checked against 1.0.6). */
test("nothing is called by a keyword", () => {
  const places: readonly ((word: string) => string)[] = [
    (word) => `add table ip ${word}`,
    (word) => `table ip t { chain ${word} { }; }`,
    (word) => `table ip t { chain a { jump ${word}; }; }`,
    (word) => `table ip t { set ${word} { type ipv4_addr; }; }`,
    (word) => `define ${word} = 1`,
  ];
  for (const word of ["fwd", "mark", "limit", "or", "th", "set"]) {
    for (const place of places) {
      const { ok, error } = new Nft().run(place(word));
      assert.ok(!ok, place(word));
      const said = word === "or" ? "'\\|'" : word;
      assert.match(error, new RegExp(`syntax error, unexpected ${said}`), place(word));
    }
  }
  for (const word of ["last", "input", "filter", "lan", "dns", "state", "protocol"]) {
    for (const place of places) {
      if (place(word).includes("jump")) continue;
      assert.equal(new Nft().run(place(word)).error, "", place(word));
    }
  }
});

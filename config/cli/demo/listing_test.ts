import assert from "node:assert/strict";
import { test } from "node:test";
import { policyDrops } from "./listing.ts";

test("only rules that count for a policy are added up", () => {
  const listing = `table inet filter {
	chain input {
		iifname "wan" counter packets 7 bytes 420 drop comment "impossible source"
		counter packets 3 bytes 180 comment "dropped by policy"
	}
	chain forward {
		counter packets 40 bytes 2400 comment "dropped by policy"
	}
}`;
  assert.equal(policyDrops(listing), 43);
  assert.equal(policyDrops(""), 0);
});

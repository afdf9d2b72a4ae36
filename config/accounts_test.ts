import assert from "node:assert/strict";
import { accounts } from "./accounts.ts";

Deno.test("root is 0 both ways, and who is not there is nobody", () => {
  for (const kind of ["user", "group"] as const) {
    assert.equal(accounts.number(kind, "root"), 0);
    assert.equal(accounts.name(kind, 0), "root");
    assert.equal(accounts.number(kind, "no such account"), undefined);
    assert.equal(accounts.name(kind, 4294967294), undefined);
  }
});

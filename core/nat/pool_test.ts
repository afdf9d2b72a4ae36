import assert from "node:assert/strict";
import { test } from "node:test";
import { formatWords, parseAddress } from "../packet/address.ts";
import { choosePoolAddress } from "./pool.ts";

const words = (text: string) => Uint32Array.from(parseAddress(text)!.words);

function choose(source: string, destination: string, low: string, high: string, persistent = false): string {
  const to = new Uint32Array(4), family = source.includes(":") ? 6 : 4;
  choosePoolAddress(to, 0, words(source), words(destination), 0, family, words(low), words(high), persistent);
  return formatWords(family, to, 0);
}

test("a pool's choice stays inside, spreads, and is the source's alone when persistent", () => {
  const seen = new Set<string>();
  for (let host = 1; host < 250; host++) {
    const to = choose(`192.168.1.${host}`, "198.51.100.2", "203.0.113.10", "203.0.113.19");
    assert.match(to, /^203\.0\.113\.1\d$/);
    seen.add(to);
    assert.equal(
      choose(`192.168.1.${host}`, "198.51.100.2", "203.0.113.10", "203.0.113.19", true),
      choose(`192.168.1.${host}`, "198.51.100.77", "203.0.113.10", "203.0.113.19", true),
    );
  }
  assert.equal(seen.size, 10);
});

test("an IPv6 pool: words behind a lower one are free", () => {
  const to = choose("2001:db8:1::2", "2001:db8:2::2", "2001:db8:f::", "2001:db8:f:ffff:ffff:ffff:ffff:ffff");
  assert.match(to, /^2001:db8:f:/);
});

import { strict as assert } from "node:assert";
import { test } from "node:test";
import { ipv6Length, JUNK, LITERAL, MARK, NUMBER, QUOTED, Tokens, WORD } from "./token.ts";

const scan = (text: string): [number, string][] => {
  const tokens = new Tokens({ name: "", text });
  return Array.from({ length: tokens.count - 1 }, (_, index) => [tokens.kind(index), tokens.text(index)]);
};

test("the longest match wins", () => {
  assert.deepEqual(scan("192.0.2.1/24-5"), [
    [LITERAL, "192.0.2.1"],
    [MARK, "/"],
    [NUMBER, "24"],
    [MARK, "-"],
    [NUMBER, "5"],
  ]);
  assert.deepEqual(scan('br-lan eth* "a b" 0x1f'), [[WORD, "br-lan"], [LITERAL, "eth*"], [QUOTED, '"a b"'], [
    NUMBER,
    "0x1f",
  ]]);
  assert.deepEqual(scan("1d2h3m4s 5/second"), [[LITERAL, "1d2h3m4s"], [NUMBER, "5"], [MARK, "/"], [
    WORD,
    "second",
  ]]);
  assert.deepEqual(scan("02:00:5e:00:53:01 1:1234 "), [[LITERAL, "02:00:5e:00:53:01"], [LITERAL, "1:1234"]]);
  assert.deepEqual(scan("::1:::accept"), [[LITERAL, "::1"], [LITERAL, "::"], [MARK, ":"], [WORD, "accept"]]);
  assert.deepEqual(scan("a\\\n b"), [[WORD, "a"], [WORD, "b"]]);
  assert.deepEqual(scan("a # rest\n"), [[WORD, "a"], [1, "\n"]]);
  assert.deepEqual(scan('"open'), [[JUNK, '"'], [WORD, "open"]]);
});

test("IPv6 addresses end where RFC 4291 ends them", () => {
  for (
    const text of [
      "::",
      "::1",
      "1::",
      "fe80::1",
      "2001:db8:1:2:3:4:5:6",
      "::ffff:192.0.2.1",
      "1:2:3:4:5:6:7::",
      "::2:3:4:5:6:7:8",
    ]
  ) {
    assert.equal(ipv6Length(text, 0), text.length, text);
  }
  assert.equal(ipv6Length("1:2:3", 0), 0);
  assert.equal(ipv6Length("2001:db8::/32", 0), 10);
  assert.equal(ipv6Length("fe80::1-fe80::9", 0), 7);
});

test("scanning is linear", () => {
  const time = (size: number): number => {
    const text = "1:2:3:4:a-b.c/d 0x".repeat(size) + "(".repeat(size) + "\\".repeat(size);
    const before = performance.now();
    new Tokens({ name: "", text });
    return performance.now() - before;
  };
  time(2000);
  assert.ok(time(16000) < 40 * Math.max(1, time(2000)));
});

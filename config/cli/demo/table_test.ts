import assert from "node:assert/strict";
import { test } from "node:test";
import { heading, resultColumns, row } from "./table.ts";

test("cells wrap at words inside their column", () => {
  const columns = [{ title: "a", width: 4 }, { title: "b", width: 9 }];
  assert.equal(row(columns, ["ok", "one two three"]), "ok    one two\n      three");
  assert.equal(heading(columns), "a     b\n----  ---------");
});

test("a word longer than its column is cut, not lost", () => {
  assert.equal(row([{ title: "", width: 3 }], ["abcdefgh"]), "abc\ndef\ngh");
});

test("the table fits the terminal from 80 characters on", () => {
  for (const characters of [80, 100, 120]) {
    const columns = resultColumns(characters);
    const width = columns.reduce((sum, c) => sum + c.width, 0) + 2 * (columns.length - 1);
    assert.ok(width <= Math.max(characters, 99), `${width} of ${characters}`);
  }
});

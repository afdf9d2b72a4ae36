import { strict as assert } from "node:assert";
import { readdirSync, readFileSync } from "node:fs";
import { test } from "node:test";

const room = new URL("./", import.meta.url);

/** Files of the room and what each imports from it, types too. */
function imports(): Map<string, string[]> {
  const names = readdirSync(room, { recursive: true }).map((name) => `${name}`.replaceAll("\\", "/"));
  const files = names.filter((name) => name.endsWith(".ts") && !/(?:_|^|\/)test[_.]/.test(name));
  return new Map(files.map((name) => {
    const text = readFileSync(new URL(name, room), "utf8"), at = new URL(name, room);
    const found = [...text.matchAll(/^(?:import|export)\s[^;]*?from\s+"(\.[^"]+)"/gms)];
    const paths = found.map((each) => new URL(each[1]!, at).pathname);
    return [
      name,
      paths.filter((path) => path.startsWith(room.pathname)).map((path) => path.slice(room.pathname.length)),
    ];
  }));
}

test("no file imports what imports it", () => {
  const graph = imports(), done = new Set<string>();
  const visit = (name: string, path: readonly string[]): void => {
    assert.ok(!path.includes(name), [...path.slice(path.indexOf(name)), name].join(" -> "));
    if (done.has(name)) return;
    for (const next of graph.get(name) ?? []) visit(next, [...path, name]);
    done.add(name);
  };
  assert.ok(graph.size > 100);
  for (const name of graph.keys()) visit(name, []);
});

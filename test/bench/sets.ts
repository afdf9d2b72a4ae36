import { assemble } from "../../core/classify/assemble.ts";
import type { Expression } from "../../core/expr/expression.ts";
import { RulesetStore } from "../../core/ruleset/store.ts";

/**
 * What large sets cost: filling one, one element more, its image for the data plane, memory an element.
 * `deno run -A test/bench/sets.ts [elements]` prints figures; nothing is asserted.
 */
const count = Number(Deno.args[0] ?? 1_000_000);
const LOAD: Expression = { kind: "payload", base: "network", offset: 12, length: 4, dreg: 1 };

for (const kind of ["hash", "interval"] as const) {
  const key = (i: number) => Uint8Array.of(10 + (i >>> 24), i >>> 16, i >>> 8, i);
  const elements = Array.from(
    { length: count },
    (_, i) => (kind === "hash" ? { key: key(i) } : { key: key(4 * i), end: key(4 * i + 1) }),
  );
  const store = new RulesetStore({ offline: true }), memory = Deno.memoryUsage().rss;
  const filled = timed(() => {
    const t = store.begin(), type = { name: "ipv4_addr", bits: [32] };
    t.addTable({ family: "inet", name: "t" });
    t.addSet("inet", "t", { name: "s", key: type, interval: kind === "interval" });
    const base = { type: "filter", hook: "forward", priority: 0, policy: "accept" } as const;
    t.addChain("inet", "t", { name: "c", base });
    t.addRule("inet", "t", "c", {
      expressions: [LOAD, { kind: "lookup", set: "s", sreg: 1, inverted: false }],
    });
    t.addElements("inet", "t", "s", elements);
    t.commit();
  });
  const image = timed(() => assemble(store.current, 1, { live: store.live }));
  const one = timed(() => {
    const t = store.begin();
    t.addElements("inet", "t", "s", [{ key: key(kind === "hash" ? count : 2) }]);
    t.commit();
  });
  const again = timed(() => assemble(store.current, 2, { live: store.live }));
  // The first change orders a base; later ones find it in order.
  const next = timed(() => {
    const t = store.begin();
    t.addElements("inet", "t", "s", [{ key: key(kind === "hash" ? count + 1 : 6) }]);
    t.commit();
  });
  const program = assemble(store.current, 3, { live: store.live });
  // What a message to the data plane costs.
  const posted = timed(() => structuredClone(program));
  const bytes = (Deno.memoryUsage().rss - memory) / count;
  console.log(
    `${kind}: ${count} elements ${filled} ms, image ${image} ms; one more ${one} ms, the next ${next} ms, image ${again} ms, copied ${posted} ms; ` +
      `${Math.round(bytes)} bytes an element`,
  );
}

function timed(work: () => void): string {
  const start = performance.now();
  work();
  return (performance.now() - start).toFixed(1);
}

import { test } from "node:test";
import assert from "node:assert/strict";
import { below, SeededRandom } from "../../random.ts";
import type { SetElement } from "../ruleset.ts";
import { listElements } from "../listing.ts";
import { RulesetStore } from "../store.ts";
import { setImage } from "./choose.ts";
import { find } from "./find.ts";
import type { SetImage } from "./image.ts";
import { installLive } from "./live_install.ts";
import { liveAdd } from "./live_rows.ts";
import { SetTable } from "./table.ts";

const random = new SeededRandom(20261124);

function keyOf(value: number): Uint8Array {
  const bytes = new Uint8Array(4);
  new DataView(bytes.buffer).setUint32(0, value);
  return bytes;
}
const wordOf = (value: number) => Int32Array.of(new DataView(keyOf(value).buffer).getInt32(0, true));

const KEYS = 6000;

/**
 * What a set holds: when each key goes. Commands declare and take out, rules add, time goes on; keys that rules added are
 * refused to be created too.
 */
for (
  const { name, dynamic, first } of [
    { name: "timeouts, grown several times", dynamic: false, first: 2000 },
    { name: "filled by rules", dynamic: true, first: 2000 },
    { name: "small", dynamic: true, first: 50 },
  ]
) {
  test(`live set, ${name}: small changes of the declaration against a Map`, () => {
    let now = 1000, shared = 0;
    const store = new RulesetStore({ offline: true, now: () => now });
    const model = new Map<number, number>();
    const element = (n: number): { element: SetElement; left: number } => {
      const left = below(random, 3) === 0 ? 0 : 50 + below(random, 3000);
      return { element: { key: keyOf(n), ...(left === 0 ? {} : { timeout: left }) }, left };
    };
    let before: SetImage | undefined, table: SetTable | undefined;
    const install = () => {
      const set = store.current.tables.get("ip t")!.sets.get("s")!;
      const image = setImage(set, store.live, () => 0);
      if (image === before) return;
      table = new SetTable(image, 0);
      if (before !== undefined && before.base === image.base && image.base > 0) shared++;
      installLive(table, before, now, 0, store.live.statements.image);
      before = image;
    };
    const add = (t: ReturnType<RulesetStore["begin"]>, n: number) => {
      const { element: made, left } = element(n);
      if ((model.get(n) ?? 0) > now) return;
      assert.equal(t.addElements("ip", "t", "s", [made], true), undefined);
      model.set(n, left === 0 ? Infinity : now + left);
    };
    const begun = store.begin();
    begun.addTable({ family: "ip", name: "t" });
    const key = { name: "key", bits: [32] };
    begun.addSet("ip", "t", {
      name: "s",
      key,
      timeouts: true,
      ...(dynamic ? { dynamic, size: 20_000 } : {}),
    });
    for (let n = 0; n < first; n++) add(begun, n);
    begun.commit();
    install();
    for (let generation = 0; generation < 400; generation++) {
      const refused = store.begin(), there = [...model].find(([, deadline]) => deadline > now)?.[0];
      if (there !== undefined) {
        assert.equal(refused.createElements("ip", "t", "s", [{ key: keyOf(there) }])?.reason, "exists");
      }
      refused.abort();
      const t = store.begin();
      for (let i = below(random, 12); i >= 0; i--) {
        const n = below(random, KEYS);
        if ((model.get(n) ?? 0) <= now) add(t, n);
        else if (below(random, 2) === 0) {
          assert.equal(t.deleteElements("ip", "t", "s", [{ key: keyOf(n) }]), undefined, `delete ${n}`);
          model.delete(n);
          if (below(random, 2) === 0) add(t, n);
        }
      }
      if (generation % 150 === 149) {
        t.flushSet("ip", "t", "s");
        model.clear();
      }
      t.commit();
      install();
      for (let i = 0; i < 10; i++) {
        const n = below(random, KEYS);
        if ((model.get(n) ?? 0) > now) continue;
        const left = 20 + below(random, 500);
        assert.ok(liveAdd(table!, wordOf(n), 0, 0, left, false, now, 0, store.live.statements.image) >= 0);
        model.set(n, now + left);
      }
      now += below(random, 40);
      for (let i = 0; i < 100; i++) {
        const n = below(random, KEYS);
        assert.equal(
          find(table!, wordOf(n), 0, { now }) >= 0,
          (model.get(n) ?? 0) > now,
          `${generation}: ${n}`,
        );
      }
      if (generation % 40 > 0) continue;
      const listed = listElements(store, store.current.tables.get("ip t")!.sets.get("s")!);
      assert.equal(listed.length, [...model.values()].filter((deadline) => deadline > now).length);
    }
    if (first >= 1024) assert.ok(shared > 100, `${shared} of 400 generations shared their declarations`);
  });
}

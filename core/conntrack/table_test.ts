import assert from "node:assert/strict";
import { test } from "node:test";
import { below, SeededRandom } from "../random.ts";
import { invertKey, KEY_PORTS, keyMeta, newKey } from "./key.ts";
import { tableBytes, tableLayout } from "./layout.ts";
import { IPS_ASSURED, IPS_CONFIRMED, ORIGINAL, REPLY } from "./status.ts";
import { FlowTable } from "./table.ts";

function key(n: number, family = 4): Uint32Array {
  const k = newKey();
  k[0] = 0xc0a80000 + (n & 0xff);
  k[4] = 0xc6336400 + (n >>> 8 & 0xff);
  if (family === 6) { for (let i = 1; i < 4; i++) k[i] = k[4 + i] = n * 7 + i; }
  k[KEY_PORTS] = ((n * 13) & 0xffff) << 16 | 80;
  k[9] = keyMeta(17, family, 0);
  return k;
}

function create(table: FlowTable, k: Uint32Array, now = 0): number {
  const reply = newKey();
  invertKey(reply, k);
  return table.create(k, reply, now, now + 10_000);
}

test("a flow is found by both keys until it is destroyed", () => {
  const table = new FlowTable(100, new SeededRandom(1));
  for (const family of [4, 6]) {
    const k = key(5, family), reply = newKey();
    invertKey(reply, k);
    const row = create(table, k);
    assert.equal(table.find(k), row * 2);
    assert.equal(table.find(reply), row * 2 + 1);
    const read = newKey();
    table.readKey(row, REPLY, read);
    assert.deepEqual(read, reply);
    table.destroy(row);
    table.destroy(row);
    assert.equal(table.find(k), -1);
    assert.equal(table.find(reply), -1);
  }
  assert.equal(table.count, 0);
});

test("addresses of the two families do not meet", () => {
  const table = new FlowTable(100, new SeededRandom(1));
  const four = key(1), six = newKey();
  six.set(four);
  six[9] = keyMeta(17, 6, 0);
  create(table, four);
  assert.equal(table.find(six), -1);
});

test("a row is not taken again before settle", () => {
  const table = new FlowTable(10, new SeededRandom(1));
  const row = create(table, key(1));
  table.destroy(row);
  assert.notEqual(create(table, key(2)), row);
  table.settle(0);
  assert.equal(create(table, key(3)), row);
});

test("a reply key that is taken stays with its first owner", () => {
  const table = new FlowTable(10, new SeededRandom(1));
  const a = create(table, key(1)), same = newKey();
  table.readKey(a, REPLY, same);
  const b = table.create(key(2), same, 0, 10);
  assert.equal(table.answerable(b), false);
  assert.equal(table.find(same), a * 2 + 1);
  table.destroy(b);
  assert.equal(table.find(same), a * 2 + 1);
});

test("random work: the index holds exactly the living flows", () => {
  const random = new SeededRandom(42), flows = 500;
  const table = new FlowTable(flows, random), alive = new Map<number, Uint32Array>();
  let now = 0;
  for (let step = 0; step < 20_000; step++) {
    const n = below(random, 700), k = key(n, n % 3 === 0 ? 6 : 4);
    const found = table.find(k);
    if (found >= 0) {
      assert.deepEqual(alive.get(found >>> 1), k);
      if (below(random, 3) === 0) {
        table.destroy(found >>> 1);
        alive.delete(found >>> 1);
      } else table.refresh(found >>> 1, below(random, 600_000), now);
    } else if (table.count < flows) {
      const row = create(table, k, now);
      table.refresh(row, 1000, now);
      if (below(random, 8) > 0) table.confirm(row, now);
      if (below(random, 4) === 0) table.assure(row);
      alive.set(row, k);
    }
    if (step % 50 === 0) {
      now += below(random, 3000);
      table.settle(now);
      for (let row = table.due(now); row >= 0; row = table.due(now)) {
        if ((table.status[row]! & IPS_CONFIRMED) !== 0 && !table.expired(row, now)) table.again(row, now);
        else {
          table.lapse(row, now);
          alive.delete(row);
        }
      }
      assert.equal(table.count, alive.size);
      for (const [row, k] of alive) assert.equal(table.find(k), row * 2);
      let queued = 0;
      for (let row = table.unassured.first; row >= 0; row = table.unassured.after(row)) {
        assert.equal(table.status[row]! & IPS_ASSURED, 0);
        assert.ok(table.live(row));
        queued++;
      }
      let expected = 0;
      for (const row of alive.keys()) {
        if ((table.status[row]! & (IPS_CONFIRMED | IPS_ASSURED)) === IPS_CONFIRMED) expected++;
      }
      assert.equal(queued, expected);
    }
  }
});

test("every flow expires within two seconds of its deadline", () => {
  const random = new SeededRandom(3), table = new FlowTable(2000, random);
  const start = 0xffffffff - 300_000; // the millisecond clock wraps on the way
  const deadline = new Map<number, number>();
  for (let n = 0; n < 1000; n++) {
    const row = create(table, key(n), start), timeout = below(random, 900_000);
    table.refresh(row, timeout, start);
    table.confirm(row, start);
    deadline.set(row, timeout);
  }
  for (let passed = 0; passed < 910_000; passed += 500) {
    const now = (start + passed) >>> 0;
    for (let row = table.due(now); row >= 0; row = table.due(now)) {
      if (!table.expired(row, now)) {
        table.again(row, now);
        continue;
      }
      assert.ok(
        passed >= deadline.get(row)! && passed < deadline.get(row)! + 2600,
        `${passed} ${deadline.get(row)}`,
      );
      table.lapse(row, now);
      deadline.delete(row);
    }
  }
  assert.equal(table.count, 0);
});

test("a deadline that comes nearer is kept", () => {
  const table = new FlowTable(10, new SeededRandom(1));
  const row = create(table, key(1));
  table.refresh(row, 432_000_000, 0);
  table.confirm(row, 0);
  table.refresh(row, 10_000, 5000);
  assert.equal(table.due(14_000), -1);
  assert.equal(table.due(17_500), row);
});

test("a table left behind is adopted, with its confirmed flows only", () => {
  const random = new SeededRandom(9), buffer = new SharedArrayBuffer(tableBytes(200));
  const table = new FlowTable(200, random, buffer);
  const kept: Uint32Array[] = [];
  for (let n = 0; n < 100; n++) {
    const row = create(table, key(n, n % 2 === 0 ? 4 : 6));
    table.mark[row] = n;
    if (n % 3 === 0) continue;
    table.confirm(row, 0);
    if (n % 5 === 0) table.destroy(row);
    else kept.push(key(n, n % 2 === 0 ? 4 : 6));
  }
  const again = new FlowTable(200, random, buffer);
  assert.equal(again.count, kept.length);
  for (const k of kept) assert.ok(again.find(k) >= 0);
  assert.ok(create(again, key(150)) >= 0);
  again.readKey(again.find(kept[0]!) >>> 1, ORIGINAL, newKey());
  assert.throws(() => new FlowTable(100_000, random, buffer), /takes \d+ bytes, the buffer has/);
});

test("a million flows: 326 bytes of address space each; IPv4 never touches 64, nor 24 who assigns nothing", () => {
  assert.equal(Math.ceil(tableLayout(1 << 20).bytes / (1 << 20)), 326);
});

import { strict as assert } from "node:assert";
import { test } from "node:test";
import { below, SeededRandom } from "../../random.ts";
import { benchOf, counted, randomPacket } from "./test_bench.ts";
import { randomRules, type Shape } from "./test_rules.ts";

const FIRST_SEED = Number(process.env["WEIR_FUZZ_SEED"] ?? 1);
const ROUNDS = Number(process.env["WEIR_FUZZ_ROUNDS"] ?? 60), PACKETS = 60;

test(`random chains do the same with and without (seeds ${FIRST_SEED} to ${FIRST_SEED + ROUNDS - 1})`, (context) => {
  let merged = 0, maps = 0, moved = 0;
  for (let seed = FIRST_SEED; seed < FIRST_SEED + ROUNDS; seed++) {
    const random = new SeededRandom(seed);
    const shape: Shape = {
      family: below(random, 2) === 0 ? "ip" : "inet",
      nat: below(random, 3) === 0,
      policy: below(random, 2) === 0 ? "accept" : "drop",
    };
    const rules = randomRules(random, shape);
    const plain = benchOf(shape, rules, false), short = benchOf(shape, rules, true);
    const reports = short.error.split("Merging:\n").slice(1), texts = short.output.split("\n").slice(0, -1);
    merged += reports.length;
    maps += texts.filter((text) => / v?map \{/.test(text)).length;
    moved += reports.filter(hasGap).length;
    const told = () => `seed ${seed}\n${rules.join("\n")}\n${short.output}`;
    for (let packet = 0; packet < PACKETS; packet++) {
      const send = randomPacket(random, shape);
      assert.equal(send(short), send(plain), told());
    }
    assert.equal(counted(short, shape), counted(plain, shape), told());
  }
  assert.ok(
    merged > ROUNDS && maps > ROUNDS / 4 && moved > ROUNDS / 3,
    `only ${merged} merged, ${maps} maps, ${moved} moved`,
  );
  context.diagnostic(`${merged} runs merged, ${maps} into maps, ${moved} with rules moved up`);
});

/** Whether the merged rules stood apart. */
function hasGap(report: string): boolean {
  const lines = [...report.split("into:")[0]!.matchAll(/^r\.nft:(\d+):/gm)].map(([, line]) => Number(line));
  return lines.some((line, i) => i > 0 && line !== lines[i - 1]! + 1);
}

test(`rules warned of may go (seeds ${FIRST_SEED} to ${FIRST_SEED + ROUNDS - 1})`, (context) => {
  let gone = 0;
  for (let seed = FIRST_SEED; seed < FIRST_SEED + ROUNDS; seed++) {
    const random = new SeededRandom(seed);
    const shape: Shape = { family: "inet", nat: false, policy: below(random, 2) === 0 ? "accept" : "drop" };
    // Counts a rule begins with are told, though it is never reached.
    const rules = randomRules(random, shape).map((rule) => rule.replace(" packets 3 bytes 5", ""));
    const { told } = benchOf(shape, rules, true);
    const superfluous = told.filter(({ message }) =>
      /never reached|changes nothing|never match|does nothing/.test(message)
    )
      .map(({ spans: [span] }) => span!.source.text.slice(0, span!.start).split("\n").length - 7);
    const left = rules.filter((_, i) => !superfluous.includes(i));
    gone += rules.length - left.length;
    const plain = benchOf(shape, rules, false), short = benchOf(shape, left, false);
    for (let packet = 0; packet < PACKETS; packet++) {
      const send = randomPacket(random, shape);
      assert.equal(send(short), send(plain), `seed ${seed}\n${rules.join("\n")}\nleft\n${left.join("\n")}`);
    }
    assert.equal(
      counted(short, shape),
      counted(plain, shape),
      `seed ${seed}\n${rules.join("\n")}\nleft\n${left.join("\n")}`,
    );
  }
  assert.ok(gone > ROUNDS, `only ${gone} rules were warned of`);
  context.diagnostic(`${gone} rules may go`);
});

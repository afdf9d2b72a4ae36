import { parseArgs } from "node:util";
import { below, SeededRandom } from "../../core/random.ts";
import { LANGUAGE, languageAlike } from "./language/rounds.ts";
import { mutate } from "./mutate.ts";
import type { Target } from "./target.ts";
import { targets } from "./targets.ts";

/**
 * `deno task fuzz [--target NAME] [--seconds N] [--seed N]`: mutated inputs for everything that reads bytes from
 * outside, and rules made at random beside nft (`language/`). A failure prints target, seed, run number and the input in hexadecimal, and ends with status 1.
 */
export interface FuzzFailure {
  readonly target: string;
  readonly seed: number;
  readonly run: number;
  readonly input: Uint8Array;
  readonly error: unknown;
}

/** Runs one target until `runs` inputs or `milliseconds` have passed. */
export function fuzz(target: Target, seed: number, runs: number, milliseconds: number): FuzzFailure | number {
  const random = new SeededRandom(seed), corpus = [...target.seeds];
  const end = performance.now() + milliseconds;
  let run = 0;
  for (; run < runs && ((run & 255) !== 0 || performance.now() < end); run++) {
    const base = corpus[below(random, corpus.length)]!, other = corpus[below(random, corpus.length)]!;
    const input = run < corpus.length ? corpus[run]! : mutate(base, other, random);
    try {
      target.run(input);
    } catch (error) {
      return { target: target.name, seed, run, input, error };
    }
  }
  return run;
}

export function describeFailure({ target, seed, run, input, error }: FuzzFailure): string {
  const hex = Array.from(input, (byte) => byte.toString(16).padStart(2, "0")).join("");
  const what = error instanceof Error ? error.stack ?? error.message : String(error);
  return `${target}: seed ${seed}, run ${run}\n${what}\ninput ${hex}`;
}

if (import.meta.main) {
  const { values } = parseArgs({
    options: { target: { type: "string" }, seconds: { type: "string" }, seed: { type: "string" } },
  });
  const seed = Number(values.seed ?? Math.floor(Math.random() * 2 ** 32)), all = targets();
  const chosen = all.filter((target) => values.target === undefined || target.name === values.target);
  if (chosen.length === 0 && values.target !== LANGUAGE) {
    console.error(
      `fuzz: no target ${values.target}; there are ${
        [...all.map((target) => target.name), LANGUAGE].join(", ")
      }`,
    );
    Deno.exit(1);
  }
  const each = Number(values.seconds ?? 60) * 1000 / chosen.length;
  let failed = false;
  for (const target of chosen) {
    const result = fuzz(target, seed, Infinity, each);
    if (typeof result === "number") console.log(`${target.name}: seed ${seed}, ${result} inputs, none threw`);
    else {
      failed = true;
      console.error(describeFailure(result));
    }
  }
  if (values.target === undefined || values.target === LANGUAGE) {
    const told = await languageAlike(seed, Number(values.seconds ?? 60) * 1000);
    failed ||= !told.alike;
    console.log(`${LANGUAGE}: ${told.text}`);
  }
  Deno.exit(failed ? 1 : 0);
}

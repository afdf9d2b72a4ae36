import type { CompareOp, CtKey, Expression, MetaKey, PayloadBase, Verdict } from "../expr/expression.ts";
import { parseAddress } from "../packet/address.ts";
import { SeededRandom } from "../random.ts";
import { errorText, type RulesetError } from "../ruleset/error.ts";
import type { BaseChain, ChainHook } from "../ruleset/ruleset.ts";
import { RulesetStore } from "../ruleset/store.ts";
import type { Transaction } from "../ruleset/transaction.ts";
import { assemble } from "./assemble.ts";
import { Machine, type MachineEnvironment } from "./machine.ts";

/** Short words for expressions, and a machine made of rules: for tests and benches. */

export const meta = (key: MetaKey, dreg = 1): Expression => ({ kind: "meta", key, dreg });
export const ct = (key: CtKey, dreg = 1): Expression => ({ kind: "ct", key, dreg });
export const load = (base: PayloadBase, offset: number, length: number, dreg = 1): Expression => ({
  kind: "payload",
  base,
  offset,
  length,
  dreg,
});
export const cmp = (op: CompareOp, data: Uint8Array, sreg = 1): Expression => ({
  kind: "cmp",
  op,
  sreg,
  data,
});
export const and = (mask: Uint8Array, length = mask.length, sreg = 1, dreg = 1): Expression => ({
  kind: "bitwise",
  sreg,
  dreg,
  length,
  mask,
  xor: new Uint8Array(mask.length),
});
export const immediate = (data: Uint8Array, dreg = 1): Expression => ({ kind: "immediate", dreg, data });
export const verdict = (code: Exclude<Verdict["code"], "jump" | "goto">): Expression => ({
  kind: "verdict",
  verdict: { code },
});
export const jump = (chain: string): Expression => ({ kind: "verdict", verdict: { code: "jump", chain } });
export const goto = (chain: string): Expression => ({ kind: "verdict", verdict: { code: "goto", chain } });
export const counter = (packets = 0, bytes = 0): Expression => ({ kind: "counter", packets, bytes });
export const lookup = (set: string, sreg = 1, inverted = false): Expression => ({
  kind: "lookup",
  set,
  sreg,
  inverted,
});
export const map = (set: string, dreg: number, sreg = 1): Expression => ({
  kind: "lookup",
  set,
  sreg,
  dreg,
  inverted: false,
});

export const ACCEPT = verdict("accept");
export const DROP = verdict("drop");

export const be = (value: number, length: number): Uint8Array =>
  Uint8Array.from({ length }, (_, i) => Math.floor(value / 256 ** (length - 1 - i)) & 255);
/** Host order, as registers hold numbers. */
export const le = (value: number, length = 4): Uint8Array => be(value, length).reverse();
export const address = (text: string): Uint8Array => {
  const parsed = parseAddress(text)!;
  const bytes = Uint8Array.from(parsed.words.flatMap((w) => [...be(w, 4)]));
  return parsed.family === 4 ? bytes.slice(0, 4) : bytes;
};
export const name = (text: string, length = 16): Uint8Array => {
  const bytes = new Uint8Array(length);
  bytes.set(new TextEncoder().encode(text));
  return bytes;
};
/** Parts of a concatenation, padded to four bytes each. */
export const concat = (...parts: readonly Uint8Array[]): Uint8Array =>
  Uint8Array.from(parts.flatMap((p) => [...p, ...new Array<number>(-p.length & 3).fill(0)]));

/** `ip protocol tcp`-like dependencies. */
export const l4proto = (protocol: number): Expression[] => [meta("l4proto"), cmp("eq", be(protocol, 1))];
export const dport = (port: number): Expression[] => [load("transport", 2, 2), cmp("eq", be(port, 2))];

export const base = (
  hook: ChainHook = "forward",
  type: BaseChain["type"] = "filter",
  priority = 0,
  policy: BaseChain["policy"] = "accept",
): BaseChain => ({ type, hook, priority, policy });

/** Throws where the ruleset refuses: a test's mistake. */
export function must(error: RulesetError | undefined): void {
  if (error !== undefined) throw new Error(`${errorText(error)} (${error.what} ${error.name})`);
}

export interface Bench {
  readonly store: RulesetStore;
  readonly machine: Machine;
  /** Commits a transaction and installs the new program. */
  change(edit: (t: Transaction) => void): void;
}

/** A store and a machine on its cells. The first table `inet t` is there. */
export function bench(
  edit: (t: Transaction) => void,
  environment: Partial<MachineEnvironment> = {},
  now: () => number = () => 0,
): Bench {
  const store = new RulesetStore({ now, offline: true });
  const machine = new Machine({ random: new SeededRandom(1), cells: store.cells.numbers, ...environment });
  machine.setInterfaces(["", "lan", "wan", "lan0"]);
  const change = (edit: (t: Transaction) => void) => {
    const transaction = store.begin();
    edit(transaction);
    must(transaction.commit());
    machine.install(
      assemble(store.current, store.current.generation, { live: store.live, now: now() }),
      now(),
    );
  };
  change((t) => {
    must(t.addTable({ family: "inet", name: "t" }));
    edit(t);
  });
  return { store, machine, change };
}

/** One base chain `c` of these rules in table `inet t`. */
export function rules(
  list: readonly (readonly Expression[])[],
  where: BaseChain = base(),
): (t: Transaction) => void {
  return (t) => {
    must(t.addChain("inet", "t", { name: "c", base: where }));
    for (const expressions of list) must(t.addRule("inet", "t", "c", { expressions }));
  };
}

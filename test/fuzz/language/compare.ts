import { Nft } from "../../../core/nft/nft.ts";
import { lo } from "../../../core/nft/test_options.ts";
import type { KernelNft } from "./kernel_nft.ts";
import { type Place, setup } from "./places.ts";
import type { Answer } from "./oracle.ts";

/** How two answers to one rule differ. `kernel`: refused by the kernel, not by the language; nothing to compare. */
export type Verdict =
  | "equal"
  | "kernel"
  | "stopped"
  | "accepted"
  | "refused"
  | "bytecode"
  | "listing"
  | "message"
  | "carets";

export interface Compared {
  readonly verdict: Verdict;
  readonly wanted: string;
  readonly got: string;
}

/** What the kernel said, or what nft makes of its "no such file". */
const KERNEL = /Could not process rule|^Error: No such file or directory; did you mean chain/;

const words = (text: string): string => text.trim().replace(/\s+/g, " ");

/** Elements sorted and instructions, without names and what else is the kernel's. */
function code(output: string): string {
  const lines = output.split("\n").map((line) => line.replace(/userdata = .*$/, ""));
  const elements = lines.filter((line) => line.startsWith("\t"))
    .flatMap((line) => line.split(/(?=element )/)).map(words).filter((line) => line.startsWith("element"))
    .sort();
  const instructions = lines.filter((line) => line.startsWith("  [")).map(words);
  return [...elements, ...instructions].join("\n");
}

const listed = (listing: string): string =>
  listing.split("\n").filter((line) => line.startsWith("\t\t")).slice(1).map((line) =>
    line.trim().replace(
      /\{([^}]*)\}/g,
      (_all, inner: string) => `{${inner.split(",").map(words).sort().join(", ")}}`,
    )
  ).join("\n");

const head = (error: string): readonly [string, string] => {
  const [title, , carets] = error.split("\n");
  return [title ?? "", carets?.trimEnd() ?? ""];
};

export function ours(place: Place): (rule: string) => Answer {
  let list = new Nft(undefined, { ...lo, stateless: true, dialect: "1.0.6" });
  let add = list, dirty = true;
  return (rule) => {
    if (dirty) {
      list = new Nft(undefined, { ...lo, stateless: true, dialect: "1.0.6" });
      add = new Nft(list.store, { ...lo, stateless: true, dialect: "1.0.6", debug: ["netlink"] });
      const made = list.run(setup(place));
      if (!made.ok) throw new Error(made.error);
    }
    const result = add.run(`add rule ${place.family} t c ${rule}`);
    const listing = result.ok ? list.run(`list chain ${place.family} t c`).output : "";
    dirty = result.ok && /meter/.test(rule);
    if (result.ok && !dirty) list.run(`flush chain ${place.family} t c`);
    return { ok: result.ok, output: result.output, error: result.error, listing };
  };
}

export async function theirs(
  kernel: KernelNft,
  place: Place,
  fresh: boolean,
  rule: string,
): Promise<Answer | undefined> {
  const { family } = place;
  const before = fresh || /meter/.test(rule) ? setup(place) : `flush chain ${family} t c`;
  return await kernel.ask({
    before,
    command: `add rule ${family} t c ${rule}`,
    list: `list chain ${family} t c`,
  });
}

export function compare(want: Answer | undefined, got: Answer): Compared {
  const told = (verdict: Verdict, wanted: string, ours: string): Compared => ({ verdict, wanted, got: ours });
  if (want === undefined) return told("stopped", "nft stopped", got.error);
  if (!want.ok && KERNEL.test(want.error)) {
    if (!got.ok) return told("kernel", want.error, got.error);
    const [a, b] = [code(want.output), code(got.output)];
    return a === b ? told("kernel", "", "") : told("bytecode", a, b);
  }
  if (want.ok && !got.ok) return told("refused", want.listing, got.error);
  if (!want.ok && got.ok) return told("accepted", want.error, got.listing);
  if (!want.ok) {
    const [title, carets] = head(want.error), [ourTitle, ourCarets] = head(got.error);
    const syntax = title.startsWith("Error: syntax error");
    if (syntax && title.includes("expecting")) {
      return told(ourTitle.startsWith("Error") ? "equal" : "message", title, ourTitle);
    }
    if (title.replace("is undefined", "is not defined") !== ourTitle) {
      return told("message", want.error, got.error);
    }
    return carets === ourCarets ? told("equal", "", "") : told("carets", want.error, got.error);
  }
  const [a, b] = [code(want.output), code(got.output)];
  if (a !== b) return told("bytecode", a, b);
  const [c, d] = [listed(want.listing), listed(got.listing)];
  return c === d ? told("equal", "", "") : told("listing", c, d);
}

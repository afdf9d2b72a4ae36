import { NAT_FLAGS } from "../parse/nat.ts";
import type { NatNode, StatementNode } from "../tree/tree.ts";
import { type Candidate, tailText } from "./candidate.ts";
import { written } from "./tail.ts";

/** Keys of one rule of a run, as a set would hold them, each with what is done for it. */
export interface Entry {
  readonly key: string;
  readonly does: string;
}

/**
 * The rule a run becomes: first what all ask alike, then one lookup. A set stands for the fields where all do the
 * same; a map where they differ in verdict, in what NAT translates to, or in the value they set. Several spellings,
 * the best first: where the language refuses one the next may do.
 */
export function mergedTexts(
  run: readonly Candidate[],
  columns: readonly string[],
  entries: readonly Entry[],
): string[] {
  const first = run[0]!, { tail, rule } = first.studied;
  const alike = new Set(entries.map(({ does }) => does)).size === 1;
  const fields = columns.join(" . ");
  const common = (lookup: string) => {
    const texts: string[] = [];
    let put = lookup === "";
    for (const [field, match] of first.matches) {
      if (!columns.includes(field)) texts.push(written(match.span));
      else if (!put) {
        texts.push(lookup);
        put = true;
      }
    }
    if (!put) texts.push(lookup);
    return texts;
  };
  const comment = rule.comment === undefined ? [] : [`comment "${rule.comment}"`];
  const set = `${fields} { ${entries.map(({ key }) => key).join(", ")} }`;
  const mapped = `{ ${entries.map(({ key, does }) => `${key} : ${does}`).join(", ")} }`;
  const join = (...texts: string[][]) =>
    [...texts.flat(), ...comment].filter((text) => text !== "").join(" ");
  if (alike && first.map === undefined) return [join(common(set), summedTail(run))];
  switch (first.kind) {
    case "verdict":
      return [join(common(""), [`${fields} vmap ${mapped}`])];
    case "nat": {
      const { nat } = tail[0] as Extract<StatementNode, { kind: "nat" }>;
      const translate = natText(nat, `${fields} map ${mapped}`);
      const protocol = columns.map((field) => field.split(" ")[0]!).find((word) => TRANSPORTS.includes(word));
      const plain = join(common(""), [translate]);
      return protocol === undefined
        ? [plain]
        : [plain, join([`meta l4proto ${protocol}`], common(""), [translate])];
    }
    case "value": {
      const { target } = tail[0] as Extract<StatementNode, { kind: "set value" }>;
      return [
        join(common(""), [`${written(target.span)} set ${fields} map ${mapped}`, tailText(tail.slice(1))]),
      ];
    }
    case "same":
      return [];
  }
}

/** Protocols whose ports NAT may choose. */
const TRANSPORTS = ["tcp", "udp", "udplite", "sctp", "dccp"];

function natText({ type, family, address, flags }: NatNode, map: string): string {
  const names = NAT_FLAGS.filter(([, bit]) => (flags & bit) !== 0).map(([name]) => name).join(",");
  return [
    type,
    family ?? "",
    "to",
    address === undefined ? `:${map}` : map,
    names,
  ].filter((word) => word !== "").join(" ");
}

/** The tail of all; its counters begin with what all of them began with. */
function summedTail(run: readonly Candidate[]): string[] {
  return run[0]!.studied.tail.map((statement, at) => {
    if (statement.kind !== "counter") return written(statement.span);
    let packets = 0, bytes = 0;
    for (const { studied } of run) {
      const counter = studied.tail[at];
      if (counter?.kind !== "counter") continue;
      packets += counter.packets;
      bytes += counter.bytes;
    }
    return packets === 0 && bytes === 0 ? "counter" : `counter packets ${packets} bytes ${bytes}`;
  });
}

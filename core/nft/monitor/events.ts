import type { RulesetChange, RulesetCommit } from "../../ruleset/change.ts";
import { type Ruleset, type Table, tableKey } from "../../ruleset/ruleset.ts";
import { objectWord, thingJson, thingText } from "../execute/thing.ts";
import { jsonText } from "../json/json.ts";
import type { ListOptions } from "../print/context.ts";
import type { Command } from "../tree/command.ts";

/** Who changed the ruleset: number and name of the process. */
export interface MonitorProcess {
  readonly pid: number;
  readonly name: string;
}

type Wanted = Pick<Extract<Command, { kind: "monitor" }>, "event" | "what">;

/** What is written of a commit, a line each: `add rule ...`, `delete set ...`, `# new generation N by process P (nft)`. */
export function commitLines(
  commit: RulesetCommit,
  wanted: Wanted,
  listing: ListOptions,
  json: boolean,
  process: MonitorProcess | undefined,
): string[] {
  const { before, after, changes } = commit;
  const lines = changes.filter((change) => isWanted(change, wanted)).map((change) => {
    const made = change.event === "new";
    const table = tableOf(change, made ? [after, before] : [before, after]);
    return json ? jsonLine(change, table, listing) : textLine(change, table, listing);
  });
  const all = wanted.event === undefined && wanted.what === undefined;
  if (json || !all) return lines;
  const by = process === undefined ? "" : ` by process ${process.pid} (${process.name})`;
  return [...lines, `# new generation ${after.generation}${by}\n`];
}

/** As nft's tables of netlink messages have it: objects and flowtables only where everything or the ruleset is asked for. */
function isWanted({ event, what }: RulesetChange, wanted: Wanted): boolean {
  if (wanted.event !== undefined && wanted.event !== event) return false;
  switch (wanted.what) {
    case undefined:
      return what !== "object" || wanted.event === undefined;
    case "ruleset":
      return true;
    case "trace":
      return false;
    default:
      return wanted.what === `${what}s`;
  }
}

/** The table as it was or is; one that a single transaction made and deleted is in neither. */
function tableOf({ family, table }: RulesetChange, rulesets: readonly Ruleset[]): Table {
  for (const { tables } of rulesets) {
    const found = tables.get(tableKey(family, table));
    if (found !== undefined) return found;
  }
  return {
    family,
    name: table,
    handle: 0,
    flags: [],
    chains: new Map(),
    sets: new Map(),
    objects: new Map(),
    lastHandle: 0,
  };
}

const verbOf = (change: RulesetChange): string =>
  change.event === "destroy"
    ? "delete"
    : change.what === "rule" && change.inserted === true
    ? "insert"
    : "add";

const jsonLine = (change: RulesetChange, table: Table, listing: ListOptions): string =>
  `${jsonText({ [verbOf(change)]: thingJson(change, table, listing) })}\n`;

function textLine(change: RulesetChange, table: Table, listing: ListOptions): string {
  const verb = verbOf(change);
  if (change.event === "new" || change.what === "element") {
    const text = thingText(change, table, listing);
    // nft ends what stands in braces with a space
    const braced = change.what === "set" ||
      (change.what === "object" && objectWord(change.object) !== "flowtable");
    return `${verb} ${text}${braced ? " " : ""}\n`;
  }
  return `${verb} ${goneText(change, table, listing)}\n`;
}

/** What is left to name of a thing that is gone. */
function goneText(change: RulesetChange, table: Table, { handles }: ListOptions): string {
  const place = `${change.family} ${change.table}`;
  switch (change.what) {
    case "table":
      return `table ${place}${handles ? ` # handle ${table.handle}` : ""}`;
    case "chain":
      return `chain ${place} ${change.chain.name}`;
    case "rule":
      return `rule ${place} ${change.chain} handle ${change.rule.handle}`;
    case "object":
      return `${objectWord(change.object)} ${place} ${change.object.name}`;
    case "set":
    case "element":
      return `set ${place} ${change.set.name}`;
  }
}

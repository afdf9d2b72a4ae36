import type { Chain, ChainHook, Table } from "../../ruleset/ruleset.ts";
import { documentText } from "../json/ruleset.ts";
import type { Command } from "../tree/command.ts";
import type { Execution } from "./execution.ts";
import type { HookStage } from "./hook_stage.ts";

type ListCommand = Extract<Command, { kind: "list" }>;
type HookFamily = (typeof FAMILIES)[number];

/** Families that hooks are in; `inet` is both of the first. */
const FAMILIES = ["ip", "ip6", "bridge", "arp", "netdev"] as const;
const HOOKS: readonly ChainHook[] = [
  "ingress",
  "prerouting",
  "input",
  "forward",
  "output",
  "postrouting",
  "egress",
];

interface Line {
  readonly hook: ChainHook;
  readonly priority: number;
  /** Where it stands among others of its hook. */
  readonly order: readonly number[];
  readonly chain?: { readonly family: string; readonly table: string; readonly name: string };
  readonly name?: string;
  readonly module: string;
}

/** `list hooks [family] [device NAME]`: what packets meet at each hook, in the order they meet it. */
export function executeListHooks(execution: Execution, command: ListCommand): void {
  const { family, name } = command, device = name?.text;
  const wanted = FAMILIES.filter((each) =>
    family === undefined
      ? each !== "netdev" || device !== undefined
      : family === each || (family === "inet" && (each === "ip" || each === "ip6"))
  );
  const tables = [...execution.transaction.tables.values()].filter((table) =>
    !table.flags.includes("dormant")
  );
  const all = wanted.map((each) => ({ each, lines: linesOf(execution, tables, each, device) }));
  if (execution.json) {
    execution.output.push(
      documentText(all.flatMap(({ each, lines }) => lines.map((line) => json(each, line)))),
    );
  } else {
    for (const { each, lines } of all) if (lines.length > 0) execution.output.push(text(each, lines));
  }
}

function linesOf(
  { stages = [] }: Execution,
  tables: readonly Table[],
  family: HookFamily,
  device: string | undefined,
): Line[] {
  const network = family === "ip" || family === "ip6";
  const lines: Line[] = (network ? stages : []).map(({ hook, priority, name, module }) => ({
    hook,
    priority,
    order: [priority, 0],
    name,
    module,
  }));
  for (const table of tables) {
    for (const chain of table.chains.values()) {
      if (chain.base !== undefined && hooked(table, chain, family, device)) {
        lines.push(chainLine(table, chain, stages));
      }
    }
  }
  const compare = (a: Line, b: Line): number => {
    for (const [i, value] of a.order.entries()) {
      const difference = value - (b.order[i] ?? 0);
      if (difference !== 0) return difference;
    }
    return 0;
  };
  return HOOKS.flatMap((hook) => lines.filter((line) => line.hook === hook).sort(compare));
}

/** Whether packets of this family meet the chain: those of devices where the device is asked for. */
function hooked(table: Table, { base }: Chain, family: HookFamily, device: string | undefined): boolean {
  const onDevice = base?.hook === "ingress" || base?.hook === "egress";
  if (onDevice && family !== "netdev") {
    return device !== undefined && base.devices?.includes(device) === true && table.family === "inet" &&
      (family === "ip" || family === "ip6");
  }
  if (family === "netdev") {
    return table.family === "netdev" && (device === undefined || base?.devices?.includes(device) === true);
  }
  return table.family === family || (table.family === "inet" && (family === "ip" || family === "ip6"));
}

/** Of chains with one priority the youngest runs first; those for translation run in their stage. */
function chainLine(table: Table, chain: Chain, stages: readonly HookStage[]): Line {
  const { hook, priority, type } = chain.base!;
  const stage = type === "nat"
    ? stages.find((each) => each.runsNat === true && each.hook === hook)?.priority
    : undefined;
  return {
    hook,
    priority,
    order: [stage ?? priority, stage === undefined ? 0 : 1, priority, -chain.order],
    chain: { family: table.family, table: table.name, name: chain.name },
    module: "nf_tables",
  };
}

function text(family: HookFamily, lines: readonly Line[]): string {
  let all = `family ${family} {\n`, before: ChainHook | undefined;
  for (const line of lines) {
    if (line.hook !== before) all += `${before === undefined ? "" : "\t}\n"}\thook ${line.hook} {\n`;
    before = line.hook;
    const { chain } = line;
    const what = chain === undefined ? line.name : `chain ${chain.family} ${chain.table} ${chain.name}`;
    all += `\t\t${signed(line.priority)} ${what} [${line.module}]\n`;
  }
  return `${all}\t}\n}\n`;
}

/** Ten digits behind a sign, or behind a space for 0. */
const signed = (priority: number): string =>
  (priority < 0 ? "-" : priority === 0 ? " " : "+") + `${Math.abs(priority)}`.padStart(10, "0");

const json = (family: HookFamily, { hook, priority, chain, name, module }: Line) => ({
  hook: {
    family,
    hook,
    prio: priority,
    ...(chain === undefined ? {} : { chain }),
    ...(name === undefined ? {} : { name }),
    module,
  },
});

import type { Expression, Verdict } from "../expr/expression.ts";
import type { TracedPacket, TraceEvent } from "../expr/trace_event.ts";
import type { PacketBatch } from "../packet/batch.ts";
import type { Ruleset } from "../ruleset/ruleset.ts";
import {
  CODE_ACCEPT,
  CODE_CONTINUE,
  CODE_DROP,
  CODE_GOTO,
  CODE_JUMP,
  CODE_RETURN,
} from "../ruleset/sets/image.ts";
import { find } from "../ruleset/sets/find.ts";
import type { HookedChain } from "./program.ts";
import { type MachineState, NAME_WORDS } from "./state.ts";

/**
 * Tracing.
 *
 * Overview    `meta nftrace set 1` gives a packet a number; from then on every rule that it matches and every policy
 *             it meets is told to the environment (nft_trace_packet).
 * Cost        a program has instructions for it only when one of its rules sets the mark, as the kernel turns a
 *             static key. In such a program a packet without the mark costs one test a rule that it matches.
 * Limits      whoever listens bounds how many events are kept.
 */

/** Whether a rule anywhere marks packets to be traced. */
export function setsTrace(ruleset: Ruleset): boolean {
  for (const table of ruleset.tables.values()) {
    if (table.flags.includes("dormant")) continue;
    for (const chain of table.chains.values()) {
      for (const rule of chain.rules) if (rule.expressions.some(marks)) return true;
    }
  }
  return false;
}

const marks = (e: Expression): boolean => e.kind === "meta set" && e.key === "nftrace";

/** The code of the verdict an expression ends its rule with; -1 where it does not. */
export function endingCode(e: Expression): number {
  switch (e.kind) {
    case "verdict":
      return VERDICTS.indexOf(e.verdict.code);
    case "nat":
    case "masquerade":
    case "redirect":
    case "queue":
      return CODE_ACCEPT;
    case "reject":
      return CODE_DROP;
    default:
      return -1;
  }
}

const VERDICTS: string[] = [];
VERDICTS[CODE_ACCEPT] = "accept";
VERDICTS[CODE_DROP] = "drop";
VERDICTS[CODE_JUMP] = "jump";
VERDICTS[CODE_GOTO] = "goto";
VERDICTS[CODE_RETURN] = "return";

/** A marked packet comes by OP_TRACE: rule, verdict, first instruction of the chain it goes to. */
export function traceRule(
  state: MachineState,
  rule: number,
  code: number,
  target: number,
  batch: PacketBatch,
  row: number,
): void {
  const plan = state.trace, at = plan?.rules[rule];
  if (plan === undefined || at === undefined) return;
  const { family, table, chain, handle } = at, verdict = verdictOf(code, plan.chains.get(target) ?? "");
  tell(state, { id: batch.trace[row]!, family, table, chain, kind: "rule", handle, verdict }, batch, row);
}

/** Before a verdict map decides: what it is going to say. */
export function traceLookup(
  state: MachineState,
  set: number,
  register: number,
  rule: number,
  batch: PacketBatch,
  row: number,
): void {
  const table = state.sets[set]!, found = find(table, state.registers, register, batch);
  if (found < 0) return;
  const code = table.data[2 * found]!;
  if (code !== CODE_CONTINUE) traceRule(state, rule, code, table.data[2 * found + 1]!, batch, row);
}

/** A marked packet came to the end of a base chain. */
export function tracePolicy(state: MachineState, chain: HookedChain, batch: PacketBatch, row: number): void {
  const verdict: Verdict = { code: chain.drop ? "drop" : "accept" }, { family, table } = chain;
  tell(
    state,
    { id: batch.trace[row]!, family, table, chain: chain.chain, kind: "policy", verdict },
    batch,
    row,
  );
}

function verdictOf(code: number, chain: string): Verdict {
  if (code === CODE_JUMP || code === CODE_GOTO) return { code: code === CODE_JUMP ? "jump" : "goto", chain };
  const word = VERDICTS[code];
  return { code: word === "accept" || word === "drop" || word === "return" ? word : "continue" };
}

function tell(state: MachineState, event: TraceEvent, batch: PacketBatch, row: number): void {
  if (state.environment.trace === undefined) return;
  const packet = state.shown ? {} : { packet: packetOf(state, batch, row) };
  state.shown = true;
  state.environment.trace({ ...event, ...packet });
}

/** ETH_HLEN: longer link headers than this are shown in part. */
const LINK_SHOWN = 14;
/** NFT_TRACETYPE_TRANSPORT_HSIZE. */
const TRANSPORT_SHOWN = 20;

function packetOf(state: MachineState, batch: PacketBatch, row: number): TracedPacket {
  const bytes = batch.bytes(row), end = batch.end[row]!, start = batch.start[row]!;
  const network = batch.network[row]!, transport = batch.transport[row]!, version = batch.family[row]!;
  const size = version === 4 ? 20 : version === 6 ? 40 : 28;
  const link = network - start === LINK_SHOWN ? bytes.slice(start, network) : new Uint8Array(0);
  return {
    input: nameOf(state, state.input),
    output: nameOf(state, state.output),
    link,
    version,
    network: bytes.slice(network, Math.min(network + size, end)),
    protocol: batch.protocol[row]!,
    transport: transport === 0
      ? new Uint8Array(0)
      : bytes.slice(transport, Math.min(transport + TRANSPORT_SHOWN, end)),
  };
}

function nameOf(state: MachineState, index: number): string {
  if (index === 0) return "";
  const from = index * NAME_WORDS * 4, name = new Uint8Array(state.names.buffer, from, NAME_WORDS * 4);
  const end = name.indexOf(0);
  return String.fromCharCode(...name.subarray(0, end < 0 ? name.length : end));
}

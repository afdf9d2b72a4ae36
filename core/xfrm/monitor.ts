import { policyOptionsJson, selectorJson, stateOptionsJson } from "./json.ts";
import { objectWord, optionWords } from "./command_context.ts";
import type { XfrmEvent } from "./plan.ts";
import { formatSelector } from "./selector_words.ts";
import { formatPolicy } from "./policy_words.ts";
import { formatExpired, formatState, listedState } from "./state_listing.ts";
import { Words } from "./words.ts";

const OBJECTS = ["all", "acquire", "expire", "SA", "aevent", "policy", "report"] as const;
type MonitorObject = typeof OBJECTS[number];

/** What of IPsec's events is asked for, and how. */
export interface MonitorSelection {
  readonly objects: ReadonlySet<MonitorObject>;
  readonly keys: boolean;
  readonly json: boolean;
  readonly oneline: boolean;
}

/** Whether the words behind `xfrm` ask for events, which have no end. */
export function isMonitor(words: readonly string[]): boolean {
  try {
    const reader = new Words(words);
    optionWords(reader, false);
    return objectWord(reader) === "monitor";
  } catch {
    return false;
  }
}

/**
 * `monitor [nokeys | keys] [all | acquire | expire | SA | aevent | policy | report]...`: keys are shown as ip does, in
 * JSON where `keys` asks for them.
 * @throws WordsError
 */
export function monitorWords(words: readonly string[], json: boolean): MonitorSelection {
  const reader = new Words(words), options = optionWords(reader, json), objects = new Set<MonitorObject>();
  let keys = !options.json;
  objectWord(reader);
  while (!reader.done) {
    if (reader.skip("nokeys")) keys = false;
    else if (reader.skip("keys")) keys = true;
    else objects.add(reader.abbreviated(OBJECTS, "what to watch"));
  }
  return { objects, keys, json: options.json, oneline: options.oneline };
}

/** An event as `ip xfrm monitor` prints it, or as a line of JSON; empty where it was not asked for. */
export function formatEvent(event: XfrmEvent, { objects, keys, json, oneline }: MonitorSelection): string {
  const wanted = objects.size === 0 || objects.has("all") || objects.has(objectOf(event));
  if (!wanted) return "";
  if (json) return `${JSON.stringify(eventJson(event, keys))}\n`;
  const text = eventText(event, keys);
  return oneline ? `${text.replaceAll("\n", "\\")}\n` : text;
}

function objectOf(event: XfrmEvent): MonitorObject {
  if (event.change === "acquire") return "acquire";
  if (event.change === "failed") return "report";
  if ("policy" in event) return "policy";
  return isExpiry(event.change) ? "expire" : "SA";
}

const isExpiry = (change: XfrmEvent["change"]): boolean =>
  change === "soft" || change === "hard" || change === "sequence";

const TITLES: Readonly<Record<string, string>> = { update: "Updated ", delete: "Deleted " };

function eventText(event: XfrmEvent, keys: boolean): string {
  if (event.change === "failed") return `refused ${event.what}: ${event.error}\n`;
  if (event.change === "acquire") {
    const listing = formatPolicy(event.policy).split("\n").slice(0, -1);
    const packet = event.selector && `  sel ${formatSelector(event.selector)}\n`;
    return `acquire proto esp \n${packet ?? ""}  policy ${listing[0]}\n${
      listing.slice(1).map((line) => `    ${line}\n`).join("")
    }\n`;
  }
  const title = TITLES[event.change] ?? "";
  if ("policy" in event) return title + formatPolicy(event.policy);
  if (!isExpiry(event.change)) return title + formatState(listedState(event.state), { keys });
  return `Expired ${formatExpired(event.state)}\thard ${event.change === "soft" ? 0 : 1}\n`;
}

function eventJson(event: XfrmEvent, keys: boolean): unknown {
  const { change } = event;
  if (change === "failed") return { event: change, what: event.what, error: event.error };
  if (change === "acquire") {
    const sel = event.selector && selectorJson(event.selector);
    return { event: change, sel, policy: policyOptionsJson(event.policy) };
  }
  if ("policy" in event) return { event: change, policy: policyOptionsJson(event.policy) };
  const state = stateOptionsJson(event.state, keys);
  return isExpiry(change) ? { event: "expire", reason: change, state } : { event: change, state };
}

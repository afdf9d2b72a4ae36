import type { Cursor } from "../text/cursor.ts";
import { refuse } from "../text/diagnostic.ts";
import type { Command, MonitorEvent, MonitorObject } from "../tree/command.ts";

const EVENTS: readonly MonitorEvent[] = ["new", "destroy"];
const OBJECTS: readonly MonitorObject[] = [
  "tables",
  "chains",
  "rules",
  "sets",
  "elements",
  "ruleset",
  "trace",
];

/** `monitor [new | destroy] [tables | chains | rules | sets | elements | ruleset | trace] [json]`. */
export function parseMonitor(c: Cursor): Command {
  const start = c.at;
  c.expect("monitor");
  const event = EVENTS.find((word) => c.is(word));
  if (event !== undefined) c.take();
  const what = OBJECTS.find((word) => c.is(word));
  if (what !== undefined) c.take();
  const json = c.skip("json");
  if (!c.atLineEnd()) {
    // nft takes any word for an event, but only one
    if (event === undefined && what === undefined && c.isWord()) {
      refuse(c.span(), `invalid event ${c.text()}`, [], [`events are ${[...EVENTS, ...OBJECTS].join(", ")}`]);
    }
    c.unexpected("expected the end of the command");
  }
  return {
    kind: "monitor",
    json,
    span: c.since(start),
    ...(event === undefined ? {} : { event }),
    ...(what === undefined ? {} : { what }),
  };
}

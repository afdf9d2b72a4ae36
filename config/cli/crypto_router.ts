import * as v from "valibot";
import { askValue, ControlError } from "../control/client.ts";
import { table } from "./output.ts";
import { socketPath } from "./place.ts";

/** What a running router does with its crypto devices. */
export interface RouterCrypto {
  readonly devices: readonly v.InferOutput<typeof Device>[];
  readonly sessions: readonly v.InferOutput<typeof Session>[];
}

const count = v.number();
const Device = v.object({
  device: v.string(),
  gone: v.boolean(),
  inWork: count,
  depth: count,
  submitted: count,
  errors: count,
  resets: count,
  deepest: count,
  backlogMost: count,
});
const Session = v.object({
  algorithm: v.string(),
  user: v.string(),
  fallbacks: count,
  by: v.array(v.object({ driverName: v.string(), taken: count })),
});

/** Of the router at a control socket; undefined where none answers. */
export async function routerCrypto(socket?: string): Promise<RouterCrypto | undefined> {
  try {
    const lines = await askValue<string[]>(socketPath(socket), { command: "crypto" });
    const records = lines.map((line): unknown => JSON.parse(line));
    return {
      devices: records.filter((record) => v.is(Device, record)),
      sessions: records.filter((record) => v.is(Session, record)),
    };
  } catch (error) {
    if (error instanceof ControlError) return undefined;
    throw error;
  }
}

/** Text for `weir crypto list`; the empty string where nothing is in use. */
export function routerCryptoText({ devices, sessions }: RouterCrypto): string {
  if (devices.length === 0) return "\nThe router uses no crypto device.\n";
  return "\nIn use by the router:\n" + table([
    ["device", "in work", "waiting", "most waited", "backlog most", "requests", "errors", "resets"],
    ...devices.map((d) => [
      d.gone ? `${d.device} (gone)` : d.device,
      d.inWork,
      d.depth,
      d.deepest,
      d.backlogMost,
      d.submitted,
      d.errors,
      d.resets,
    ]),
  ]) + table([
    ["user", "algorithm", "done by", "fallbacks"],
    ...sessions.map(({ user, algorithm, by, fallbacks }) => [
      user,
      algorithm,
      by.filter(({ taken }) => taken > 0).map(({ driverName, taken }) => `${driverName} ${taken}`).join(
        ", ",
      ) ||
      "nobody yet",
      fallbacks,
    ]),
  ]);
}

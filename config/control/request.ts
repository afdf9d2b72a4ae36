import * as v from "valibot";

/**
 * What can be asked over the control socket. Requests come from another process: they are checked here, once, and
 * what does not fit is answered with what was expected.
 */
const flag = v.optional(v.boolean());
const port = v.optional(v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(65535)));
const word = v.optional(v.pipe(v.string(), v.maxLength(64)));

/** As conntrack(8) selects flows, by their original direction; every field given must fit. */
export const FlowSelection = v.strictObject({
  family: v.optional(v.picklist(["ipv4", "ipv6"])),
  /** Name or number. */
  protocol: word,
  source: word,
  destination: word,
  sourcePort: port,
  destinationPort: port,
  mark: v.optional(v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(0xffffffff))),
});

export const Request = v.variant("command", [
  v.strictObject({ command: v.literal("reload") }),
  v.strictObject({ command: v.literal("status") }),
  /** Kills the data plane, for tests: refused unless WEIR_FAULTS=1 stands in the router's environment. */
  v.strictObject({ command: v.literal("fault") }),
  v.strictObject({
    command: v.literal("nft"),
    text: v.string(),
    /** Name of the source in errors; the empty string for a command given as an argument. */
    name: v.string(),
    /** Where its includes are looked for. */
    directory: v.optional(v.string()),
    /** Where the command was given: what `include "./x"` means. */
    workingDirectory: v.optional(v.string()),
    handles: flag,
    stateless: flag,
    terse: flag,
    numeric: flag,
    numericProtocol: flag,
    numericPriority: flag,
    numericTime: flag,
    guid: flag,
    service: flag,
    check: flag,
    netlink: flag,
    json: flag,
    echo: flag,
    optimize: flag,
    /** More places to look for includes in. */
    includePaths: v.optional(v.pipe(v.array(v.string()), v.maxLength(64))),
    /** Variables by name, as `define` would set them. */
    defines: v.optional(v.record(v.string(), v.string())),
    dialect: v.optional(v.picklist(["1.0.6", "newest"])),
  }),
  v.strictObject({
    command: v.literal("conntrack"),
    action: v.picklist(["list", "delete", "count", "statistics"]),
    selection: v.optional(FlowSelection, {}),
  }),
  /** Crypto devices in use, and keys: lines of JSON. */
  v.strictObject({ command: v.literal("crypto") }),
  /** A command of `ip xfrm`: the words behind `xfrm`. */
  v.strictObject({
    command: v.literal("xfrm"),
    words: v.pipe(v.array(v.pipe(v.string(), v.maxLength(4096))), v.maxLength(1024)),
    json: flag,
  }),
]);

export type Request = v.InferOutput<typeof Request>;
export type FlowSelection = v.InferOutput<typeof FlowSelection>;

/** One of these a frame; the answer to a request ends with `end`, the exit status of the command. */
export type Response =
  | { readonly out: string }
  | { readonly err: string }
  | { readonly value: unknown }
  | { readonly end: number };

/** The request in a frame, or what is wrong with it. */
export function checkRequest(value: unknown): { ok: true; request: Request } | { ok: false; error: string } {
  const result = v.safeParse(Request, value);
  if (result.success) return { ok: true, request: result.output };
  const [issue] = result.issues;
  const path = v.getDotPath(issue) ?? "request";
  return { ok: false, error: `${path}: expected ${issue.expected ?? "something else"}` };
}

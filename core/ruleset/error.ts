/**
 * Why a ruleset command was refused: what the kernel would have answered, as a value. `errno` is the kernel's
 * name for it, `message` its text; the language puts the source location before it.
 */
export interface RulesetError {
  readonly reason: RulesetReason;
  /** Kind of thing and its name, as the user wrote them. */
  readonly what: "table" | "chain" | "rule" | "set" | "element" | "object";
  readonly name: string;
  /** More words where the errno alone does not say it; a whole clause. */
  readonly detail?: string;
  /** `source` of the rule it is about, as the language gave it. */
  readonly source?: unknown;
}

export type RulesetReason =
  | "exists"
  | "missing"
  | "busy"
  | "invalid"
  | "loop"
  | "unsupported"
  | "overlap"
  | "full"
  | "memory"
  | "range";

const ERRNO: Readonly<Record<RulesetReason, readonly [string, string]>> = {
  exists: ["EEXIST", "File exists"],
  missing: ["ENOENT", "No such file or directory"],
  busy: ["EBUSY", "Device or resource busy"],
  invalid: ["EINVAL", "Invalid argument"],
  loop: ["EMLINK", "Too many links"],
  unsupported: ["EOPNOTSUPP", "Operation not supported"],
  overlap: ["EEXIST", "interval overlaps with an existing one"],
  full: ["ENFILE", "Too many open files in system"],
  memory: ["ENOMEM", "Cannot allocate memory"],
  range: ["ERANGE", "Numerical result out of range"],
};

export const errnoName = (reason: RulesetReason): string => ERRNO[reason][0];

/** First line as nft prints it, without `Error: `. */
export const errorText = (error: RulesetError): string =>
  error.reason === "overlap"
    ? ERRNO.overlap[1]
    : error.what === "element" && error.reason === "missing" && error.detail !== undefined
    ? error.detail
    : `Could not process rule: ${ERRNO[error.reason][1]}`;

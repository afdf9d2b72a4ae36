import type { Expression } from "../expr/expression.ts";
import type { Table } from "../ruleset/ruleset.ts";
import type { HookStage } from "./execute/hook_stage.ts";
import type { Diagnostic } from "./text/diagnostic.ts";
import type { SourceReader } from "./text/source.ts";
import type { Accounts } from "./types.ts";

/** What the language may ask of its surroundings, and how it prints. */
export interface NftOptions {
  /** For `include`; without it every include is an error. */
  readonly reader?: SourceReader;
  /** Index of an interface for `iif "lo"`; unknown names are located errors. */
  interfaceIndex?(name: string): number | undefined;
  /** Name of an interface for listing `iif`; the index is printed where it is unknown. */
  interfaceName?(index: number): string | undefined;
  /** `-s`: no counter values, no quota use, no expiry times. */
  readonly stateless?: boolean;
  /** `-a`: `# handle N`. */
  readonly handles?: boolean;
  /** `-t`: sets without their elements. */
  readonly terse?: boolean;
  /** `-p`: protocol numbers instead of names. */
  readonly numericProtocol?: boolean;
  /** `-y`: chain priorities as numbers. */
  readonly numericPriority?: boolean;
  /** `-S`: names of services instead of port numbers. */
  readonly service?: boolean;
  /** `-T`: durations in seconds. */
  readonly numericTime?: boolean;
  /** `-u`: users and groups by the names `accounts` knows. */
  readonly guid?: boolean;
  /** Users and groups for `meta skuid`; without them only the names every machine has are known. */
  readonly accounts?: Accounts;
  /** `-n`: everything as numbers. */
  readonly numeric?: boolean;
  /** `-j`: listings as JSON in libnftables-json's schema; a text that begins with `{` is read as JSON. */
  readonly json?: boolean;
  /** `-e`: tells what each command added, as it would be written. */
  readonly echo?: boolean;
  /** Which nft this is: `1.0.6` refuses what came later, and leaves the same things out of its JSON. */
  readonly dialect?: Dialect;
  /** Why the data plane that is to run the rules cannot carry this out: a located error. Absent: it is not asked. */
  refuses?(expression: Expression, table: Table): string | undefined;
  /** Why a base chain at this device sees nothing for now: a located warning. Absent: it is not asked. */
  missingDevice?(device: string): string | undefined;
  /** What packets meet at hooks besides base chains, for `list hooks`. */
  readonly stages?: readonly HookStage[];
  /** `-c`: check only, the ruleset stays as it is. */
  readonly check?: boolean;
  /** `-o`: rules are merged into sets and maps, `error` begins with what was, `output` with the new rules; warnings of rules without effect. */
  readonly optimize?: boolean;
  /** Takes the output as it is made, in pieces; what a run answers is then without it. */
  write?(piece: string): void;
  /** Texts of so many characters have their rules read one at a time, which takes less memory; 65536 without it. */
  readonly passOver?: number;
  /** `netlink`: `output` begins with the bytecode of every rule added. */
  readonly debug?: readonly "netlink"[];
  /** Minutes east of UTC for `meta hour` and `meta time`; 0 without it. */
  readonly timezoneOffset?: number;
  /** Includes and defines may look here: `-I`, `-D`. */
  readonly includePaths?: readonly string[];
  readonly defines?: ReadonlyMap<string, string>;
}

export type Dialect = "1.0.6" | "newest";

export interface NftResult {
  readonly ok: boolean;
  /** What `list` and debug flags printed. */
  readonly output: string;
  /** All diagnostics, rendered. */
  readonly error: string;
  readonly diagnostics: readonly Diagnostic[];
}

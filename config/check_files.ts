import { deviceNames } from "./config.ts";
import { collector, renderDiagnostics } from "./diagnostic.ts";
import { readFiles } from "./files.ts";
import { directoryOf } from "./paths.ts";
import { interfaceNumbers } from "./numbers.ts";
import { Rules } from "./rules.ts";
import { checkVolumeFiles, volumesOf } from "./volumes.ts";

/** What `weir check` says of a configuration and its ruleset. Nothing of the machine is looked at but files. */
export interface CheckResult {
  readonly ok: boolean;
  /** Errors and warnings with their places; may be empty. */
  readonly messages: string;
  /** What the files describe, in half a line. */
  readonly summary: string;
}

export function checkFiles(path: string): CheckResult {
  const files = readFiles(path);
  if (!files.ok) return { ok: false, messages: files.error, summary: "" };
  const { config, ruleset, directory, warnings } = files;
  const numbers = interfaceNumbers();
  numbers.become(deviceNames(config));
  const result = Rules.check(ruleset, directory, {
    interfaceIndex: (name) => numbers.get(name),
    interfaceName: (index) => numbers.nameOf(index),
  });
  const { diagnostics, report } = collector();
  checkVolumeFiles(config, directoryOf(path), report);
  const plural = (count: number, noun: string) => `${count} ${noun}${count === 1 ? "" : "s"}`;
  const interfaces = plural(config.interfaces.length, "interface"),
    ports = plural(config.ports.length, "port");
  const count = volumesOf(config).length, volumes = count === 0 ? "" : `, ${plural(count, "volume")}`;
  return {
    ok: result.ok && diagnostics.every(({ severity }) => severity !== "error"),
    messages: warnings + renderDiagnostics(diagnostics) + result.error,
    summary: `${interfaces} over ${ports}${volumes}, ruleset ${ruleset.name}`,
  };
}

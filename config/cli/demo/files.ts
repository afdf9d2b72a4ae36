import shippedRules from "../../defaults/weir-rules.nft" with { type: "text" };
import ruleset from "./demo.nft" with { type: "text" };
import configuration from "./demo.yaml" with { type: "text" };

/** The files the demo's router runs on: its own two, and the shipped rules that they include. */
export const FILES: Readonly<Record<string, string>> = {
  "demo.yaml": configuration,
  "demo.nft": ruleset,
  "weir-rules.nft": shippedRules,
};

/** Where they are put for the time of the demo. */
export const DIRECTORY = "/run/weir-demo";

/** The same ruleset as one text for the kernel's nft(8), with its names of the devices. */
export const kernelRuleset = (wan: string, lan: string): string =>
  ruleset
    .replace(/^define wan = .*$/m, `define wan = "${wan}"`)
    .replace(/^define lan = .*$/m, `define lan = "${lan}"`)
    .replace(/^include "weir-rules.nft"$/m, () => shippedRules);

/** The files for a router without local devices: nothing of the host can be reached through it. */
export const filesWithoutLocal = (): Readonly<Record<string, string>> => ({
  ...FILES,
  "demo.yaml": configuration.replace(/^ {4}addresses:/gm, "    local: none\n$&"),
});

/** Whether local devices can be made here: /dev/net/tun may be missing, or root's alone. */
export function hasLocalDevices(): boolean {
  try {
    Deno.openSync("/dev/net/tun", { read: true, write: true }).close();
    return true;
  } catch {
    return false;
  }
}

/** Writes the files; what was there goes. */
export function writeFiles(files: Readonly<Record<string, string>>): void {
  removeFiles();
  Deno.mkdirSync(DIRECTORY, { mode: 0o700 });
  for (const [name, text] of Object.entries(files)) Deno.writeTextFileSync(`${DIRECTORY}/${name}`, text);
}

export function removeFiles(): void {
  try {
    Deno.removeSync(DIRECTORY, { recursive: true });
  } catch (e) {
    if (!(e instanceof Deno.errors.NotFound)) throw e;
  }
}

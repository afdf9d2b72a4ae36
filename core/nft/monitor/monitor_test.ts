import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { Nft } from "../nft.ts";

/**
 * Commands and what `nft monitor` 1.0.6 wrote of each, recorded in an empty network namespace. One line
 * is not: flushing a set of intervals it names none of them, one alone it does.
 */
const recorded = readFileSync(new URL("./golden/events.txt", import.meta.url), "utf8")
  .split(/^> /m).slice(1).map((block) => {
    const [command = "", ...lines] = block.trimEnd().split("\n");
    return { command, lines };
  });

const process = () => ({ pid: 1, name: "nft" });
/** Handles and generations are the kernel's own. */
const plain = (line: string): string => line.replace(/(handle|generation) \d+/, "$1 N").trimEnd();

test("every command tells what nft monitor tells of it", () => {
  const nft = new Nft(), told: string[] = [];
  const monitor = nft.monitor("monitor", (lines) => told.push(...lines.trimEnd().split("\n")), { process });
  assert.ok(monitor.ok, monitor.error);
  for (const { command, lines } of recorded) {
    told.length = 0;
    const { error } = nft.run(command);
    assert.equal(error, "", command);
    assert.deepEqual(told.map(plain), lines.map(plain), command);
  }
  told.length = 0;
  monitor.close();
  nft.run("add table ip unheard");
  assert.deepEqual(told, []);
});

import assert from "node:assert/strict";
import { Nft } from "../../core/nft/nft.ts";
import { lacks, TestNetwork } from "../../drivers/sys/test_namespaces.ts";
import { checkFiles } from "../check_files.ts";
import { fileReader } from "../file_reader.ts";

const DIRECTORY = new URL(".", import.meta.url).pathname.replace(/\/$/, "");

/** The shipped definitions, with what is commented out in force: a port forward, a tunnel. */
const TEXT = Deno.readTextFileSync(`${DIRECTORY}/weir.nft`).replace(/^# add rule/gm, "add rule");

function listing(text: string): string {
  const nft = new Nft(undefined, { reader: fileReader, includePaths: [DIRECTORY] });
  const loaded = nft.run(text, "weir.nft");
  assert.ok(loaded.ok, loaded.error);
  return nft.run("list ruleset").output;
}

Deno.test("the shipped files are right", () => {
  assert.deepEqual(checkFiles(`${DIRECTORY}/weir.yaml`).messages, "");
  assert.match(listing(TEXT), /tcp dport 8080 dnat ip to 192.168.1.10:80/);
});

Deno.test("its listing is a ruleset again, and the same one", () => {
  const first = listing(TEXT);
  assert.equal(listing(first), first);
});

Deno.test("a site's own definitions take the place of weir.nft", () => {
  const site = TEXT.replace("198.51.100.0/24, ", "").replace(
    'define wan = "wan"',
    'define wan = { "wan", "wan2" }',
  );
  const listed = listing(site);
  assert.doesNotMatch(listed, /198\.51\.100\.0/);
  assert.match(listed, /iifname \{ "wan", "wan2" \} meta ipsec missing ip saddr @bogons4/);
});

Deno.test({
  name: "nft itself takes the shipped ruleset, and lists it as we do",
  ignore: lacks("namespaces", "nft"),
  fn() {
    using network = new TestNetwork("defaults");
    const file = Deno.makeTempFileSync();
    Deno.writeTextFileSync(file, TEXT);
    assert.equal(network.run("defaults", "nft", "-I", DIRECTORY, "-f", file), "");
    Deno.removeSync(file);
    assert.deepEqual(
      oneLineSets(listing(TEXT)),
      oneLineSets(network.run("defaults", "nft", "list", "ruleset")),
    );
  },
});

/** Elements of a set on one line: where nft breaks it depends on its width. */
const oneLineSets = (text: string): string[] => text.replace(/,\s+/g, ", ").split("\n");

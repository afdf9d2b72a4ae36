import { isPcapError, LINKTYPE_ETHERNET, PcapWriter, readPcap } from "../../core/packet/pcap.ts";
import { parseConfig } from "../../config/load.ts";
import { assemble } from "../../core/classify/assemble.ts";
import { Nft } from "../../core/nft/nft.ts";
import { RulesetStore } from "../../core/ruleset/store.ts";
import { fileReader } from "../../config/file_reader.ts";
import { espFrames, frames } from "./frames.ts";
import type { Target } from "./target.ts";

const text = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);

/** Everything that reads bytes from outside. A new reader is a line here. */
export function targets(): Target[] {
  return [
    shippedRouter(),
    espFrames(assemble(new RulesetStore({ offline: true }).current, 1)),
    pcap(),
    configuration(),
    ruleset(),
  ];
}

const DEFAULTS = new URL("../../config/defaults/", import.meta.url).pathname;

/** Frames against the rules people run. */
function shippedRouter(): Target {
  const store = new RulesetStore({ offline: true });
  const result = new Nft(store, { reader: fileReader, includePaths: [DEFAULTS] })
    .run(Deno.readTextFileSync(`${DEFAULTS}weir.nft`), "weir.nft");
  if (!result.ok) throw new Error(result.error);
  return frames(assemble(store.current, 1), store.cells.numbers);
}

function ruleset(): Target {
  const store = () => new RulesetStore({ offline: true });
  return {
    name: "ruleset",
    seeds: ["weir.nft", "weir-rules.nft"].map((name) => Deno.readFileSync(DEFAULTS + name)),
    run(bytes) {
      const result = new Nft(store(), { reader: { read: () => undefined, glob: () => [] } }).run(
        text(bytes),
        "fuzz",
      );
      mustRead(result.error.replaceAll(/^(?!.*: (Error|Warning): |hint: ).*$/gm, ""));
    },
  };
}

function pcap(): Target {
  const writer = new PcapWriter({ linkType: LINKTYPE_ETHERNET });
  for (let i = 0; i < 3; i++) writer.write({ seconds: i, nanoseconds: i }, new Uint8Array(60));
  return {
    name: "pcap",
    seeds: [writer.bytes()],
    run(bytes) {
      const file = readPcap(bytes);
      if (isPcapError(file)) return mustRead(file.message);
      for (const record of file.records) {
        if (record.start > record.end || record.end > bytes.length) {
          throw new Error("a record outside the file");
        }
      }
    },
  };
}

function configuration(): Target {
  const file = new URL("../../config/defaults/weir.yaml", import.meta.url);
  return {
    name: "weir.yaml",
    seeds: [Deno.readFileSync(file)],
    run(bytes) {
      const result = parseConfig({ name: "weir.yaml", text: text(bytes) });
      if (!result.ok) { for (const diagnostic of result.diagnostics) mustRead(diagnostic.message); }
    },
  };
}

/** No message shows what only the programmer understands. */
function mustRead(message: string): void {
  if (/\bundefined\b|\bnull\b|\bNaN\b|\binternal\b|\[object/.test(message)) {
    throw new Error(`unreadable: ${message}`);
  }
}

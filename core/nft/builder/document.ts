import { type JsonObject, jsonText } from "../json/json.ts";
import type { Nft } from "../nft.ts";

/** What is the same whoever lists it. */
export interface TableName {
  readonly family: string;
  readonly name: string;
}

/** One command a line: an error's line number is the command's. */
export const document = (commands: readonly JsonObject[]): string =>
  `{"nftables": [\n${commands.map(jsonText).join(",\n")}\n]}\n`;

/** Objects of the table as listed; undefined where there is no such table. */
export function listed(nft: Nft, { family, name }: TableName): JsonObject[] | undefined {
  const { ok, output } = nft.run(document([{ list: { table: { family, name } } }]));
  if (!ok) return undefined;
  const { nftables } = JSON.parse(output) as { nftables: JsonObject[] };
  return nftables.filter((object) => !("metainfo" in object));
}

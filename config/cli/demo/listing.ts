/** Comment of the shipped rules that count what a chain's policy drops. */
export const DROP_COMMENT = "dropped by policy";

/** Packets counted so far by the rules with that comment, from the text of `nft list ruleset`. */
export function policyDrops(listing: string): number {
  let packets = 0;
  for (const line of listing.split("\n")) {
    if (!line.includes(`comment "${DROP_COMMENT}"`)) continue;
    packets += Number(/counter packets (\d+)/.exec(line)?.[1] ?? 0);
  }
  return packets;
}

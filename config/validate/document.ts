import type { Check } from "./check.ts";

/** What every configuration has: its version, ports, a ruleset. */
export const checkDocument: Check = ({ source, document, written }, report) => {
  const top = { source, start: 0, end: 1 };
  // a key that is there and wrong was complained about when it was read
  const isMissing = (key: string) => !written.has(key);
  if (document.version === undefined && isMissing("version")) {
    report(top, "the version is missing", { hints: ["begin the file with version: 1"] });
  }
  if (document.ports === undefined ? isMissing("ports") : document.ports.length === 0) {
    report(top, "no ports: a router needs at least one", {
      hints: ["ports:", "  wan: { match: { name: eth0 }, addresses: [198.51.100.2/24] }"],
    });
  }
  const hostname = document.hostname;
  if (hostname !== undefined && !/^[A-Za-z0-9]([A-Za-z0-9-]{0,62}[A-Za-z0-9])?$/.test(hostname.value)) {
    report(hostname.place, "a host name is made of letters, digits and dashes, 63 at most (RFC 1123 2.1)");
  }
  if (document.ruleset === undefined) {
    if (!isMissing("ruleset")) return;
    report(top, "no ruleset: without one everything would be forwarded", {
      hints: ["ruleset: weir.nft, a file beside this one"],
    });
  } else if (document.ruleset.value === "") {
    report(document.ruleset.place, "the path of the ruleset is empty");
  }
};

import type { NftOptions } from "./options.ts";

/** Surroundings of the room's tests: a machine with a loopback interface and nothing else. */
export const lo: NftOptions = {
  interfaceIndex: (name) => (name === "lo" ? 1 : undefined),
  interfaceName: (index) => (index === 1 ? "lo" : undefined),
};

import type { Check } from "./check.ts";

/** The data plane speaks IP with local devices: a TAP would hear frames from nobody and nobody its own. */
export const checkLocal: Check = ({ interfaces }, report) => {
  for (const { settings } of interfaces) {
    if (settings.local?.value !== "tap") continue;
    report(settings.local.place, "a TAP as local device is not built yet", {
      hints: ["leave local: out: a TUN carries everything that speaks IP"],
    });
  }
};

import type { Config } from "../config.ts";
import type { Report } from "../diagnostic.ts";
import { checkAddresses } from "./addresses.ts";
import { checkAdmin } from "./admin.ts";
import { checkAdvertisements } from "./advertise.ts";
import { checkBridges } from "./bridges.ts";
import type { Check } from "./check.ts";
import { checkDocument } from "./document.ts";
import { checkLocal } from "./local.ts";
import { checkNames } from "./names.ts";
import { checkPolicyRules } from "./policy.ts";
import { checkRoutes } from "./routes.ts";
import { checkVolumes } from "./volumes.ts";
import { checkXfrm } from "./xfrm.ts";

const CHECKS: readonly Check[] = [
  checkDocument,
  checkNames,
  checkBridges,
  checkAddresses,
  checkLocal,
  checkRoutes,
  checkPolicyRules,
  checkAdvertisements,
  checkAdmin,
  checkXfrm,
  checkVolumes,
];

export function validate(config: Config, report: Report): void {
  for (const check of CHECKS) check(config, report);
}

import type { Config } from "../config.ts";
import type { Report } from "../diagnostic.ts";

/** A check reads the whole configuration and reports what cannot be meant. None depends on another's verdict. */
export type Check = (config: Config, report: Report) => void;

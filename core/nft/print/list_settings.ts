import type { ObjectDefinition } from "../../ruleset/ruleset.ts";
import { timeType } from "../datatype/time.ts";
import type { ListOptions } from "./context.ts";
import { SYNPROXY_SACK, SYNPROXY_TIMESTAMP } from "../parse/action.ts";
import { priorityText } from "../priority.ts";

/** Lines of the body of an object that holds settings. */
export function settingLines(expression: ObjectDefinition, options: ListOptions): string[] {
  switch (expression.kind) {
    case "ct helper":
      return [`type "${expression.helper}" protocol ${expression.protocol}`, `l3proto ${expression.family}`];
    case "ct timeout": {
      const policy = expression.policy.map(([state, seconds]) =>
        `${state} : ${
          options.types.newest ? timeType.print!(BigInt(seconds) * 1000n, 64, options.types) : seconds
        }`
      ).join(", ");
      return [
        `protocol ${expression.protocol}`,
        `l3proto ${expression.family}`,
        `policy = { ${policy} }`,
      ];
    }
    case "ct expectation":
      return [
        `protocol ${expression.protocol}`,
        `dport ${expression.port}`,
        `timeout ${timeType.print!(BigInt(expression.timeout), 64, options.types)}`,
        `size ${expression.size}`,
        `l3proto ${expression.family}`,
      ];
    case "synproxy": {
      const flags = [
        (expression.flags & SYNPROXY_TIMESTAMP) !== 0 && "timestamp",
        (expression.flags & SYNPROXY_SACK) !== 0 && "sack-perm",
      ].filter((flag) => flag !== false);
      return [
        `mss ${expression.mss}`,
        `wscale ${expression.wscale}`,
        ...(flags.length === 0 ? [] : [flags.join(" ")]),
      ];
    }
    case "secmark":
      return [`"${expression.context}"`];
    case "flowtable": {
      const priority = priorityText("netdev", "ingress", expression.priority, options.numericPriority);
      return [
        `hook ${expression.hook} priority ${priority}`,
        ...(expression.devices.length === 0 ? [] : [`devices = { ${expression.devices.join(", ")} }`]),
        ...(expression.counter ? ["counter"] : []),
        ...(expression.flags.length === 0 ? [] : [`flags ${expression.flags.join(",")}`]),
      ];
    }
    default:
      return [];
  }
}

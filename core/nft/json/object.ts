import type { StatefulObject } from "../../ruleset/ruleset.ts";
import { OBJECT_TYPES } from "../check/stateful.ts";
import type { ListOptions } from "../print/context.ts";
import { jsonSynproxy } from "./action.ts";
import { isObject } from "./document.ts";
import { type JsonObject, oneOrMany } from "./json.ts";
import type { PlaceJson } from "./set.ts";
import { jsonLimit } from "./stateful.ts";

/** A declared object: counter, quota, limit, helper, flowtable ... */
export function objectJson(object: StatefulObject, place: PlaceJson, options: ListOptions): JsonObject {
  const word = [...OBJECT_TYPES].find(([, type]) => type === object.type)?.[0] ?? "counter";
  const flowtable = object.expression.kind === "flowtable";
  return {
    [flowtable ? "flowtable" : word]: {
      family: place.family,
      name: object.name,
      table: place.table,
      handle: object.handle,
      ...(object.comment === undefined ? {} : { comment: object.comment }),
      ...state(object, options),
    },
  };
}

function state({ expression, cell }: StatefulObject, options: ListOptions): JsonObject {
  const now = options.counts?.(cell);
  switch (expression.kind) {
    case "counter":
      // nft tells these in JSON without being asked for state too
      return { packets: now?.[0] ?? expression.packets, bytes: now?.[1] ?? expression.bytes };
    case "quota":
      return {
        bytes: expression.bytes,
        used: Math.min(now?.[0] ?? expression.used, expression.bytes),
        inv: expression.inverted,
      };
    case "limit": {
      const { rate, per, burst, inv, rate_unit, burst_unit } = jsonLimit(expression);
      return {
        rate: rate!,
        per: per!,
        ...(inv === undefined ? {} : { inv }),
        ...(rate_unit === undefined ? {} : { rate_unit }),
        ...(burst === undefined || burst === 0 ? {} : { burst }),
        ...(burst_unit === undefined || burst === 0 ? {} : { burst_unit }),
      };
    }
    case "connlimit":
      return { val: expression.count, ...(expression.inverted ? { inv: true } : {}) };
    case "synproxy": {
      const synproxy = jsonSynproxy(expression);
      return isObject(synproxy) ? synproxy : {};
    }
    case "ct helper":
      return { type: expression.helper, protocol: expression.protocol, l3proto: expression.family };
    case "ct timeout":
      return {
        protocol: expression.protocol,
        l3proto: expression.family,
        policy: Object.fromEntries(expression.policy),
      };
    case "ct expectation":
      return {
        protocol: expression.protocol,
        dport: expression.port,
        timeout: expression.timeout,
        size: expression.size,
        l3proto: expression.family,
      };
    case "secmark":
      return { context: expression.context };
    case "flowtable":
      return {
        hook: expression.hook,
        prio: expression.priority,
        ...(expression.devices.length === 0 ? {} : { dev: oneOrMany(expression.devices) }),
      };
  }
}

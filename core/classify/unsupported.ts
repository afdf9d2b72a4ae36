import { CT_KEYS } from "../expr/ct.ts";
import type { Expression } from "../expr/expression.ts";
import { META_KEYS } from "../expr/meta.ts";
import { objectKey, type SetDefinition, type Table } from "../ruleset/ruleset.ts";

/**
 * Why the data plane cannot carry out an expression; undefined where it can. A ruleset with one such expression is
 * refused when it is loaded into a router, at the statement's place: nothing a rule says is passed over in silence.
 */
export function unsupported(e: Expression, table: Table): string | undefined {
  switch (e.kind) {
    case "queue":
      return e.bypass ? undefined : "no program can take packets from a queue here; with bypass they go on";
    case "dup":
      return "packets cannot be copied to another host or interface";
    case "fwd":
      return "packets cannot be sent on from an ingress chain";
    case "tproxy":
      return "there are no proxies packets could be handed to";
    case "synproxy":
      return "connections are not opened on behalf of servers";
    case "xfrm":
      return "IPsec states are not known to rules";
    case "osf":
      return "systems are not recognised by their SYNs";
    case "exthdr":
      return e.op === "sctp" ? "SCTP chunks are not read" : undefined;
    case "payload":
    case "payload write":
      return e.base === "inner" ? "inner headers are not read" : undefined;
    case "objref":
      return objectReason(table, e.type, e.name);
    case "objref map":
      return "maps to objects are not looked up";
    case "meta set":
      return META_KEYS.includes(e.key) || COMMON_META.includes(e.key)
        ? undefined
        : `meta ${e.key} cannot be set`;
    case "ct set":
      return CT_KEYS.includes(e.key) ? undefined : `ct ${e.key} cannot be set`;
    case "dynset":
      return dynsetReason(e, table.sets.get(e.set));
    default:
      return undefined;
  }
}

const COMMON_META = ["mark", "priority", "pkttype", "nftrace"];

function objectReason(table: Table, type: number, name: string): string | undefined {
  const object = table.objects.get(objectKey(type, name));
  switch (object?.expression.kind) {
    case "counter":
    case "quota":
    case "limit":
    case "connlimit":
    case undefined:
      return undefined;
    default:
      return `${object!.expression.kind} objects have no effect on packets yet`;
  }
}

function dynsetReason(
  e: Extract<Expression, { kind: "dynset" }>,
  set: SetDefinition | undefined,
): string | undefined {
  const own = e.statements ?? [];
  const declared = set?.statements ?? [];
  const counts = own.length === 1 && own[0]!.kind === "counter" && set?.counter === true;
  if (declared.length === 0 && (own.length === 0 || counts)) return undefined;
  return "elements that rules add can count, where their set is declared with counter, and not more";
}

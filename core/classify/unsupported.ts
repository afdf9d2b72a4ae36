import { HELPER_NAMES, helperSlot } from "../conntrack/helpers.ts";
import { PROTOCOL_TCP, PROTOCOL_UDP } from "../packet/ipv4.ts";
import { CT_KEYS } from "../expr/ct.ts";
import { knowsInner } from "../expr/inner.ts";
import type { CtKey, Expression, MetaKey } from "../expr/expression.ts";
import { isLinkFamily } from "./link_family.ts";
import { META_KEYS } from "../expr/meta.ts";
import {
  type Family,
  OBJECT_CONNLIMIT,
  OBJECT_COUNTER,
  OBJECT_CT_EXPECTATION,
  OBJECT_CT_HELPER,
  OBJECT_CT_TIMEOUT,
  OBJECT_FLOWTABLE,
  OBJECT_LIMIT,
  OBJECT_QUOTA,
  type ObjectDefinition,
  objectKey,
  type Table,
} from "../ruleset/ruleset.ts";

/**
 * Why the data plane cannot carry out an expression; undefined where it can. A ruleset with one such expression is
 * refused when it is loaded into a router, at the statement's place: nothing a rule says is passed over in silence.
 */
export function unsupported(e: Expression, table: Table): string | undefined {
  return (isLinkFamily(table.family) ? linkReason(e, table.family) : undefined) ?? reason(e, table);
}

function reason(e: Expression, table: Table): string | undefined {
  switch (e.kind) {
    case "inner":
      return knowsInner(e.type, e.load) ? undefined : "this is not known of packets inside tunnels";
    case "queue":
      return e.bypass ? undefined : "no program can take packets from a queue here; with bypass they go on";
    case "dup":
      return table.family === "netdev"
        ? undefined
        : "packets cannot be copied to another host; in a table of family netdev they can to a port";
    case "fwd":
      return e.address === undefined
        ? undefined
        : "frames are sent on as they are: name the device alone, or route the packets";
    case "tproxy":
      return "there are no proxies packets could be handed to; redirect sends them to this host";
    case "synproxy":
      return "connections are not opened on behalf of servers; limit new ones with limit rate";
    case "osf":
      return "systems are not recognised by their SYNs";
    case "socket":
      return "sockets of the host are not known to rules; match addresses and ports";
    case "meta":
      return LOADED_META.includes(e.key)
        ? undefined
        : UNKNOWN_META[e.key] ?? `meta ${e.key} is not known here`;
    case "ct":
      if (e.key === "event") return "ct event set chooses what is told of a connection; nothing compares it";
      return CT_KEYS.includes(e.key) ? undefined : `ct ${e.key} is not kept with connections`;
    case "flow offload":
      return offloadReason(table, e.flowtable);
    case "objref":
      return objectReason(table, e.type, e.name);
    case "objref map":
      return objectMapReason(e.type);
    case "meta set":
      if (e.key === "broute") {
        return "frames are bridged or routed as their port is; take the port out of the bridge";
      }
      return SET_META.includes(e.key) ? undefined : `meta ${e.key} cannot be set`;
    case "ct set":
      return SET_CT.includes(e.key) ? undefined : `ct ${e.key} cannot be set; ct mark can`;
    default:
      return undefined;
  }
}

/** What frames below the network layer have not. */
function linkReason(e: Expression, family: Family): string | undefined {
  switch (e.kind) {
    case "ct":
    case "ct set":
    case "connlimit":
      return `connections are not tracked in tables of family ${family}; match them in family inet`;
    case "objref":
      return FLOW_OBJECTS.includes(e.type)
        ? `connections are not tracked in tables of family ${family}; name the object in family inet`
        : undefined;
    case "rt":
      return `frames have no route in tables of family ${family}`;
    case "xfrm":
      return `frames have no IPsec states in tables of family ${family}; match them in family inet`;
    case "fib":
      return family === "netdev" ? undefined : `routes are not asked in tables of family ${family}`;
    default:
      return undefined;
  }
}

const FLOW_OBJECTS: readonly number[] = [OBJECT_CT_HELPER, OBJECT_CT_TIMEOUT, OBJECT_CT_EXPECTATION];

const NO_SOCKET = "sockets of the host are not known to rules";
/** Keys that nothing here can answer. */
const UNKNOWN_META: Readonly<Partial<Record<MetaKey, string>>> = {
  skuid: NO_SOCKET,
  skgid: NO_SOCKET,
  cgroup: NO_SOCKET,
  secmark: "packets have no security context",
  broute: "meta broute is set, never compared",
  ibrhwaddr: "addresses of bridges are not known to rules; write the address",
};
const LOADED_META: readonly MetaKey[] = [...META_KEYS, "bri_iifpvid", "bri_iifvproto"];
const SET_META: readonly MetaKey[] = ["mark", "priority", "pkttype", "nftrace"];

const SET_CT: readonly CtKey[] = ["mark", "label", "zone", "event"];

/** A flowtable is a hint that costs nothing to pass over; hardware that takes flows over is none. */
function offloadReason(table: Table, name: string): string | undefined {
  const made = table.objects.get(objectKey(OBJECT_FLOWTABLE, name))?.expression;
  return made?.kind === "flowtable" && made.flags.includes("offload")
    ? `no device takes flows over in hardware: leave out flags offload of flowtable ${name}`
    : undefined;
}

function objectReason(table: Table, type: number, name: string): string | undefined {
  const object = table.objects.get(objectKey(type, name));
  switch (object?.expression.kind) {
    case "counter":
    case "quota":
    case "limit":
    case "connlimit":
    case "ct timeout":
    case "ct expectation":
    case undefined:
      return undefined;
    case "ct helper":
      return helperReason(object.expression);
    default:
      return `${object!.expression.kind} objects have no effect on packets yet`;
  }
}

const helperReason = (
  { helper, protocol }: Extract<ObjectDefinition, { kind: "ct helper" }>,
): string | undefined =>
  helperSlot(helper, protocol === "tcp" ? PROTOCOL_TCP : PROTOCOL_UDP) > 0
    ? undefined
    : `no helper ${helper} is known for ${protocol}; there are ${HELPER_NAMES.join(", ")}`;

/** Elements of a map may lead to objects that count and limit. */
const objectMapReason = (type: number): string | undefined =>
  [OBJECT_COUNTER, OBJECT_QUOTA, OBJECT_LIMIT, OBJECT_CONNLIMIT].includes(type)
    ? undefined
    : "maps lead to counters, quotas, limits and ct counts; name the other objects in rules";

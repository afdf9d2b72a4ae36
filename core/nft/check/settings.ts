import type { ObjectDefinition, Table } from "../../ruleset/ruleset.ts";
import type { Command, ObjectBody } from "../tree/command.ts";
import { refuse } from "../text/diagnostic.ts";
import { deviceNames, priorityIn } from "./hook.ts";
import { nearest } from "../types.ts";

type ObjectCommand = Extract<Command, { kind: "object" }>;

/** States of a flow and how long it stays in each by default, in the kernel's order; seconds. */
export const FLOW_STATES: Readonly<
  Record<"tcp" | "udp", readonly (readonly [name: string, seconds: number])[]>
> = {
  tcp: [
    ["syn_sent", 120],
    ["syn_recv", 60],
    ["established", 432000],
    ["fin_wait", 120],
    ["close_wait", 60],
    ["last_ack", 30],
    ["time_wait", 120],
    ["close", 10],
    ["syn_sent2", 120],
    ["retrans", 300],
    ["unack", 300],
  ],
  udp: [["unreplied", 30], ["replied", 120]],
};

/** Objects that hold settings for others: helpers, timeouts, expectations, SYN proxies, security marks, flowtables. */
export function settingsOf(table: Table, command: ObjectCommand, body: ObjectBody): ObjectDefinition {
  const { object, type } = command;
  switch (type) {
    case "ct helper": {
      if (body.helper === undefined) return incomplete(command, 'type "ftp" protocol tcp;');
      return {
        kind: type,
        helper: body.helper.name,
        protocol: body.helper.protocol,
        family: familyOf(table, command, body),
      };
    }
    case "ct timeout": {
      const family = familyOf(table, command, body);
      const policy = policyOf(body);
      if (body.protocol === undefined) return incomplete(command, "protocol tcp;");
      return { kind: type, protocol: body.protocol, family, policy };
    }
    case "ct expectation": {
      const { protocol, port, timeout, size } = body;
      if (protocol === undefined || port === undefined || timeout === undefined || size === undefined) {
        return refuse(object.span, "missing options", [], [
          "an expectation has protocol, dport, timeout and size",
        ]);
      }
      return {
        kind: type,
        protocol,
        port,
        timeout: Number(timeout),
        size,
        family: familyOf(table, command, body),
      };
    }
    case "synproxy":
      if (body.synproxy === undefined) return incomplete(command, "mss 1460; wscale 7;");
      return { kind: type, ...body.synproxy };
    case "secmark":
      if (body.secmark === undefined) return incomplete(command, '"system_u:object_r:packet_t:s0"');
      return { kind: type, context: body.secmark };
    default:
      return flowtableOf(command, body);
  }
}

const incomplete = (command: ObjectCommand, example: string): never =>
  refuse(command.object.span, `the ${command.type} needs its settings`, [], [`write { ${example} }`]);

function familyOf(table: Table, command: ObjectCommand, body: ObjectBody): "ip" | "ip6" | "inet" {
  const own = table.family === "ip" || table.family === "ip6" ? table.family : "inet";
  const { family = own } = body;
  if (own !== "inet" && family !== own) {
    refuse(command.object.span, "Could not process rule: Invalid argument", [], [
      `l3proto ${family} does not go with a table of family ${own}`,
    ]);
  }
  return family;
}

/** In the kernel's order, states left at their default not among them. */
function policyOf(body: ObjectBody): (readonly [string, number])[] {
  const states = body.protocol === undefined ? [] : FLOW_STATES[body.protocol];
  const names = states.map(([name]) => name);
  for (const { state, span } of body.policy ?? []) {
    if (names.includes(state)) continue;
    const near = nearest(state, names);
    refuse(
      span,
      "invalid state for this protocol",
      [],
      near === undefined ? names : [`did you mean ${near}?`],
    );
  }
  const given = new Map(body.policy?.map(({ state, seconds }) => [state, seconds]));
  return states.flatMap(([name, usual]) => {
    const seconds = given.get(name) ?? usual;
    return seconds === usual ? [] : [[name, seconds] as const];
  });
}

function flowtableOf(command: ObjectCommand, body: ObjectBody): ObjectDefinition {
  const table = body.flowtable;
  if (table?.hook === undefined || table.priority === undefined) {
    return incomplete(command, "hook ingress priority filter; devices = { eth0 };");
  }
  if (table.hook.text !== "ingress") {
    refuse(table.hook.span, "unknown chain hook", [], ["a flowtable's is ingress"]);
  }
  return {
    kind: "flowtable",
    hook: table.hook.text,
    priority: priorityIn("netdev", table.hook.text, table.priority, "invalid priority expression value."),
    devices: [...new Set(table.devices.flatMap(deviceNames))].sort(),
    flags: table.flags,
    counter: table.counter,
  };
}

import type { ObjectDefinition } from "../../ruleset/ruleset.ts";
import { settingsOf } from "../check/settings.ts";
import { limitExpression, OBJECT_TYPES } from "../check/stateful.ts";
import type { Command } from "../tree/command.ts";
import { refuse } from "../text/diagnostic.ts";
import { executeResetObject } from "./reset.ts";
import { check, type Execution } from "./execution.ts";
import { requireTable } from "./named.ts";

type ObjectCommand = Extract<Command, { kind: "object" }>;

export function executeObject(execution: Execution, command: ObjectCommand): void {
  const { transaction } = execution;
  const { object, type, verb, body } = command;
  const table = requireTable(execution, command.table);
  const number = OBJECT_TYPES.get(type);
  if (number === undefined) return refuse(object.span, `there are no objects of type ${type}`);
  if (verb === "reset" && (type === "counter" || type === "quota")) {
    return executeResetObject(execution, command);
  }
  if (verb === "delete") {
    return check(transaction.deleteObject(table.family, table.name, number, object.text), object.span);
  }
  if (verb !== "add" && verb !== "create") {
    refuse(command.span, `${type} objects can be added, created and deleted`);
  }
  let expression: ObjectDefinition;
  switch (type) {
    case "counter":
      expression = {
        kind: "counter",
        packets: body?.counter?.packets ?? 0,
        bytes: body?.counter?.bytes ?? 0,
      };
      break;
    case "quota": {
      const quota = body?.quota;
      if (quota === undefined) return refuse(object.span, "the quota needs an amount: { 25 mbytes }");
      expression = { kind: "quota", ...quota };
      break;
    }
    case "limit":
      if (body?.limit === undefined) return refuse(object.span, "the limit needs a rate: { rate 10/second }");
      expression = limitExpression(body.limit);
      break;
    default:
      expression = settingsOf(table, command, body ?? {});
  }
  const spec = {
    name: object.text,
    type: number,
    expression,
    ...(body?.comment === undefined ? {} : { comment: body.comment }),
  };
  check(transaction.addObject(table.family, table.name, spec, verb === "create"), object.span);
}

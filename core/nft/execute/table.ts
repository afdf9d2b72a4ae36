import { refuse } from "../text/diagnostic.ts";
import type { Command } from "../tree/command.ts";
import { check, type Execution } from "./execution.ts";
import { requireTable } from "./named.ts";

export function executeTable(execution: Execution, command: Extract<Command, { kind: "table" }>): void {
  const { transaction } = execution;
  const { table, body, verb } = command;
  switch (verb) {
    case "add":
    case "create": {
      const unknown = body?.flags.find((flag) => flag.text !== "dormant");
      if (unknown !== undefined) {
        refuse(unknown.span, `unknown table option ${unknown.text}`, [], [
          "the option of a table is dormant",
        ]);
      }
      const spec = {
        family: table.family,
        name: table.name,
        // None written is none: adding a dormant table again wakes it (nf_tables_updtable).
        flags: body?.flags.map((flag) => flag.text) ?? [],
        ...(body?.comment === undefined ? {} : { comment: body.comment }),
      };
      return check(transaction.addTable(spec, verb === "create"), table.span);
    }
    case "delete": {
      if (table.handle === undefined && transaction.table(table.family, table.name) === undefined) {
        refuse(table.span, "Could not process rule: No such file or directory");
      }
      const found = requireTable(execution, table);
      return check(transaction.deleteTable(found.family, found.name), table.span);
    }
    case "flush": {
      const found = requireTable(execution, table);
      return check(transaction.flushTable(found.family, found.name), table.span);
    }
    default:
      return refuse(
        command.span,
        `a table cannot be ${verb === "get" ? "got" : verb + (verb === "reset" ? "" : "d")}`,
      );
  }
}

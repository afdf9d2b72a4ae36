import type { Json, JsonObject } from "../json/json.ts";
import type { FieldName, ProtocolName } from "../protocol/registry.ts";

/** A field of a header: `field("tcp", "dport")`. Names are those of the protocol table, checked as types. */
export const field = <P extends ProtocolName>(protocol: P, name: FieldName<P>): JsonObject => ({
  payload: { protocol, field: name },
});

export type Relation = "==" | "!=" | "<" | ">" | "<=" | ">=" | "in" | "!";

/** Goes on only where the relation holds: `match(field("tcp", "dport"), "==", 22)`. */
export const match = (left: Json, op: Relation, right: Json): JsonObject => ({ match: { op, left, right } });

import { type Json, type JsonObject, jsonText } from "../json/json.ts";
import type { TableName } from "./document.ts";
import { commonSequence } from "./sequence.ts";

interface Part {
  readonly kind: string;
  readonly name: string;
  /** As listed, without handle and elements. */
  readonly plain: JsonObject;
  readonly elements: readonly Json[];
}

/** A table as listed, by what it is made of. */
interface Parts {
  readonly declared: ReadonlyMap<string, Part>;
  /** Rules of each chain in order. */
  readonly rules: ReadonlyMap<string, readonly JsonObject[]>;
}

/**
 * The fewest commands from one listing to another; undefined where something that others may refer to would have to
 * be made anew (the type of a set, a chain that becomes a base chain).
 *
 * Order: what goes leaves its rules first; then what is declared, elements out and in, rules; removals last.
 */
export function difference(
  table: TableName,
  wanted: readonly JsonObject[],
  there: readonly JsonObject[],
  filledByRules: (set: string) => boolean,
): JsonObject[] | undefined {
  const before = partsOf(there), after = partsOf(wanted);
  const place = (name: string): JsonObject => ({ family: table.family, table: table.name, name });
  const early: JsonObject[] = [],
    declared: JsonObject[] = [],
    taken: JsonObject[] = [],
    put: JsonObject[] = [];
  const removals: JsonObject[] = [];
  const anew = new Set<string>();
  for (const [key, part] of after.declared) {
    const { kind, name, plain } = part, old = before.declared.get(key);
    const same = old !== undefined && jsonText(plain) === jsonText(old.plain);
    if (!same && old !== undefined && kind !== "table") {
      if (kind !== "chain" || old.plain.hook === undefined) return undefined;
      // Nothing leads to a base chain: it may go and come again, unless only its policy differs.
      const { policy: _, ...hooked } = plain, { policy: __, ...oldHooked } = old.plain;
      if (jsonText(hooked) !== jsonText(oldHooked)) {
        early.push({ flush: { chain: place(name) } }, { delete: { chain: place(name) } });
        anew.add(name);
      }
    }
    if (!same) declared.push({ add: { [kind]: plain } });
    if (old !== undefined && filledByRules(name)) continue;
    const [more, less] = changed(part.elements, old?.elements ?? []);
    if (less.length > 0) taken.push({ delete: { element: { ...place(name), elem: less } } });
    if (more.length > 0) put.push({ add: { element: { ...place(name), elem: more } } });
  }
  for (const [key, { kind, name }] of before.declared) {
    if (after.declared.has(key) || kind === "table") continue;
    if (kind === "chain") early.push({ flush: { chain: place(name) } });
    removals.push({ delete: { [kind]: place(name) } });
  }
  const rules = [...after.declared.values()].filter(({ kind }) => kind === "chain").flatMap(({ name }) =>
    rulesFrom(anew.has(name) ? [] : before.rules.get(name) ?? [], after.rules.get(name) ?? [])
  );
  const outs = rules.filter((command) => "delete" in command);
  const ins = rules.filter((command) => !("delete" in command));
  return [...early, ...outs, ...declared, ...taken, ...put, ...ins, ...removals];
}

function partsOf(objects: readonly JsonObject[]): Parts {
  const declared = new Map<string, Part>(), rules = new Map<string, JsonObject[]>();
  for (const object of objects) {
    const [kind, body] = Object.entries(object)[0] as [string, JsonObject];
    if (kind === "rule") {
      const chain = `${body.chain}`, known = rules.get(chain);
      if (known === undefined) rules.set(chain, [body]);
      else known.push(body);
      continue;
    }
    const { handle: _, elem, ...plain } = body;
    const elements = Array.isArray(elem) ? elem as readonly Json[] : [];
    // Sets and maps share their names, chains and objects of each kind have theirs.
    declared.set(`${kind === "map" ? "set" : kind} ${body.name}`, {
      kind,
      name: `${body.name}`,
      plain,
      elements,
    });
  }
  return { declared, rules };
}

/** What a rule says, and where. */
function words(rule: JsonObject): JsonObject {
  const { handle: _, ...rest } = rule;
  return rest;
}

/** Rules of one chain: those both have stay; between them replaced as far as they go in pairs, then taken or put. */
function rulesFrom(before: readonly JsonObject[], after: readonly JsonObject[]): JsonObject[] {
  const text = (rule: JsonObject): string => jsonText(words(rule));
  const kept = commonSequence(before.map(text), after.map(text));
  const commands: JsonObject[] = [];
  let from = 0, to = 0;
  for (const [old, next] of [...kept, [before.length, after.length] as const]) {
    const pairs = Math.min(old - from, next - to);
    for (let index = 0; index < pairs; index++) {
      const rule = { ...words(after[to + index]!), handle: before[from + index]!.handle! };
      commands.push({ replace: { rule } });
    }
    for (const { family, table, chain, handle } of before.slice(from + pairs, old)) {
      commands.push({ delete: { rule: { family: family!, table: table!, chain: chain!, handle: handle! } } });
    }
    const anchor = before[old]?.handle;
    for (const rule of after.slice(to + pairs, next)) {
      commands.push(
        anchor === undefined
          ? { add: { rule: words(rule) } }
          : { insert: { rule: { ...words(rule), handle: anchor } } },
      );
    }
    from = old + 1;
    to = next + 1;
  }
  return commands;
}

/** Elements to add and to take out. */
function changed(wanted: readonly Json[], there: readonly Json[]): [Json[], Json[]] {
  const list = (elements: readonly Json[]): Map<string, Json> =>
    new Map(elements.map((each) => [jsonText(each), each]));
  const after = list(wanted), before = list(there);
  return [
    [...after].filter(([key]) => !before.has(key)).map(([, each]) => each),
    [...before].filter(([key]) => !after.has(key)).map(([, each]) => each),
  ];
}

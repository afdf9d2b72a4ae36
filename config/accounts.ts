import type { Accounts } from "../core/nft/types.ts";

const FILES = { user: "/etc/passwd", group: "/etc/group" } as const;

/** Users and groups of this machine, as passwd(5) and group(5) tell them. */
export const accounts: Accounts = {
  number: (kind, name) => rows(kind).find((row) => row.name === name)?.number,
  name: (kind, number) => rows(kind).find((row) => row.number === number)?.name,
};

interface Row {
  readonly name: string;
  readonly number: number;
}

const known = new Map<string, { readonly read: number; readonly rows: readonly Row[] }>();

/** Files are read again when they have changed. */
function rows(kind: "user" | "group"): readonly Row[] {
  const path = FILES[kind];
  try {
    const changed = Deno.statSync(path).mtime?.getTime() ?? 0, before = known.get(kind);
    if (before !== undefined && before.read === changed) return before.rows;
    const found = Deno.readTextFileSync(path).split("\n").flatMap((line) => {
      const [name, , number] = line.split(":");
      return name !== undefined && /^\d{1,10}$/.test(number ?? "") ? [{ name, number: Number(number) }] : [];
    });
    known.set(kind, { read: changed, rows: found });
    return found;
  } catch {
    return [];
  }
}

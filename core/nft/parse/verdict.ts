import type { Cursor } from "../text/cursor.ts";
import { parseVariable } from "./variable.ts";
import { LITERAL, WORD } from "../text/token.ts";
import type { Node, VerdictNode } from "../tree/tree.ts";

const PLAIN = ["accept", "drop", "continue", "return"] as const;

export const startsVerdict = (c: Cursor): boolean =>
  c.isWord() && (PLAIN.includes(c.text() as typeof PLAIN[number]) || c.is("jump") || c.is("goto"));

/** `accept`, `drop`, `continue`, `return`, `jump CHAIN`, `goto CHAIN`. */
export function parseVerdict(c: Cursor): VerdictNode {
  const start = c.at;
  const word = c.take();
  const plain = PLAIN.find((code) => code === word);
  if (plain !== undefined) return { kind: "verdict", code: plain, span: c.since(start) };
  const at = c.at;
  let chain: Node;
  if (c.is("$")) chain = parseVariable(c);
  else {
    if (c.kind() !== WORD && c.kind() !== LITERAL) c.unexpected("expected the name of a chain");
    chain = { kind: "symbol", text: c.identifier("the name of a chain"), quoted: false, span: c.since(at) };
  }
  return { kind: "verdict", code: word === "jump" ? "jump" : "goto", chain, span: c.since(start) };
}

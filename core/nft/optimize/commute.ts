import { mayMeet } from "./condition.ts";
import { meets } from "./effects.ts";
import type { Studied } from "./study.ts";
import { bareVerdict, ends } from "./tail.ts";

/**
 * Whether a rule may be moved up past another.
 *
 * Precondition  no packet fits both, and neither writes what the other asks (the moved one may, where it ends the
 *               chain): then whoever fits one sees nothing of the other, before or behind it. Or both do nothing but
 *               decide, and alike.
 *               A rule's condition is made of the matches before its first statement: what a rule counts or limits
 *               before it asks on, it does for the other's packets too, and these are then proven apart without it.
 */
export function mayPass(moved: Studied, other: Studied): boolean {
  if (!moved.known || !other.known || meets(other.writes, moved.reads)) return false;
  const verdict = bareVerdict(moved);
  if (verdict !== undefined && verdict === bareVerdict(other)) return true;
  if (meets(moved.writes, other.reads) && !ends(moved)) return false;
  return !mayMeet(moved.condition, other.condition);
}

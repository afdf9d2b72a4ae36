import type { Expression } from "../expr/expression.ts";
import { hostWords, lastMask } from "../ruleset/sets/image.ts";
import { type Emitter, NEXT } from "./emitter.ts";
import * as op from "./opcodes.ts";
import { register } from "./registers.ts";

/**
 * A load or bitwise operation and the equality test behind it as one instruction. Sound without condition: the
 * instruction writes the register as the load did, then tests it as the comparison did. Answers whether it took
 * both expressions.
 */
export function fuse(first: Expression, second: Expression, emitter: Emitter): boolean {
  if (second.kind !== "cmp" || (second.op !== "eq" && second.op !== "neq")) return false;
  const { data } = second, to = "dreg" in first ? first.dreg : undefined;
  if (to === undefined || to !== second.sreg || data.length === 0) return false;
  const words = hostWords(data), mask = lastMask(data.length);
  if (first.kind === "bitwise" && words.length === 1 && first.length <= 4) {
    emitter.emit(
      second.op === "eq" ? op.OP_BITWISE_EQ : op.OP_BITWISE_NEQ,
      register(first.sreg, first.length),
      register(first.dreg, first.length),
      hostWords(first.mask)[0]!,
      hostWords(first.xor)[0]!,
      mask,
      words[0]!,
      NEXT,
    );
    return true;
  }
  if (second.op === "neq") return false;
  if (first.kind === "payload" && words.length === 1) {
    const fused = first.base === "network" && first.length === 1
      ? op.OP_NETWORK_1_EQ
      : first.base === "network" && first.length === 4
      ? op.OP_NETWORK_4_EQ
      : first.base === "transport" && first.length === 2
      ? op.OP_TRANSPORT_2_EQ
      : -1;
    if (fused < 0) return false;
    emitter.emit(fused, first.offset, register(to, first.length), mask, words[0]!, NEXT);
    return true;
  }
  if (first.kind !== "meta") return false;
  if ((first.key === "l4proto" || first.key === "nfproto") && words.length === 1) {
    const fused = first.key === "l4proto" ? op.OP_L4PROTO_EQ : op.OP_NFPROTO_EQ;
    emitter.emit(fused, register(to, 1), mask, words[0]!, NEXT);
    return true;
  }
  if ((first.key === "iifname" || first.key === "oifname") && data.length === 16) {
    emitter.emit(op.OP_NAME_EQ, first.key === "iifname" ? 0 : 1, register(to, 16), NEXT, ...words);
    return true;
  }
  return false;
}

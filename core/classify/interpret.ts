import { compareWords, holds } from "../expr/compare.ts";
import { loadCt, storeCt } from "../expr/ct.ts";
import { runElement, runObject } from "../expr/element.ts";
import { loadExtension, storeTcpOption, stripTcpOption } from "../expr/exthdr.ts";
import { jenkinsHash, nextNumber, scale, symmetricHash } from "../expr/hash.ts";
import { overQuota, withinLimit } from "../expr/limit.ts";
import { loadMeta, storeMeta } from "../expr/meta.ts";
import { requestNat } from "../expr/nat.ts";
import { loadInner } from "../expr/inner.ts";
import { loadPayload, storePayload, transportAt } from "../expr/payload.ts";
import { loadFib, loadRoute } from "../expr/route.ts";
import { loadXfrm } from "../expr/xfrm.ts";
import { reverseBytes, shift } from "../expr/arithmetic.ts";
import type { PacketBatch } from "../packet/batch.ts";
import { CT_INVALID, CT_UNTRACKED } from "../packet/columns.ts";
import {
  CODE_ACCEPT,
  CODE_CONTINUE,
  CODE_DROP,
  CODE_GOTO,
  CODE_JUMP,
  CODE_RETURN,
} from "../ruleset/sets/image.ts";
import { liveAdd, liveDelete } from "../ruleset/sets/live_rows.ts";
import { find } from "../ruleset/sets/find.ts";
import { FLOW_OBJECT_DONE, FLOW_OBJECT_DROP } from "./flow_view.ts";
import type { MachineState } from "./state.ts";
import { traceLookup, traceRule } from "./trace.ts";

/** How a chain ended. */
export const RESULT_ACCEPT = 0;
export const RESULT_DROP = 1;
/** The end of the base chain: its policy decides. */
export const RESULT_POLICY = 2;
/** Sent on to `state.target`. */
export const RESULT_STOLEN = 3;

/**
 * Runs instructions from `entry` until the packet is decided, as nft_do_chain: one loop, one switch. The labels
 * are the numbers of `opcodes.ts`, which also says what the operands are.
 *
 * What cannot be read does not match: the instruction goes on at its `next`. Registers outlive rules.
 */
export function interpret(state: MachineState, entry: number, batch: PacketBatch, row: number): number {
  const code = state.code, r = state.registers, stack = state.stack;
  const b = batch.bytes(row), network = batch.network[row]!, end = batch.end[row]!;
  let transport = batch.transport[row]!;
  if (transport === 0) transport = transportAt(batch, row);
  const bytes = end - network + state.header;
  let pc = entry, depth = 0;
  for (;;) {
    switch (code[pc]) {
      case 0: // return, or the chain's end
        if (depth === 0) return RESULT_POLICY;
        pc = stack[--depth]!;
        continue;
      case 1: // accept
        return RESULT_ACCEPT;
      case 2: // drop
        return RESULT_DROP;
      case 3: // jump
        if (depth === stack.length) return RESULT_DROP;
        stack[depth++] = code[pc + 2]!;
        pc = code[pc + 1]!;
        continue;
      case 4: // goto
      case 5: // skip
        pc = code[pc + 1]!;
        continue;
      case 6: { // network_1
        const at = network + code[pc + 1]!;
        if (at >= end) break;
        r[code[pc + 2]!] = b[at]!;
        pc += 4;
        continue;
      }
      case 7: { // network_2
        const at = network + code[pc + 1]!;
        if (at + 2 > end) break;
        r[code[pc + 2]!] = b[at]! | (b[at + 1]! << 8);
        pc += 4;
        continue;
      }
      case 8: { // network_4
        const at = network + code[pc + 1]!;
        if (at + 4 > end) break;
        r[code[pc + 2]!] = b[at]! | (b[at + 1]! << 8) | (b[at + 2]! << 16) | (b[at + 3]! << 24);
        pc += 4;
        continue;
      }
      case 9: { // transport_1
        const at = transport + code[pc + 1]!;
        if (transport < 0 || at >= end) break;
        r[code[pc + 2]!] = b[at]!;
        pc += 4;
        continue;
      }
      case 10: { // transport_2
        const at = transport + code[pc + 1]!;
        if (transport < 0 || at + 2 > end) break;
        r[code[pc + 2]!] = b[at]! | (b[at + 1]! << 8);
        pc += 4;
        continue;
      }
      case 11: { // transport_4
        const at = transport + code[pc + 1]!;
        if (transport < 0 || at + 4 > end) break;
        r[code[pc + 2]!] = b[at]! | (b[at + 1]! << 8) | (b[at + 2]! << 16) | (b[at + 3]! << 24);
        pc += 4;
        continue;
      }
      case 12: // payload
        if (!loadPayload(state, code[pc + 1]!, code[pc + 2]!, code[pc + 3]!, code[pc + 4]!, batch, row)) {
          pc = code[pc + 5]!;
        } else pc += 6;
        continue;
      case 13: // meta_mark
        r[code[pc + 1]!] = batch.mark[row]!;
        pc += 2;
        continue;
      case 14: // meta_interface
        r[code[pc + 2]!] = code[pc + 1] === 0 ? state.input : state.output;
        pc += 3;
        continue;
      case 15: { // meta_name
        const names = state.names, from = (code[pc + 1] === 0 ? state.input : state.output) * 4;
        const to = code[pc + 2]!;
        r[to] = names[from]!;
        r[to + 1] = names[from + 1]!;
        r[to + 2] = names[from + 2]!;
        r[to + 3] = names[from + 3]!;
        pc += 3;
        continue;
      }
      case 16: // meta_nfproto
        r[code[pc + 1]!] = batch.family[row] === 4 ? 2 : 10;
        pc += 2;
        continue;
      case 17: // meta_l4proto
        r[code[pc + 1]!] = batch.protocol[row]!;
        pc += 2;
        continue;
      case 18: // meta
        pc = loadMeta(state, code[pc + 1]!, code[pc + 2]!, batch, row) ? pc + 4 : code[pc + 3]!;
        continue;
      case 19: // cmp_eq
        pc = (r[code[pc + 1]!]! & code[pc + 2]!) === code[pc + 3] ? pc + 5 : code[pc + 4]!;
        continue;
      case 20: // cmp_neq
        pc = (r[code[pc + 1]!]! & code[pc + 2]!) !== code[pc + 3] ? pc + 5 : code[pc + 4]!;
        continue;
      case 21: { // cmp_order
        const w = r[code[pc + 2]!]! & code[pc + 3]!;
        const key = ((w << 24) | ((w & 0xff00) << 8) | ((w >>> 8) & 0xff00) | (w >>> 24)) >>> 0;
        pc = holds(code[pc + 1]!, key - (code[pc + 4]! >>> 0)) ? pc + 6 : code[pc + 5]!;
        continue;
      }
      case 22: { // cmp_words
        const at = code[pc + 2]!, words = code[pc + 3]!, last = words - 1;
        let i = 0;
        while (i < last && r[at + i] === code[pc + 6 + i]) i++;
        const equal = i === last && (r[at + i]! & code[pc + 5]!) === code[pc + 6 + i];
        pc = equal !== (code[pc + 1] === 1) ? pc + 6 + words : code[pc + 4]!;
        continue;
      }
      case 23: { // cmp_bytes
        const words = code[pc + 3]!;
        const sign = compareWords(r, code[pc + 2]!, code, pc + 6, words, code[pc + 4]!);
        pc = holds(code[pc + 1]!, sign) ? pc + 6 + words : code[pc + 5]!;
        continue;
      }
      case 24: { // range
        const at = code[pc + 2]!, words = code[pc + 3]!, last = code[pc + 4]!;
        const inside = compareWords(r, at, code, pc + 6, words, last) >= 0 &&
          compareWords(r, at, code, pc + 6 + words, words, last) <= 0;
        pc = inside !== (code[pc + 1] === 1) ? pc + 6 + 2 * words : code[pc + 5]!;
        continue;
      }
      case 25: // bitwise_1
        r[code[pc + 2]!] = (r[code[pc + 1]!]! & code[pc + 3]!) ^ code[pc + 4]!;
        pc += 5;
        continue;
      case 26: { // bitwise
        const from = code[pc + 1]!, to = code[pc + 2]!, words = code[pc + 3]!;
        for (let i = 0; i < words; i++) {
          r[to + i] = (r[from + i]! & code[pc + 4 + 2 * i]!) ^ code[pc + 5 + 2 * i]!;
        }
        pc += 4 + 2 * words;
        continue;
      }
      case 27: // shift
        shift(state, pc + 1);
        pc += 6;
        continue;
      case 28: // byteorder
        reverseBytes(state, code[pc + 1]!, code[pc + 2]!, code[pc + 3]!, code[pc + 4]!);
        pc += 5;
        continue;
      case 29: // immediate_1
        r[code[pc + 1]!] = code[pc + 2]!;
        pc += 3;
        continue;
      case 30: { // immediate
        const to = code[pc + 1]!, words = code[pc + 2]!;
        for (let i = 0; i < words; i++) r[to + i] = code[pc + 3 + i]!;
        pc += 3 + words;
        continue;
      }
      case 31: { // lookup
        const set = state.sets[code[pc + 1]!]!, found = find(set, r, code[pc + 2]!, batch);
        if ((found >= 0) === (code[pc + 3] === 1)) {
          pc = code[pc + 4]!;
          continue;
        }
        if (found >= 0 && set.places.length > 0 && !runElement(state, set, found, bytes, batch, row)) {
          pc = code[pc + 4]!;
        } else pc += 5;
        continue;
      }
      case 32: { // lookup_data
        const set = state.sets[code[pc + 1]!]!, found = find(set, r, code[pc + 2]!, batch);
        if (found < 0) {
          pc = code[pc + 4]!;
          continue;
        }
        const to = code[pc + 3]!, words = set.dataWords;
        for (let i = 0, from = found * words; i < words; i++) r[to + i] = set.data[from + i]!;
        if (set.places.length > 0 && !runElement(state, set, found, bytes, batch, row)) pc = code[pc + 4]!;
        else pc += 5;
        continue;
      }
      case 33: { // lookup_verdict
        const set = state.sets[code[pc + 1]!]!, found = find(set, r, code[pc + 2]!, batch);
        if (found < 0) {
          pc = code[pc + 3]!;
          continue;
        }
        if (set.places.length > 0 && !runElement(state, set, found, bytes, batch, row)) {
          pc = code[pc + 3]!;
          continue;
        }
        const decision = set.data[2 * found]!, target = set.data[2 * found + 1]!;
        if (decision === CODE_ACCEPT) return RESULT_ACCEPT;
        if (decision === CODE_DROP) return RESULT_DROP;
        if (decision === CODE_GOTO) pc = target;
        else if (decision === CODE_CONTINUE) pc += 4;
        else if (decision === CODE_RETURN) {
          if (depth === 0) return RESULT_POLICY;
          pc = stack[--depth]!;
        } else if (decision === CODE_JUMP) {
          if (depth === stack.length) return RESULT_DROP;
          stack[depth++] = code[pc + 3]!;
          pc = target;
        } else pc = code[pc + 3]!;
        continue;
      }
      case 34: // ct_state
        r[code[pc + 1]!] = batch.ctState[row] === 0 ? CT_INVALID : batch.ctState[row]!;
        pc += 2;
        continue;
      case 35: { // ct_status
        const flow = batch.flow[row]!, flows = state.environment.flows;
        if (flow < 0 || flows === undefined) pc = code[pc + 2]!;
        else {
          r[code[pc + 1]!] = flows.status[flow]!;
          pc += 3;
        }
        continue;
      }
      case 36: { // ct_mark
        const flow = batch.flow[row]!, flows = state.environment.flows;
        if (flow < 0 || flows === undefined) pc = code[pc + 2]!;
        else {
          r[code[pc + 1]!] = flows.mark[flow]!;
          pc += 3;
        }
        continue;
      }
      case 37: // ct
        pc = loadCt(state, code[pc + 1]!, code[pc + 2]!, code[pc + 3]!, batch, row) ? pc + 5 : code[pc + 4]!;
        continue;
      case 38: { // counter
        const cell = code[pc + 1]!;
        state.cells[cell]!++;
        state.cells[cell + 1]! += bytes;
        pc += 2;
        continue;
      }
      case 39: { // limit
        const units = code[pc + 3] === 1 ? bytes : 1;
        const within = withinLimit(
          state.cells,
          code[pc + 1]!,
          state.numbers,
          code[pc + 2]!,
          units,
          batch.now,
        );
        pc = within !== (code[pc + 4] === 1) ? pc + 6 : code[pc + 5]!;
        continue;
      }
      case 40: { // quota
        const over = overQuota(state.cells, code[pc + 1]!, state.numbers[code[pc + 2]!]!, bytes);
        pc = over === (code[pc + 3] === 1) ? pc + 5 : code[pc + 4]!;
        continue;
      }
      case 41: { // connlimit
        const flows = state.environment.flows, flow = batch.flow[row]!;
        if (flow < 0 || flows === undefined) {
          pc = code[pc + 4]!;
          continue;
        }
        const connections = state.connections.join(state.cells, code[pc + 1]!, flow, flows);
        const over = connections > code[pc + 2]! >>> 0;
        pc = over === (code[pc + 3] === 1) ? pc + 5 : code[pc + 4]!;
        continue;
      }
      case 42: // meta_set
        storeMeta(state, code[pc + 1]!, code[pc + 2]!, batch, row);
        pc += 3;
        continue;
      case 43: // ct_set
        storeCt(state, code[pc + 1]!, code[pc + 2]!, code[pc + 3]!, batch, row);
        pc += 4;
        continue;
      case 44: // log
        state.environment.log?.(code[pc + 1]!, code[pc + 2]!, code[pc + 3]!, batch, row);
        pc += 4;
        continue;
      case 45: // reject
        state.reject.active = true;
        state.reject.type = code[pc + 1]!;
        state.reject.code = code[pc + 2]!;
        return RESULT_DROP;
      case 46: // nat; one of the other family does nothing (nft_nat_inet_eval)
        if (code[pc + 2] !== 0 && code[pc + 2] !== batch.family[row]) {
          pc = code[pc + 8]!;
          continue;
        }
        requestNat(state, pc + 1, batch, row);
        return RESULT_ACCEPT;
      case 47: // notrack
        if (batch.flow[row]! < 0 && batch.ctState[row] === 0) batch.ctState[row] = CT_UNTRACKED;
        pc += 1;
        continue;
      case 48: { // dynset
        const set = state.sets[code[pc + 2]!]!, at = code[pc + 3]!;
        if (code[pc + 1] === 2) {
          liveDelete(set, r, at);
          pc += 8;
          continue;
        }
        const timeout = state.numbers[code[pc + 5]!]!, restart = code[pc + 1] === 1, place = code[pc + 6]!;
        const found = liveAdd(
          set,
          r,
          at,
          code[pc + 4]!,
          timeout,
          restart,
          batch.now,
          place,
          state.statements,
        );
        pc = found >= 0 && runElement(state, set, found, bytes, batch, row) ? pc + 8 : code[pc + 7]!;
        continue;
      }
      case 49: // payload_write
        pc = storePayload(state, pc + 1, batch, row) ? pc + 9 : code[pc + 8]!;
        continue;
      case 50: // exthdr
        pc = loadExtension(state, pc + 1, batch, row) ? pc + 8 : code[pc + 7]!;
        continue;
      case 51: // exthdr_write
        pc = storeTcpOption(state, pc + 1, batch, row) ? pc + 6 : code[pc + 5]!;
        continue;
      case 52: // exthdr_reset
        pc = stripTcpOption(state, pc + 1, batch, row) ? pc + 3 : code[pc + 2]!;
        continue;
      case 53: // rt
        pc = loadRoute(state, code[pc + 1]!, code[pc + 2]!, batch, row) ? pc + 4 : code[pc + 3]!;
        continue;
      case 54: // fib
        pc = loadFib(state, code[pc + 1]!, code[pc + 2]!, code[pc + 3] === 1, code[pc + 4]!, batch, row)
          ? pc + 6
          : code[pc + 5]!;
        continue;
      case 55: { // network_1_eq
        const at = network + code[pc + 1]!;
        if (at >= end) {
          pc = code[pc + 5]!;
          continue;
        }
        const word = b[at]!;
        r[code[pc + 2]!] = word;
        pc = (word & code[pc + 3]!) === code[pc + 4] ? pc + 6 : code[pc + 5]!;
        continue;
      }
      case 56: { // network_4_eq
        const at = network + code[pc + 1]!;
        if (at + 4 > end) {
          pc = code[pc + 5]!;
          continue;
        }
        const word = b[at]! | (b[at + 1]! << 8) | (b[at + 2]! << 16) | (b[at + 3]! << 24);
        r[code[pc + 2]!] = word;
        pc = (word & code[pc + 3]!) === code[pc + 4] ? pc + 6 : code[pc + 5]!;
        continue;
      }
      case 57: { // transport_2_eq
        const at = transport + code[pc + 1]!;
        if (transport < 0 || at + 2 > end) {
          pc = code[pc + 5]!;
          continue;
        }
        const word = b[at]! | (b[at + 1]! << 8);
        r[code[pc + 2]!] = word;
        pc = (word & code[pc + 3]!) === code[pc + 4] ? pc + 6 : code[pc + 5]!;
        continue;
      }
      case 58: { // l4proto_eq
        const word = batch.protocol[row]!;
        r[code[pc + 1]!] = word;
        pc = (word & code[pc + 2]!) === code[pc + 3] ? pc + 5 : code[pc + 4]!;
        continue;
      }
      case 59: { // nfproto_eq
        const word = batch.family[row] === 4 ? 2 : 10;
        r[code[pc + 1]!] = word;
        pc = (word & code[pc + 2]!) === code[pc + 3] ? pc + 5 : code[pc + 4]!;
        continue;
      }
      case 60: { // name_eq
        const names = state.names, from = (code[pc + 1] === 0 ? state.input : state.output) * 4;
        const to = code[pc + 2]!;
        r[to] = names[from]!;
        r[to + 1] = names[from + 1]!;
        r[to + 2] = names[from + 2]!;
        r[to + 3] = names[from + 3]!;
        pc = names[from] === code[pc + 4] && names[from + 1] === code[pc + 5] &&
            names[from + 2] === code[pc + 6] && names[from + 3] === code[pc + 7]
          ? pc + 8
          : code[pc + 3]!;
        continue;
      }
      case 61: // bitwise_neq
        r[code[pc + 2]!] = (r[code[pc + 1]!]! & code[pc + 3]!) ^ code[pc + 4]!;
        pc = (r[code[pc + 2]!]! & code[pc + 5]!) !== code[pc + 6] ? pc + 8 : code[pc + 7]!;
        continue;
      case 62: // bitwise_eq
        r[code[pc + 2]!] = (r[code[pc + 1]!]! & code[pc + 3]!) ^ code[pc + 4]!;
        pc = (r[code[pc + 2]!]! & code[pc + 5]!) === code[pc + 6] ? pc + 8 : code[pc + 7]!;
        continue;
      case 63: // numgen
        r[code[pc + 4]!] = nextNumber(state, code[pc + 1]!, code[pc + 2]! >>> 0) + code[pc + 3]!;
        pc += 5;
        continue;
      case 64: { // hash
        const length = code[pc + 1]!;
        const hash = length < 0
          ? symmetricHash(batch, row)
          : jenkinsHash(state.bytes, code[pc + 2]! * 4, length, code[pc + 3]!);
        r[code[pc + 6]!] = scale(hash, code[pc + 4]! >>> 0) + code[pc + 5]!;
        pc += 7;
        continue;
      }
      case 65: // fwd
        state.target = r[code[pc + 1]!]! & 255;
        return RESULT_STOLEN;
      case 66: // dup
        state.environment.duplicate?.(batch, row, r[code[pc + 1]!]! & 255);
        pc += 2;
        continue;
      case 67: { // object_map
        const set = state.sets[code[pc + 1]!]!, found = find(set, r, code[pc + 2]!, batch);
        pc = found >= 0 && runObject(state, set, found, bytes, batch, row) ? pc + 4 : code[pc + 3]!;
        continue;
      }
      case 69: { // flow_object
        const result = state.environment.flowObjects?.apply(code[pc + 1]!, batch, row) ?? FLOW_OBJECT_DONE;
        if (result === FLOW_OBJECT_DROP) return RESULT_DROP;
        pc = result === FLOW_OBJECT_DONE ? pc + 3 : code[pc + 2]!;
        continue;
      }
      case 70: // trace
        if (batch.trace[row] !== 0) {
          traceRule(state, code[pc + 1]!, code[pc + 2]!, code[pc + 3]!, batch, row);
        }
        pc += 4;
        continue;
      case 72: { // last
        const cell = code[pc + 1]!;
        state.cells[cell] = batch.now;
        state.cells[cell + 1] = 1;
        pc += 2;
        continue;
      }
      case 73: { // bitwise_both
        const first = code[pc + 1]!, second = code[pc + 2]!, to = code[pc + 3]!, words = code[pc + 4]!;
        const how = code[pc + 5]!;
        for (let i = 0; i < words; i++) {
          const a = r[first + i]!, b = r[second + i]!;
          r[to + i] = how === 0 ? a & b : how === 1 ? a | b : a ^ b;
        }
        pc += 6;
        continue;
      }
      case 74: // inner
        if (
          loadInner(
            state,
            code[pc + 1]!,
            code[pc + 2]!,
            code[pc + 3]!,
            code[pc + 4]!,
            code[pc + 5]!,
            batch,
            row,
          )
        ) pc += 7;
        else pc = code[pc + 6]!;
        continue;
      case 75: // ipsec
        pc = loadXfrm(state, code[pc + 1] === 1, code[pc + 2]!, code[pc + 3]!, code[pc + 4]!, batch, row)
          ? pc + 6
          : code[pc + 5]!;
        continue;
      case 71: // trace_lookup
        if (batch.trace[row] !== 0) {
          traceLookup(state, code[pc + 1]!, code[pc + 2]!, code[pc + 3]!, batch, row);
        }
        pc += 4;
        continue;
      default: // never assembled
        return RESULT_DROP;
    }
    // The header loads 6..11 come here when the packet is too short.
    pc = code[pc + 3]!;
  }
}

import { HOOK_OUTPUT, HOOK_PREROUTING } from "../hook.ts";
import type { MachineState } from "../classify/state.ts";
import {
  type NatRequest,
  NF_NAT_RANGE_MAP_IPS,
  NF_NAT_RANGE_NETMAP,
  NF_NAT_RANGE_PROTO_SPECIFIED,
} from "../classify/nat_request.ts";
import type { PacketBatch } from "../packet/batch.ts";
import { swap32 } from "../ruleset/sets/image.ts";

/**
 * Fills the NAT request from registers (nft_nat_eval, nft_masq_eval, nft_redir_eval); the operands start at
 * `code[at]`: kind, family (0: the packet's), address min, max, port min, max, flags.
 */
export function requestNat(state: MachineState, at: number, batch: PacketBatch, row: number): void {
  const code = state.code, r = state.registers, nat = state.nat;
  const addressMin = code[at + 2]!,
    addressMax = code[at + 3]!,
    portMin = code[at + 4]!,
    portMax = code[at + 5]!;
  nat.active = true;
  nat.kind = code[at]!;
  nat.family = code[at + 1]! === 0 ? batch.family[row]! : code[at + 1]!;
  nat.flags = code[at + 6]!;
  nat.hasAddress = addressMin !== 0;
  nat.hasPort = portMin !== 0;
  nat.minAddress.fill(0);
  nat.maxAddress.fill(0);
  if (nat.hasAddress) {
    const words = nat.family === 4 ? 1 : 4;
    for (let i = 0; i < words; i++) {
      nat.minAddress[i] = swap32(r[addressMin + i]!);
      nat.maxAddress[i] = swap32(r[addressMax + i]!);
    }
    nat.flags |= NF_NAT_RANGE_MAP_IPS;
    if ((nat.flags & NF_NAT_RANGE_NETMAP) !== 0) mapNetwork(nat, state.hook, words, batch, row);
  }
  nat.minPort = nat.hasPort ? port(r[portMin]!) : 0;
  nat.maxPort = nat.hasPort ? port(r[portMax]!) : 0;
  if (nat.hasPort) nat.flags |= NF_NAT_RANGE_PROTO_SPECIFIED;
}

/** A 16-bit port in network order, as it lies in a register. */
const port = (word: number): number => ((word & 255) << 8) | ((word >>> 8) & 255);

/** nft_nat_setup_netmap: the prefix of the range, the host bits of the packet. */
function mapNetwork(nat: NatRequest, hook: number, words: number, batch: PacketBatch, row: number): void {
  const from = hook === HOOK_PREROUTING || hook === HOOK_OUTPUT ? batch.destination : batch.source;
  for (let i = 0; i < words; i++) {
    const hosts = nat.minAddress[i]! ^ nat.maxAddress[i]!;
    nat.minAddress[i] = nat.maxAddress[i] = (from[row * 4 + i]! & hosts) | (nat.minAddress[i]! & ~hosts);
  }
}

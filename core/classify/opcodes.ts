/**
 * Instructions of the machine. One int32 word the opcode, then its operands; `next` is the address of the next
 * rule, where an expression that does not match goes (NFT_BREAK). Registers are word numbers 4..19, the kernel's
 * `regs->data` (register 1 and register 8 are word 4). Values are words as they lie in registers, little-endian.
 *
 * The interpreter's `case` labels are these numbers written out, because V8 makes a jump table of literals only.
 */
export const OP_RETURN = 0; //
export const OP_ACCEPT = 1; //
export const OP_DROP = 2; //
export const OP_JUMP = 3; // target, return address
export const OP_GOTO = 4; // target
export const OP_SKIP = 5; // next
export const OP_NETWORK_1 = 6; // offset, register, next
export const OP_NETWORK_2 = 7; // offset, register, next
export const OP_NETWORK_4 = 8; // offset, register, next
export const OP_TRANSPORT_1 = 9; // offset, register, next
export const OP_TRANSPORT_2 = 10; // offset, register, next
export const OP_TRANSPORT_4 = 11; // offset, register, next
export const OP_PAYLOAD = 12; // base, offset, length, register, next
export const OP_META_MARK = 13; // register
export const OP_META_INTERFACE = 14; // 0 in, 1 out, register
export const OP_META_NAME = 15; // 0 in, 1 out, register
export const OP_META_NFPROTO = 16; // register
export const OP_META_L4PROTO = 17; // register
export const OP_META = 18; // META_*, register, next
export const OP_CMP_EQ = 19; // register, mask, value, next
export const OP_CMP_NEQ = 20; // register, mask, value, next
export const OP_CMP_ORDER = 21; // COMPARE_*, register, mask, value (big-endian), next
export const OP_CMP_WORDS = 22; // inverted, register, words, next, last mask, values...
export const OP_CMP_BYTES = 23; // COMPARE_*, register, words, last mask, next, values (big-endian)...
export const OP_RANGE = 24; // inverted, register, words, last mask, next, from..., to... (big-endian)
export const OP_BITWISE_1 = 25; // source, destination, mask, xor
export const OP_BITWISE = 26; // source, destination, words, {mask, xor}...
export const OP_BITWISE_BOTH = 73; // source, second source, destination, words, 0 and 1 or 2 xor
export const OP_SHIFT = 27; // 0 left, 1 right; source, destination, words, bits
export const OP_BYTEORDER = 28; // source, destination, length, size
export const OP_IMMEDIATE_1 = 29; // destination, value
export const OP_IMMEDIATE = 30; // destination, words, values...
export const OP_LOOKUP = 31; // set, register, inverted, next
export const OP_LOOKUP_DATA = 32; // set, register, destination, next
export const OP_LOOKUP_VERDICT = 33; // set, register, next
export const OP_CT_STATE = 34; // register
export const OP_CT_STATUS = 35; // register, next
export const OP_CT_MARK = 36; // register, next
export const OP_CT = 37; // CT_KEY_*, direction (-1 both), register, next
export const OP_COUNTER = 38; // cell
export const OP_LIMIT = 39; // cell, constants (cost, most), per byte, inverted, next
export const OP_QUOTA = 40; // cell, constant (bytes), inverted, next
export const OP_CONNLIMIT = 41; // cell, count, inverted, next
export const OP_META_SET = 42; // META_*, register
export const OP_CT_SET = 43; // CT_KEY_*, register, direction (-1 both)
export const OP_LOG = 44; // prefix, level, group
export const OP_REJECT = 45; // type, code
export const OP_NAT = 46; // kind, family, address min, max, port min, max (registers, 0 none), flags, next
export const OP_NOTRACK = 47; //
export const OP_DYNSET = 48; // DYNSET_*, set, key, data (0 none), constant (timeout, ms), statements, next
export const OP_NUMGEN = 63; // cell (-1 random), modulus, offset, register
export const OP_HASH = 64; // length (-1 symmetric), register, seed, modulus, offset, register
export const OP_PAYLOAD_WRITE = 49; // base, offset, length, register, checksum type, its offset, flags, next
export const OP_EXTHDR = 50; // EXTHDR_*, type, offset, length, register, present, next
export const OP_EXTHDR_WRITE = 51; // type, offset, length, register, next
export const OP_EXTHDR_RESET = 52; // type, next
export const OP_RT = 53; // RT_*, register, next
export const OP_FIB = 54; // flags, FIB_RESULT_*, present, register, next
export const OP_FWD = 65; // register
export const OP_DUP = 66; // register
// Only in programs with rules that set `nftrace`.
export const OP_LAST = 72; // cell
export const OP_INNER = 74; // tunnel, INNER_*, offset, length, register, next
export const OP_IPSEC = 75; // 1 in 0 out, place, IPSEC_KEYS, register, next
export const OP_TRACE = 70; // rule, verdict (CODE_*, -1 continue), first instruction of the chain it goes to
export const OP_TRACE_LOOKUP = 71; // set, register, rule
export const OP_FLOW_OBJECT = 69; // number, next
export const OP_OBJECT_MAP = 67; // set, register, next
// Pairs in one instruction: the load, which still writes its register, and the comparison behind it.
export const OP_NETWORK_1_EQ = 55; // offset, register, mask, value, next
export const OP_NETWORK_4_EQ = 56; // offset, register, mask, value, next
export const OP_TRANSPORT_2_EQ = 57; // offset, register, mask, value, next
export const OP_L4PROTO_EQ = 58; // register, mask, value, next
export const OP_NFPROTO_EQ = 59; // register, mask, value, next
export const OP_NAME_EQ = 60; // 0 in, 1 out, register, next, four words
export const OP_BITWISE_NEQ = 61; // source, destination, mask, xor, compare mask, value, next
export const OP_BITWISE_EQ = 62; // source, destination, mask, xor, compare mask, value, next

export const BASE_LINK = 0;
export const BASE_NETWORK = 1;
export const BASE_TRANSPORT = 2;
export const BASE_INNER = 3;

export const COMPARE_LT = 0;
export const COMPARE_LTE = 1;
export const COMPARE_GT = 2;
export const COMPARE_GTE = 3;
export const COMPARE_EQ = 4;
export const COMPARE_NEQ = 5;

export const DYNSET_ADD = 0;
export const DYNSET_UPDATE = 1;
export const DYNSET_DELETE = 2;

export const EXTHDR_IPV6 = 0;
export const EXTHDR_TCP_OPTION = 1;
export const EXTHDR_IPV4 = 2;
export const EXTHDR_SCTP = 3;

export const RT_CLASSID = 0;
export const RT_NEXTHOP4 = 1;
export const RT_NEXTHOP6 = 2;
export const RT_TCPMSS = 3;
export const RT_IPSEC = 4;

export const FIB_SADDR = 1;
export const FIB_DADDR = 2;
export const FIB_MARK = 4;
export const FIB_IIF = 8;
export const FIB_OIF = 16;
export const FIB_RESULT_OIF = 0;
export const FIB_RESULT_OIFNAME = 1;
export const FIB_RESULT_TYPE = 2;

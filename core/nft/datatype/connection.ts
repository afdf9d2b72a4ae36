import { type DataType, integerType, parseNumber, type Symbolic } from "../types.ts";

export const bitmaskType: DataType = {
  name: "bitmask",
  description: "bitmask",
  bits: 0,
  order: "host",
  base: integerType,
  bitmask: true,
};

/** Flags print by name, lowest first; what has no name prints as hexadecimal. */
export function flagNames(value: bigint, symbols: readonly Symbolic[]): string[] | undefined {
  const names: string[] = [];
  let rest = value;
  for (const [name, bit] of symbols) {
    if (bit !== 0 && (rest & BigInt(bit)) === BigInt(bit)) {
      names.push(name);
      rest &= ~BigInt(bit);
    }
  }
  return rest === 0n && names.length > 0 ? names : undefined;
}

const flags = (
  name: string,
  description: string,
  bits: number,
  symbols: readonly Symbolic[],
): DataType => ({
  name,
  description,
  bits,
  order: "host",
  base: bitmaskType,
  symbols,
  hexDigits: name === "tcp_flag" ? 2 : 0,
});

export const ctStateType = flags("ct_state", "conntrack state", 32, [
  ["invalid", 1],
  ["new", 8],
  ["established", 2],
  ["related", 4],
  ["untracked", 64],
]);
export const ctStatusType = flags("ct_status", "conntrack status", 32, [
  ["expected", 1],
  ["seen-reply", 2],
  ["assured", 4],
  ["confirmed", 8],
  ["snat", 16],
  ["dnat", 32],
  ["dying", 512],
]);
export const ctEventType = flags("ct_event", "conntrack event bits", 32, [
  ["new", 1],
  ["related", 2],
  ["destroy", 4],
  ["reply", 8],
  ["assured", 16],
  ["protoinfo", 32],
  ["helper", 64],
  ["mark", 128],
  ["seqadj", 256],
  ["secmark", 512],
  ["label", 1024],
]);
export const tcpFlagType = flags("tcp_flag", "TCP flag", 8, [
  ["fin", 1],
  ["syn", 2],
  ["rst", 4],
  ["psh", 8],
  ["ack", 16],
  ["urg", 32],
  ["ecn", 64],
  ["cwr", 128],
]);
export const ctDirectionType: DataType = {
  name: "ct_dir",
  description: "conntrack direction",
  bits: 8,
  order: "host",
  base: integerType,
  symbols: [["original", 0], ["reply", 1]],
};
/** A label is written as the number of its bit. */
export const ctLabelType: DataType = {
  name: "ct_label",
  description: "conntrack label",
  bits: 128,
  order: "host",
  base: bitmaskType,
  parse: (text) => {
    const bit = parseNumber(text);
    if (bit === undefined) return { error: "Could not parse conntrack label" };
    return bit > 127n ? { error: `${text}: bit ${bit} out of range (128 max)` } : 1n << bit;
  },
  print: (value) => {
    const bit = value.toString(2).length - 1;
    return value === 1n << BigInt(bit) ? bit.toString() : "0x" + value.toString(16);
  },
};

import { below, type Random } from "../../../core/random.ts";
import type { FieldFeature } from "../../../core/nft/features.ts";
import { chance, FIELDS, pick, prefix, range, value } from "./values.ts";
import { NAT, STATEMENTS } from "./statements.ts";

/**
 * Rules at random from the language's descriptors, by class of what they try. Most fit; those that do not are as good,
 * since the two must refuse the same.
 */
export type Made = (random: Random) => string;

const field = (random: Random): FieldFeature => pick(random, FIELDS);
/** Fields rules mostly have, so that combinations meet. */
const COMMON = [
  "ip saddr",
  "ip daddr",
  "tcp dport",
  "udp sport",
  "meta mark",
  "ct mark",
  "meta iifname",
  "ip6 saddr",
  "meta l4proto",
  "ip protocol",
  "ct state",
  "tcp flags",
  "ip dscp",
  "ether saddr",
  "th dport",
  "icmp type",
  "icmpv6 type",
  "vlan id",
  "meta protocol",
  "ct status",
  "meta pkttype",
  "ip6 nexthdr",
  "ether type",
  "meta nfproto",
];
const COMMON_FIELDS = FIELDS.filter((row) => COMMON.includes(row.name));
const common = (random: Random): FieldFeature =>
  chance(random, 60) ? pick(random, COMMON_FIELDS) : field(random);

const some = (random: Random, make: () => string): string =>
  Array.from({ length: 1 + below(random, 4) }, make).join(", ");

const element = (random: Random, of: FieldFeature): string =>
  chance(random, 70) ? value(random, of) : chance(random, 50) ? range(random, of) : prefix(random, of);

const set = (random: Random, of: FieldFeature): string => `{ ${some(random, () => element(random, of))} }`;

const operator = (random: Random): string =>
  pick(random, ["", "", "", "== ", "!= ", "< ", "> ", "<= ", ">= ", "! "]);
const equality = (random: Random): string => pick(random, ["", "", "== ", "!= "]);

function match(random: Random): string {
  const left = field(random);
  switch (below(random, 6)) {
    case 0:
      return `${left.name} ${equality(random)}${range(random, left)}`;
    case 1:
      return `${left.name} ${equality(random)}${prefix(random, left)}`;
    case 2:
      return `${left.name} ${equality(random)}${value(random, left)},${value(random, left)}`;
    default:
      return `${left.name} ${operator(random)}${value(random, left)}`;
  }
}

function sets(random: Random): string {
  const left = field(random);
  return `${left.name} ${equality(random)}${set(random, left)}`;
}

const SETS = ["a4", "a4i", "a6", "p", "pi", "m", "ifs", "c4p", "c4pi", "dyn4", "nosuch"];
function named(random: Random): string {
  const left = common(random);
  const set = pick(random, SETS);
  if (chance(random, 30)) {
    return `ip saddr . tcp dport ${equality(random)}@${pick(random, ["c4p", "c4pi", set])}`;
  }
  return `${left.name} ${equality(random)}@${set}`;
}

const VERDICTS = ["accept", "drop", "continue", "return", "jump other", "goto other"];
const verdict = (random: Random): string => pick(random, VERDICTS);

function maps(random: Random): string {
  const key = common(random);
  if (chance(random, 20)) return `${key.name} vmap @${pick(random, ["v", "m4m", "p"])}`;
  const wild = chance(random, 15) ? `, * : ${verdict(random)}` : "";
  if (chance(random, 55)) {
    return `${key.name} vmap { ${
      some(random, () => `${element(random, key)} : ${verdict(random)}`)
    }${wild} }`;
  }
  const target = pick(random, TARGETS);
  if (chance(random, 30)) {
    return `${target.name} set ${key.name} map @${pick(random, ["m4m", "p4", "mm", "v"])}`;
  }
  const pairs = some(random, () => `${element(random, key)} : ${value(random, target)}`);
  return `${target.name} set ${key.name} map { ${pairs} }`;
}

function concatenations(random: Random): string {
  const fields = Array.from({ length: 2 + below(random, 2) }, () => common(random));
  const left = fields.map((row) => row.name).join(" . ");
  const tuple = () => fields.map((row) => element(random, row)).join(" . ");
  if (chance(random, 25)) return `${left} vmap { ${some(random, () => `${tuple()} : ${verdict(random)}`)} }`;
  return `${left} ${equality(random)}{ ${some(random, tuple)} }`;
}

function operations(random: Random): string {
  const left = chance(random, 50) ? pick(random, INTEGERS) : common(random);
  const v = () => value(random, left);
  const flags = () => chance(random, 50) ? v() : `${v()} | ${v()}`;
  switch (below(random, 9)) {
    case 0:
      return `${left.name} & ${v()} ${pick(random, ["==", "!=", "<", ">"])} ${v()}`;
    case 1:
      return `${left.name} and ${v()} or ${v()} ${equality(random)}${v()}`;
    case 2:
      return `${left.name} & (${flags()}) == ${flags()}`;
    case 3:
      return `${left.name} ${equality(random)}${v()} / ${v()},${v()}`;
    case 4:
      return `${left.name} ${pick(random, ["<<", ">>", "lshift", "rshift"])} ${below(random, 12)} == ${v()}`;
    case 5:
      return `${left.name} ${pick(random, ["^", "xor", "|"])} ${v()} == ${v()}`;
    case 6:
      return `${left.name} & ${v()} ${equality(random)}${set(random, left)}`;
    case 7:
      return `${left.name} & ${v()} ^ ${v()} != ${v()}`;
    default:
      return `${left.name} ${equality(random)}${v()} | ${v()}`;
  }
}
const INTEGERS = FIELDS.filter((row) =>
  ["mark", "integer", "tcp_flag", "ct_state", "ct_status"].includes(row.type)
);

const TARGET_NAMES = [
  "meta mark",
  "ct mark",
  "meta priority",
  "ct label",
  "ct zone",
  "meta pkttype",
  "meta nftrace",
  "ct event",
  "meta cgroup",
  "ip dscp",
  "ip6 dscp",
  "ip ttl",
  "ip saddr",
  "ip6 daddr",
  "tcp dport",
  "udp sport",
  "tcp option maxseg size",
  "ether saddr",
  "vlan id",
  "ip ecn",
  "ct helper",
  "meta secmark",
  "tcp flags",
];
const TARGETS = FIELDS.filter((row) => TARGET_NAMES.includes(row.name));

function assignments(random: Random): string {
  const target = chance(random, 90) ? pick(random, TARGETS) : field(random);
  const v = () => value(random, target);
  switch (below(random, 7)) {
    case 0:
      return `${target.name} set ${common(random).name}`;
    case 1:
      return `${target.name} set ${target.name} ${pick(random, ["&", "|", "^", "and", "or", "xor"])} ${v()}`;
    case 2:
      return `${target.name} set ${target.name} and ${v()} or ${v()}`;
    case 3:
      return `${target.name} set ${
        pick(random, ["numgen inc mod 4", "jhash ip saddr mod 8 offset 4", "symhash mod 4"])
      }`;
    default:
      return `${target.name} set ${v()}`;
  }
}

const statements: Made = (random) => pick(random, STATEMENTS)(random);
const nat: Made = (random) => pick(random, NAT)(random);

const PLAIN: readonly Made[] = [
  match,
  match,
  sets,
  named,
  maps,
  concatenations,
  operations,
  assignments,
  statements,
];

/** Two to four of them: dependencies, merging, what may follow what. */
function several(random: Random): string {
  const parts = Array.from(
    { length: 2 + below(random, 2) },
    () => chance(random, 60) ? simple(random) : pick(random, PLAIN)(random),
  );
  if (chance(random, 50)) parts.push(pick(random, ["counter", "accept", "drop", "log", "jump other"]));
  return parts.join(" ");
}
function simple(random: Random): string {
  const row = pick(random, COMMON_FIELDS);
  return `${row.name} ${value(random, row)}`;
}

const SLIPS = [
  "{",
  "}",
  ",",
  ":",
  "!=",
  "set",
  "map",
  "vmap",
  "@p",
  "-",
  "/",
  "1",
  "99999999",
  "nosuch",
  "tcp",
  "ip",
  ".",
  '"x',
  "&",
  "==",
  "accept",
  "1-2",
  "counter",
  "==",
  "1.2.3.4",
  "foo",
];
/** A word too many, too few, or another. */
function slips(random: Random): string {
  const words = pick(random, [...PLAIN, nat])(random).split(" ");
  const at = below(random, words.length);
  const take = below(random, 2);
  words.splice(at, take, ...(chance(random, 60) || take === 0 ? [pick(random, SLIPS)] : []));
  return words.join(" ");
}

/** A value of another type. */
function wrong(random: Random): string {
  const left = common(random), other = field(random);
  const right = pick(random, [
    value(random, other),
    set(random, other),
    range(random, other),
    prefix(random, other),
    "99999999999",
  ]);
  return pick(random, [
    `${left.name} ${right}`,
    `${left.name} ${operator(random)}${right}`,
    `${pick(random, TARGETS).name} set ${right}`,
  ]);
}

export const CLASSES: Readonly<Record<string, Made>> = {
  match,
  sets,
  named,
  maps,
  concatenations,
  operations,
  assignments,
  statements,
  nat,
  several,
  slips,
  wrong,
};

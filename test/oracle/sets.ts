/**
 * Sets, maps and objects at run time: rules of an output chain, what stands before the chain, and the UDP packets
 * (source port, destination port) that are sent to this host, each with ten bytes.
 */
export interface SetCase {
  readonly name: string;
  readonly declared?: string;
  readonly rules: string;
  readonly packets: readonly (readonly [from: number, to: number])[];
}

const PORTS = [[1000, 7], [1000, 7], [1000, 7], [1000, 8], [1000, 8], [1000, 9]] as const;
const CONNECTIONS = [[1000, 7], [1001, 7], [1002, 7], [1000, 8], [1001, 7]] as const;
const LOOKUP = "udp dport @s counter drop";
const set = (body: string) => `set s { type inet_service; ${body}; }`;
const map = (to: string, body: string) => `map m { type inet_service : ${to}; ${body}; }`;
const of = (name: string, declared: string, rules: string): SetCase => ({
  name,
  declared,
  rules,
  packets: PORTS,
});
const HAS = "elements = { 7, 8 }";
const OBJECTS = 'elements = { 7 : "a", 8 : "b" }';

export const setCases: readonly SetCase[] = [
  of("a set's counter counts lookups", set(`counter; ${HAS}`), LOOKUP),
  of("a set's limit", set(`limit rate 2/hour burst 2 packets; ${HAS}`), LOOKUP),
  of("a set's limit over", set(`limit rate over 1/hour burst 1 packets; ${HAS}`), LOOKUP),
  of("a set's quota", set(`quota over 50 bytes; ${HAS}`), LOOKUP),
  of("a set's quota until", set(`quota 50 bytes; ${HAS}`), LOOKUP),
  of("two statements", set(`limit rate 2/hour burst 2 packets counter; ${HAS}`), LOOKUP),
  of("inverted lookup", set(`limit rate 1/hour burst 1 packets; ${HAS}`), "udp dport != @s counter"),
  of("an element's own counter", set("counter; elements = { 7 counter packets 5 bytes 9, 8 }"), LOOKUP),
  of("counted intervals", set("flags interval; counter; elements = { 5-7, 8 }"), LOOKUP),
  of(
    "counted concatenations of ranges",
    "set s { type inet_service . inet_service; flags interval; counter; elements = { 900-1100 . 7, 1000 . 8 }; }",
    "udp sport . udp dport @s counter",
  ),
  of("a counted catch-all", set("counter; elements = { 7, * }"), LOOKUP),
  of(
    "a catch-all of a map",
    map("mark", "elements = { 7 : 1, * : 2 }"),
    "meta mark set udp dport map @m counter",
  ),
  of(
    "a catch-all beside what rules add",
    set("size 10; flags dynamic; counter; elements = { 7, * }"),
    "udp dport @s counter\nadd @s { udp sport }",
  ),
  of(
    "a counted verdict map",
    map("verdict", "counter; elements = { 7 : drop, 8 : accept }"),
    "udp dport vmap @m",
  ),
  of(
    "a map with a limit",
    map("mark", "limit rate 1/hour burst 1 packets; elements = { 7 : 1, 8 : 2 }"),
    "meta mark set udp dport map @m counter",
  ),
  of(
    "add with a limit",
    set("size 100; flags dynamic"),
    "add @s { udp dport limit rate over 1/hour burst 1 packets } counter drop",
  ),
  of("add with a counter", set("size 100; flags dynamic"), "add @s { udp dport counter } counter"),
  of("add to a counting set", set("size 100; flags dynamic; counter"), "add @s { udp dport } counter"),
  of(
    "add with two statements",
    set("size 10; flags dynamic"),
    "add @s { udp dport counter limit rate over 1/hour burst 1 packets } counter",
  ),
  of("a full set does not match", set("size 2; flags dynamic"), "add @s { udp dport } counter drop"),
  of(
    "update with a timeout",
    set("size 9; flags dynamic,timeout"),
    "update @s { udp dport timeout 10m } counter",
  ),
  of(
    "update of a map",
    map("inet_service", "size 100; flags dynamic"),
    "update @m { udp dport : udp sport } counter",
  ),
  of(
    "delete",
    set("size 9; flags dynamic; elements = { 8, 7 }"),
    "udp dport 8 delete @s { udp dport } counter",
  ),
  of(
    "delete of what is not there",
    set("size 9; flags dynamic; elements = { 8 }"),
    "delete @s { udp dport } counter",
  ),
  of("a meter", "", "meter mm { udp dport limit rate over 2/hour burst 2 packets } counter drop"),
  of("a counting meter", "", "meter mm { udp dport . udp sport counter } counter"),
  of(
    "a map to counters",
    `counter a { }\ncounter b { }\n${map("counter", OBJECTS)}`,
    "counter name udp dport map @m",
  ),
  of(
    "a map to quotas",
    `quota a { over 50 bytes }\nquota b { 10 bytes }\n${map("quota", OBJECTS)}`,
    "quota name udp dport map @m counter drop",
  ),
  of(
    "a map to limits",
    `limit a { rate 1/hour burst 1 packets }\nlimit b { rate over 1/hour burst 1 packets }\n${
      map("limit", OBJECTS)
    }`,
    "limit name udp dport map @m counter drop",
  ),
  of(
    "a map of the rule's own",
    "counter a { }\ncounter b { }",
    'counter name udp dport map { 7 : "a", 8 : "b" }',
  ),
  of(
    "a limit that rules share",
    "limit a { rate 1/hour burst 2 packets }",
    'udp dport 7 limit name "a" counter drop\nudp dport 8 limit name "a" counter drop',
  ),
  { name: "ct count", rules: "ct count over 1 counter", packets: CONNECTIONS },
  {
    name: "a set's ct count",
    declared: set(`ct count over 1; ${HAS}`),
    rules: "udp dport @s counter",
    packets: CONNECTIONS,
  },
  {
    name: "add with ct count",
    declared: set("size 10; flags dynamic"),
    rules: "add @s { udp dport ct count over 1 } counter",
    packets: CONNECTIONS,
  },
];

export const setRuleset = ({ declared = "", rules }: SetCase): string =>
  `table ip t {\n${declared}\nchain o {\ntype filter hook output priority 0; policy accept;\n` +
  `meta l4proto != udp return\n${rules}\ncounter\n}\n}\n`;

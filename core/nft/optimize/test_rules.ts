import { below, type Random } from "../../random.ts";
import { Nft } from "../nft.ts";

/** Random rules that look alike, for the optimiser's tests. */

export interface Shape {
  readonly family: "ip" | "inet";
  readonly nat: boolean;
  readonly policy: "accept" | "drop";
}

export const HOSTS = ["192.0.2.1", "192.0.2.2", "192.0.2.3", "192.0.2.130", "198.51.100.7"] as const;
export const some = <T>(random: Random, of: readonly T[]): T => of[below(random, of.length)]!;

/** A table: the chain `c` with these rules, `d` and `e` which write, `f` which does not. */
export function table({ family, nat, policy }: Shape, rules: readonly string[]): string {
  const hook = nat
    ? "type nat hook prerouting priority -100"
    : `type filter hook forward priority 0; policy ${policy}`;
  const lines = rules.map((rule) => `\t\t${rule}\n`).join("");
  return `table ${family} t {
	counter n { }
	set s { type inet_service; size 100; flags dynamic; }
	set k { type inet_service; elements = { 2, 5 }; }
	chain c {
		${hook}
${lines}	}
	chain d {
		counter meta mark set 1
	}
	chain e {
		tcp dport 3 counter drop
		meta mark 1 meta mark set 0
		ip ttl set 4
	}
	chain f {
		udp sport 2-4 counter accept
		counter
	}
}
`;
}

const FIELDS = [
  "ip saddr",
  "ip daddr",
  "tcp dport",
  "th dport",
  "tcp sport",
  "udp sport",
  "tcp flags",
  "meta mark",
];

/** Rules in runs that ask the same fields, 5 to 40 of them. */
export function randomRules(random: Random, shape: Shape): string[] {
  const rules: string[] = [], most = 5 + below(random, 36);
  while (rules.length < most) {
    const fields = FIELDS.filter(() => below(random, 5) === 0).slice(0, 3);
    // A rule for every packet leaves the others little to do.
    if (fields.length === 0 && below(random, 20) > 0) continue;
    // Every other run does one thing; some write what is asked.
    const writing = below(random, 5) === 0;
    if (writing) fields.splice(0, 3, "meta mark", ...(below(random, 2) === 0 ? ["tcp dport"] : []));
    const tail = writing
      ? some(random, ["jump d", "jump e", "meta mark set 1", "meta mark set 0", "counter meta mark set 2"])
      : below(random, 2) === 0
      ? randomTail(random, shape.nat)
      : undefined;
    for (let run = 1 + below(random, 8); run > 0 && rules.length < most; run--) {
      const rule = randomRule(random, fields, tail ?? randomTail(random, shape.nat));
      // What can never match may be refused: UDP ports of a TCP packet.
      if (new Nft().run(table(shape, [rule])).ok) rules.push(rule);
    }
  }
  return rules;
}

function randomRule(random: Random, fields: readonly string[], tail: string): string {
  const matches = fields.map((field) => `${field} ${randomValue(random, field)}`);
  if (below(random, 14) === 0) matches.reverse();
  if (below(random, 20) === 0) matches.push("tcp dport @k");
  if (below(random, 16) === 0) {
    matches.push(`ip daddr . tcp sport { ${some(random, HOSTS)} . ${1 + below(random, 6)} }`);
  } else if (below(random, 12) === 0) {
    const first = 1 + below(random, 6), verdicts = ["accept", "drop", "jump d", "goto f", "continue"];
    matches.push(
      `tcp sport vmap { ${first} : ${some(random, verdicts)}, ${first + 1}-${first + 2} : ${
        some(random, verdicts)
      } }`,
    );
    return matches.join(" ");
  }
  return `${matches.join(" ")} ${tail}`.trim();
}

function randomValue(random: Random, field: string): string {
  switch (field) {
    case "ip saddr":
    case "ip daddr":
      return some(random, [...HOSTS, ...HOSTS, "192.0.2.0/25", "192.0.2.0/30", "!= 192.0.2.1"]);
    case "tcp flags":
      return some(random, ["syn", "ack", "fin", "{ syn, ack }", "== syn", "& (syn | ack) == syn"]);
    case "meta mark":
      return some(random, ["0", "1", "2", "0", "1", "2", "& 1 == 0", "0-1"]);
  }
  const first = 1 + below(random, 6);
  return some(random, [
    `${first}`,
    `${first}`,
    `${first}`,
    `${first + 4}`,
    `${first}-${first + 1 + below(random, 3)}`,
    `{ ${first}, ${first + 2} }`,
    `!= ${first}`,
    `> ${first}`,
  ]);
}

function randomTail(random: Random, nat: boolean): string {
  const verdict = () => some(random, ["accept", "drop", "return", "jump d", "jump e", "jump f", "goto f"]);
  if (nat && below(random, 3) > 0) {
    const host = 1 + below(random, 3);
    return some(random, [
      `dnat ip to 203.0.113.${host}`,
      `dnat ip to 203.0.113.${host}`,
      `dnat ip to 203.0.113.${host}:${80 + host}`,
      `redirect to :${80 + host}`,
      "redirect",
      "counter redirect",
    ]);
  }
  if (below(random, 2) === 0) return verdict();
  return some(random, [
    "accept",
    "accept",
    "drop",
    "drop",
    verdict(),
    verdict(),
    `counter ${verdict()}`,
    "counter",
    "counter packets 3 bytes 5 accept",
    'log prefix "x" drop',
    'counter name "n" drop',
    `meta mark set ${below(random, 3)}`,
    `meta mark set ${below(random, 3)} accept`,
    "add @s { tcp dport } accept",
    "limit rate 1/second burst 3 packets accept",
    "ip ttl set 9 drop",
    "reject",
    "continue",
    "notrack",
    "",
  ]);
}

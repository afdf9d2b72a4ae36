/** A statement as an interface offers it: what it is called, how it is written, what it does. */
export interface StatementRow {
  readonly name: string;
  readonly syntax: string;
  readonly help: string;
}

const row = (name: string, syntax: string, help: string): StatementRow => ({ name, syntax, help });

/** Statements of the grammar; a new one gets its line here too (`describe_test.ts` reads each of them). */
export const STATEMENT_ROWS: readonly StatementRow[] = [
  row("accept", "accept", "lets the packet pass"),
  row("drop", "drop", "drops the packet without a word"),
  row("continue", "continue", "goes on with the next rule"),
  row("return", "return", "goes back to the calling chain; from a base chain to its policy"),
  row("jump", "jump CHAIN", "runs another chain and comes back"),
  row("goto", "goto CHAIN", "runs another chain and does not come back"),
  row("vmap", "EXPRESSION vmap { KEY : VERDICT, ... } | @MAP", "takes the verdict the map has for the key"),
  row("match", "EXPRESSION [OPERATOR] VALUE", "goes on only where the relation holds"),
  row("counter", "counter [packets N bytes N] | counter name NAME", "counts packets and bytes"),
  row("limit", "limit rate [over] N/UNIT [burst N] | limit name NAME", "matches up to a rate, or over it"),
  row("last", "last [used never | used TIME]", "notes when a packet came by last"),
  row("quota", "quota [over] N UNIT [used N UNIT] | quota name NAME", "matches up to an amount of bytes"),
  row("ct count", "ct count [over] N", "matches by the number of connections"),
  row("log", "log [prefix TEXT] [level LEVEL | group N] [flags FLAGS]", "writes a line about the packet"),
  row("reject", "reject [with tcp reset | icmp|icmpv6|icmpx CODE]", "drops the packet and tells its sender"),
  row("snat", "snat [ip|ip6] to ADDRESS[:PORT] [FLAGS]", "changes the source of a connection"),
  row("dnat", "dnat [ip|ip6] to ADDRESS[:PORT] [FLAGS]", "changes the destination of a connection"),
  row("masquerade", "masquerade [to :PORT] [FLAGS]", "changes the source to the outgoing port's address"),
  row("redirect", "redirect [to :PORT] [FLAGS]", "changes the destination to the router itself"),
  row("set", "EXPRESSION set VALUE", "writes a field of the packet, a mark or another key"),
  row("add", "add|update @SET { KEY [timeout TIME] [STATE] }", "puts an element into a set"),
  row("delete", "delete @SET { KEY }", "takes an element out of a set"),
  row("reset", "reset tcp option NAME", "overwrites a TCP option with no-ops"),
  row("notrack", "notrack", "leaves the packet out of connection tracking"),
  row("queue", "queue [flags bypass,fanout] to N[-N]", "hands the packet to a program"),
  row("dup", "dup to ADDRESS [device PORT]", "sends a copy of the packet elsewhere"),
  row("fwd", "fwd to PORT", "sends the packet out of another port"),
  row("tproxy", "tproxy [ip|ip6] to [ADDRESS][:PORT]", "hands the packet to a proxy on the router"),
  row(
    "synproxy",
    "synproxy [mss N] [wscale N] [timestamp] [sack-perm]",
    "answers a SYN in the server's stead",
  ),
  row("flow add", "flow add @FLOWTABLE", "lets the connection take the fast path"),
  row("comment", 'comment "TEXT"', "says what the rule is for"),
];

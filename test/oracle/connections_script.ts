import { icmp, ip, tcp, udp } from "../../core/packet/build.ts";
import { LAN_STATION, type Step, WAN_STATION } from "./play.ts";

/** Statements about connections: zones, labels, events, helpers, timeouts, expectations. */
export const CONNECTION_RULES = `
table inet connections {
	ct timeout slow {
		protocol udp
		l3proto ip
		policy = { unreplied : 11, replied : 20 }
	}

	ct timeout opening {
		protocol tcp
		policy = { syn_sent : 7 }
	}

	ct helper phone {
		type "sip" protocol udp
	}

	ct expectation callback {
		protocol tcp
		dport 9876
		timeout 1m
		size 4
		l3proto ip
	}

	ct expectation ringing {
		protocol udp
		dport 9877
		timeout 1m
		size 4
		l3proto ip
	}

	chain untracked {
		type filter hook prerouting priority raw; policy accept;
		udp dport 2100 ct zone set 5 counter
		udp dport 2100 ct zone set 6 counter
		udp dport 2100 ct zone 5 counter comment "never"
		udp dport 2100 ct state new counter
		udp dport 2100 notrack
		udp sport 2100 ct zone set 5 counter
		icmp type destination-unreachable ct zone set 5 counter
		udp dport 2101 ct original zone set 6 counter
		udp dport 2102 ct zone set 7 counter
		udp dport 2103 ct reply zone set 8 counter
		udp sport 2103 ct reply zone set 8 counter
		udp dport 2104 notrack
		udp dport 2104 ct zone set 9 counter
		tcp dport 2105 ct zone set 65535 counter
		tcp sport 2105 ct zone set 65535 counter
	}

	chain forward {
		type filter hook forward priority filter; policy accept;
		ct zone 5 counter
		ct zone 5 ct state new counter
		ct zone 5 ct state established counter
		ct zone 5 ct state related counter
		ct original zone 6 ct reply zone 0 counter
		ct original zone 6 ct state established counter
		udp dport 2101 ct zone 6 counter
		ct zone 7 counter
		udp sport 2102 ct zone 0 ct state new counter
		ct original zone 0 ct reply zone 8 counter
		ct reply zone 8 ct state established counter
		ct zone 9 counter
		ct zone 65535 ct state established counter

		udp dport 2200 ct label set 3 counter
		udp dport 2200 ct label set 100 counter
		ct label 3 counter
		ct label 100 counter
		ct label 4 counter comment "never"
		udp dport 2201 ct event set new,destroy counter

		udp dport 2300 ct timeout set "slow" counter
		tcp dport 2301 ct timeout set "opening" counter
		udp dport 2302 ct timeout set "opening" counter
		udp dport 2300 ct expiration < 12s counter
		tcp dport 2301 ct expiration < 8s counter
		udp dport 2302 ct expiration < 8s counter comment "never"
		udp sport 2300 ct expiration < 12s counter

		udp dport 2400 ct helper set "phone" counter
		tcp dport 2401 ct helper set "phone" counter
		ct helper "sip" counter
		udp dport 2402 ct helper set "phone" ct expectation set "ringing" counter
		udp dport 2402 ct helper "sip" counter comment "never"
		ct helper "ftp" counter comment "never"

		udp dport 2500 ct expectation set "callback" counter
		udp dport 2500 counter
		tcp dport 9876 ct state related counter
		tcp dport 9876 ct state new counter
		ct status expected counter
	}
}
`;

const to = { from: LAN_STATION.ipv4, to: WAN_STATION.ipv4 };
const back = { from: WAN_STATION.ipv4, to: LAN_STATION.ipv4 };
const lan = (name: string, ...packets: Uint8Array[]): Step => ({ name, from: "lan", packets });
const wan = (name: string, ...packets: Uint8Array[]): Step => ({ name, from: "wan", packets });
const asked = (port: number, from = 1000) => udp(to, from, port);
const answered = (port: number, at = 1000) => udp(back, port, at);
const syn = (port: number, addresses = to) => tcp(addresses, 1000, port, { flags: 2, sequence: 1 });

export const connectionsScript: readonly Step[] = [
  lan("a zone: the first choice stands, and notrack comes too late", asked(2100)),
  wan("its answer, in the zone", answered(2100)),
  lan("again", asked(2100)),
  wan("an error about it, in the zone", icmp(back, 3, 3, 0, asked(2100))),
  lan("a zone for the original direction", asked(2101)),
  wan("its answer, in none", answered(2101)),
  lan("again", asked(2101)),
  lan("a zone", asked(2102)),
  wan("its answer is another flow in no zone", answered(2102)),
  lan("a zone for replies", asked(2103)),
  wan("its answer, in the zone", answered(2103)),
  lan("a zone undoes notrack", asked(2104)),
  lan("the highest zone", syn(2105)),
  wan("its answer", tcp(back, 2105, 1000, { flags: 18, sequence: 9, acknowledgement: 2 })),
  lan("labels", asked(2200)),
  wan("labels stay", answered(2200)),
  lan("events", asked(2201)),
  lan("timeouts", asked(2300), asked(2302), syn(2301)),
  lan("timeouts stay", asked(2300), asked(2302), syn(2301)),
  wan("timeouts of answers", answered(2300)),
  lan("a helper, and one of another protocol", asked(2400), syn(2401)),
  lan("the helper stays", asked(2400)),
  lan("a helper, and a connection it may have expected", asked(2402)),
  wan("the connection", udp(back, 1000, 9877)),
  lan("an expectation", asked(2500)),
  lan("not of a flow that left", asked(2500)),
  lan("another flow would expect the same: dropped", asked(2500, 1001)),
  wan("what was expected", syn(9876, back)),
  wan("only once", tcp(back, 1001, 9876, { flags: 2, sequence: 1 })),
  lan("no protocol of ports", ip(to, 47, new Uint8Array(8))),
];

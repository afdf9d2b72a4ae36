import { strict as assert } from "node:assert";
import { test } from "node:test";
import { Nft } from "./nft.ts";
import type { NftOptions } from "./options.ts";
import { lo } from "./test_options.ts";

const make = (options: NftOptions = {}) => new Nft(undefined, { ...lo, ...options });
const must = (nft: Nft, text: string, name?: string) => {
  const result = nft.run(text, name);
  assert.ok(result.ok, result.error);
  return result.output;
};

test("a text is one transaction: after an error nothing of it stays", () => {
  const nft = make();
  must(nft, "add table ip keep");
  const result = nft.run(
    "add table ip gone\nadd chain ip gone c\nadd rule ip gone c tcp dport 99999\nadd rule ip gone c jump nowhere",
  );
  assert.equal(result.ok, false);
  assert.equal(result.diagnostics.length, 2);
  assert.equal(must(nft, "list tables"), "table ip keep\n");
});

test("rules go where they are told: add, insert, index, handle, replace, delete", () => {
  const nft = make();
  must(nft, "add table ip t; add chain ip t c");
  for (const port of [1, 2, 3]) must(nft, `add rule ip t c tcp dport ${port}`);
  must(nft, "insert rule ip t c tcp dport 0");
  must(nft, "add rule ip t c index 1 tcp dport 15");
  must(nft, "insert rule ip t c index 4 tcp dport 25");
  const ports = () =>
    [...must(nft, "list chain ip t c").matchAll(/dport (\d+)/g)].map((found) => Number(found[1]));
  assert.deepEqual(ports(), [0, 1, 15, 2, 25, 3]);
  const handles = new Map(
    [
      ...must(new Nft(nft.store, { handles: true }), "list chain ip t c").matchAll(
        /dport (\d+) # handle (\d+)/g,
      ),
    ]
      .map((found) => [Number(found[1]), found[2]]),
  );
  must(nft, `replace rule ip t c handle ${handles.get(15)} tcp dport 16`);
  must(nft, `delete rule ip t c handle ${handles.get(0)}`);
  must(nft, `add rule ip t c handle ${handles.get(2)} tcp dport 22`);
  assert.deepEqual(ports(), [1, 16, 2, 22, 25, 3]);
  must(nft, "flush chain ip t c");
  assert.deepEqual(ports(), []);
});

test("defines reach into their block, can be redefined and undefined, and hold sets", () => {
  const nft = make({ stateless: true });
  const text = `
define wan = "eth0"
define ports = { 22, 80 }
define net = 192.0.2.0/24
table ip t {
	define inner = 5
	chain c {
		iifname $wan tcp dport $ports ip saddr $net meta mark set $inner
		ip saddr { $net, 198.51.100.1 } accept
	}
}
redefine wan = "eth1"
undefine ports
add rule ip t c oifname $wan
`;
  must(nft, text);
  const listed = must(nft, "list chain ip t c");
  assert.match(
    listed,
    /iifname "eth0" tcp dport \{ 22, 80 \} ip saddr 192\.0\.2\.0\/24 meta mark set 0x00000005/,
  );
  assert.match(listed, /ip saddr \{ 192\.0\.2\.0\/24, 198\.51\.100\.1 \} accept/);
  assert.match(listed, /oifname "eth1"/);
  assert.equal(nft.run("add rule ip t c tcp dport $ports").ok, false);
  assert.equal(nft.run("define a = 1\ndefine a = 2").ok, false);
});

test("includes read in place, globs in order, a missing file and a circle are located errors", () => {
  const files: Record<string, string> = {
    "/etc/a.nft": "add chain ip t a\n",
    "/etc/d/1.nft": "add chain ip t one\n",
    "/etc/d/2.nft": "add chain ip t two\n",
    "/etc/loop.nft": 'include "/etc/loop.nft"\n',
    "/etc/wrong.nft": "add table ip t\nadd rule ip t a frobnicate 5\n",
  };
  const reader = {
    read: (path: string) => files[path],
    glob: (pattern: string) =>
      Object.keys(files).filter((path) => path.startsWith(pattern.replace(/\*.*$/, ""))).sort(),
  };
  const nft = make({ reader });
  must(
    nft,
    'add table ip t\ninclude "/etc/a.nft"\ninclude "/etc/d/*.nft"\ninclude "/etc/none/*.nft"\nadd chain ip t last\n',
  );
  const chains = [...must(nft, "list table ip t").matchAll(/chain (\w+)/g)].map((found) => found[1]);
  assert.deepEqual(chains, ["a", "one", "two", "last"]);
  assert.match(
    nft.run('include "/etc/nowhere.nft"\n', "main").error,
    /^main:1:1-27: Error: File not found: \/etc\/nowhere\.nft\n/,
  );
  assert.match(nft.run('include "/etc/loop.nft"\n', "main").error, /includes itself/);
  const inner = nft.run('include "/etc/wrong.nft"\n', "main").error;
  assert.match(
    inner,
    /^In file included from main:1:1-25:\n\/etc\/wrong\.nft:2:17-26: Error: No symbol type information\n/,
  );
});

test("sets keep what they are told and give it back", () => {
  const nft = make({ stateless: true });
  const text = `table ip t {
	set blocked {
		type ipv4_addr
		flags interval
		auto-merge
		comment "who is not let in"
		elements = { 192.0.2.0/24, 198.51.100.1 }
	}

	set seen {
		type ipv4_addr . inet_service
		size 100
		flags dynamic,timeout
		timeout 1h
		elements = { 192.0.2.1 . 22 timeout 5m comment "kept" }
	}

	map marks {
		type ipv4_addr : mark
		elements = { 192.0.2.1 : 0x00000005 }
	}

	map verdicts {
		type ifname : verdict
		elements = { "lo" : accept,
			     "eth0" : jump c }
	}

	chain c {
		ip saddr @blocked drop
		meta mark set ip saddr map @marks
		iifname vmap @verdicts
		add @seen { ip saddr . tcp dport timeout 10s }
	}
}
`;
  must(nft, text.replace(" : jump c }", " : jump d }").replace("chain c", "chain d { }\n\tchain c"));
  must(nft, "flush ruleset");
  must(nft, text.replace("jump c", "drop"));
  assert.equal(must(nft, "list ruleset"), text.replace("jump c", "drop"));
  must(nft, "add element ip t blocked { 198.51.100.2 }");
  assert.match(must(nft, "list set ip t blocked"), /198\.51\.100\.1-198\.51\.100\.2/);
  must(nft, "delete element ip t marks { 192.0.2.1 : 5 }");
  assert.equal(nft.run("add element ip t marks { 192.0.2.1 }").ok, false);
  assert.equal(nft.run("add element ip t blocked { 2001:db8::1 }").ok, false);
  assert.equal(nft.run("delete set ip t blocked").ok, false);
});

test("priorities by name, arithmetic and number; what a hook does not know is refused", () => {
  const nft = make();
  const priority = (text: string, type = "filter", hook = "prerouting") => {
    const result = nft.run(
      `table ip t { chain c { type ${type} hook ${hook} priority ${text}; }; }\nlist table ip t\ndelete table ip t`,
    );
    return result.ok ? /priority ([^;]+);/.exec(result.output)![1] : "refused";
  };
  assert.equal(priority("filter + 10"), "filter + 10");
  assert.equal(priority("-300"), "raw");
  assert.equal(priority("mangle - 5"), "mangle - 5");
  assert.equal(priority("-155"), "mangle - 5");
  assert.equal(priority("500"), "500");
  assert.equal(priority("filter-1"), "filter - 1");
  assert.equal(priority("srcnat"), "refused");
  assert.equal(priority("srcnat", "nat", "postrouting"), "srcnat");
});

test("errors are placed as nft places them, our help follows as hints", () => {
  const result = make().run(
    "add table ip t\nadd chain ip t input\nadd rule ip t inptu accept\n",
    "rules.nft",
  );
  assert.equal(
    result.error,
    "rules.nft:3:15-19: Error: No such file or directory; did you mean chain ‘input’ in table ip ‘t’?\n" +
      "add rule ip t inptu accept\n              ^^^^^\n",
  );
  const typo = make().run("table ip t {\n\tchain c {\n\t\tct state estabished accept\n\t}\n}\n", "x");
  assert.equal(
    typo.error,
    "x:3:12-21: Error: Could not parse conntrack state\n\t\tct state estabished accept\n\t\t         ^^^^^^^^^^\nhint: did you mean established?\n",
  );
});

test("deep nesting, endless numbers and open blocks are located errors", () => {
  for (
    const text of [
      "table ip t {",
      "add rule ip t c " + "(".repeat(5000),
      "{".repeat(9999),
      "add element ip t s { " + "{".repeat(500),
    ]
  ) {
    const result = make().run(text, "deep");
    assert.equal(result.ok, false);
    assert.match(result.error, /^deep:1:/);
  }
  const number = make().run(`table ip t { chain c { meta mark 0x${"f".repeat(4000)}; }; }`, "n");
  assert.match(number.error, /exceeds valid range/);
});

test("counters list what the cells hold, unless the listing is stateless", () => {
  const nft = make();
  must(nft, "table ip t { chain c { counter packets 5 bytes 500 accept; }; }");
  const [rule] = [...nft.ruleset.tables.values()][0]!.chains.get("c")!.rules;
  nft.store.cells.numbers[rule!.cells[0]!] = 7;
  assert.match(must(nft, "list ruleset"), /counter packets 7 bytes 500 accept/);
  assert.match(must(new Nft(nft.store, { stateless: true }), "list ruleset"), /\tcounter accept/);
});

test("loops between chains are refused at the chain, also by a check that changes nothing", () => {
  const text = `table ip t {
	chain a { type filter hook input priority 0; jump b
	}
	chain b { jump c
	}
	chain c { jump b
	}
}
`;
  for (const check of [false, true]) {
    const nft = make({ check });
    const result = nft.run(text, "loop");
    assert.equal(result.ok, false);
    assert.match(result.error, /^loop:\d:8-8: Error: Could not process rule: Too many links\n/);
    assert.equal(nft.ruleset.tables.size, 0);
  }
  const nft = make({ check: true });
  assert.ok(nft.run("add table ip t").ok);
  assert.equal(nft.ruleset.tables.size, 0);
});

test("a statement that its hook does not know is refused at its rule", () => {
  const text =
    "table ip t {\n\tchain c {\n\t\ttype filter hook input priority 0;\n\t\taccept\n\t\tmasquerade\n\t}\n}\n";
  const result = make().run(text, "nat");
  assert.equal(
    result.error,
    "nat:5:3-12: Error: Could not process rule: Operation not supported\n\t\tmasquerade\n\t\t^^^^^^^^^^\n" +
      "hint: in chain c\nhint: masquerade does not work in chains of type filter at input\n",
  );
});

test("a map may lead to ranges, and says so when listed", () => {
  const nft = make();
  const text = `table ip t {
	map pools {
		type ipv4_addr : interval ipv4_addr
		elements = { 192.0.2.1 : 198.51.100.1-198.51.100.5, 192.0.2.2 : 203.0.113.0/24 }
	}

	chain c {
		type nat hook prerouting priority dstnat; policy accept;
		dnat ip to ip saddr map @pools
	}
}
`;
  must(nft, text);
  const listed = must(nft, "list ruleset");
  assert.match(listed, /type ipv4_addr : interval ipv4_addr\n/);
  assert.match(listed, /192\.0\.2\.1 : 198\.51\.100\.1-198\.51\.100\.5/);
  const again = make();
  must(again, listed);
  assert.equal(must(again, "list ruleset"), listed);
});

test("elements of maps are got and deleted by their keys alone", () => {
  const nft = make();
  must(
    nft,
    "add table ip t; add map ip t m { type inet_service : verdict; elements = { 22 : accept, 23 : drop }; }",
  );
  assert.match(must(nft, "get element ip t m { 22 }"), /elements = \{ 22 : accept \}/);
  must(nft, "delete element ip t m { 22 }");
  assert.doesNotMatch(must(nft, "list map ip t m"), /22/);
  assert.match(nft.run("get element ip t m { 22 }").error, /No such file or directory/);
});

test("what a declaration cannot say is refused at its place", () => {
  const nft = make();
  assert.match(
    nft.run("add table ip t { flags bogus; }", "f").error,
    /^f:1:24-28: Error: unknown table option bogus/,
  );
  must(nft, "add table netdev n");
  const chain = nft.run("add chain netdev n c { type filter hook ingress priority 0; }", "f");
  assert.match(chain.error, /^f:1:24-58: Error: Missing `device' in this chain definition/);
});

test("beside a syntax error the other errors of a text are told too, and nothing of it is done", () => {
  const nft = make();
  const { ok, diagnostics } = nft.run(
    "table ip t {\n\tchain c {\n\t\ttcp dprot 22 accept\n\t\tip saddr 192.0.2.256 accept\n\t\ttcp dport 99999 drop\n\t}\n}\n",
    "f",
  );
  assert.ok(!ok);
  assert.equal(diagnostics.length, 3);
  assert.equal(nft.ruleset.tables.size, 0);
});

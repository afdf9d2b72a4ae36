import assert from "node:assert/strict";
import { test } from "node:test";
import { Nft } from "./nft.ts";

const RULES = `
table inet f {
  chain in { type filter hook input priority filter; }
  chain raw { type filter hook prerouting priority raw; }
  chain early { type filter hook ingress device "wan" priority -10; }
}
table ip n {
  chain pre { type nat hook prerouting priority dstnat + 5; }
  chain also { type filter hook input priority filter; }
}
table ip d { flags dormant; chain c { type filter hook input priority 0; }; }
table netdev x { chain i { type filter hook ingress device "lan" priority 10; }; }
`;
const STAGES = [
  { hook: "prerouting", priority: -200, name: "conntrack", module: "weir" },
  { hook: "prerouting", priority: -100, name: "nat", module: "weir", runsNat: true },
] as const;

function listed(command: string, options: ConstructorParameters<typeof Nft>[1] = {}): string {
  const nft = new Nft(undefined, options);
  assert.equal(nft.run(RULES).error, "");
  const { output, error } = nft.run(command);
  assert.equal(error, "");
  return output;
}

test("list hooks: base chains in the order packets meet them, the youngest of one priority first", () => {
  assert.equal(
    listed("list hooks ip"),
    `family ip {
	hook prerouting {
		-0000000300 chain inet f raw [nf_tables]
		-0000000095 chain ip n pre [nf_tables]
	}
	hook input {
		 0000000000 chain ip n also [nf_tables]
		 0000000000 chain inet f in [nf_tables]
	}
}
`,
  );
});

test("list hooks: the data plane's own stages, chains for translation within theirs", () => {
  assert.equal(
    listed("list hooks ip", { stages: STAGES }).split("\thook input")[0],
    `family ip {
	hook prerouting {
		-0000000300 chain inet f raw [nf_tables]
		-0000000200 conntrack [weir]
		-0000000100 nat [weir]
		-0000000095 chain ip n pre [nf_tables]
	}
`,
  );
});

test("list hooks: families and devices", () => {
  assert.match(listed("list hooks inet"), /^family ip \{[^]*\nfamily ip6 \{/);
  assert.match(
    listed("list hooks netdev device lan"),
    /^family netdev \{\n\thook ingress \{\n\t\t\+0000000010 chain netdev x i /,
  );
  assert.equal(listed("list hooks netdev device wan"), "");
  assert.match(listed("list hooks ip6 device wan"), /hook ingress \{\n\t\t-0000000010 chain inet f early /);
  assert.match(new Nft().run("list hooks bogus").error, /syntax error, unexpected/);
  const { nftables } = JSON.parse(listed("list hooks netdev", { json: true }));
  assert.equal(nftables[1].hook.chain.name, "i");
});

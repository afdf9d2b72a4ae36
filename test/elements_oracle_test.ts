import assert from "node:assert/strict";
import { Nft } from "../core/nft/nft.ts";
import { RulesetStore } from "../core/ruleset/store.ts";
import { below, SeededRandom } from "../core/random.ts";
import { skip } from "./needs.ts";

const SETS = `table ip t {
  set s { type ipv4_addr; }
  set i { type ipv4_addr; flags interval; }
  map d { type ipv4_addr : mark; }
  map di { type ipv4_addr : mark; flags interval; }
  set c { type ipv4_addr . inet_service; flags interval; }
  set t { type ipv4_addr; flags timeout; }
  set u { type ipv4_addr; timeout 1h; }
  set z { type ipv4_addr; size 3; }
}
`;

const random = new SeededRandom(20261125);
const address = () => `192.0.2.${below(random, 12)}`;
const spread = () =>
  ["/30", "/31", `-192.0.2.${12 + below(random, 4)}`, "", ""].map((end) =>
    address().replace(/\d+$/, (n) => end.startsWith("/") ? String(Number(n) & -4) : n) + end
  )[below(random, 5)]!;

/** One element as the set takes it. */
const ELEMENTS: Readonly<Record<string, () => string>> = {
  s: address,
  i: spread,
  d: () => `${address()} : ${below(random, 2)}`,
  di: () => `${spread()} : ${below(random, 2)}`,
  c: () => `${address()} . ${1 + below(random, 3)}-${4 + below(random, 3)}`,
  t: () => address() + ["", " timeout 1h", " timeout 2h"][below(random, 3)],
  u: () => address() + ["", " timeout 2h"][below(random, 2)],
  z: address,
};

const said = (text: string) =>
  text.split("\n").filter((line) => !line.startsWith("hint:")).join("\n").replace(
    / expires \w+/g,
    " expires",
  );

Deno.test({
  name: "random element commands are answered, and leave, what the kernel's sets do",
  ignore: skip("test/elements_oracle_test.ts", "nft", "ip"),
  async fn() {
    const namespace = `weir-elements-${Deno.pid}`;
    const nft = async (...args: string[]) => {
      const { stdout, stderr } = await new Deno.Command("ip", {
        args: ["netns", "exec", namespace, "nft", ...args],
      }).output();
      return new TextDecoder().decode(stdout) + new TextDecoder().decode(stderr);
    };
    await new Deno.Command("ip", { args: ["netns", "add", namespace] }).output();
    try {
      let now = 0;
      const weir = new Nft(new RulesetStore({ offline: true, now: () => now }), { dialect: "1.0.6" });
      assert.equal(await nft(SETS), "");
      assert.equal(weir.run(SETS).error, "");
      const names = Object.keys(ELEMENTS);
      for (let i = 0; i < 300; i++) {
        const set = names[below(random, names.length)]!;
        const verb = ["add", "add", "create", "delete"][below(random, 4)]!;
        const elements = Array.from({ length: set.includes("i") ? 1 : 1 + below(random, 2) }, ELEMENTS[set]!);
        const command = `${verb} element ip t ${set} { ${elements.join(", ")} }`;
        const answer = weir.run(command);
        now += 10;
        assert.equal(
          said(answer.output + answer.error).trimEnd(),
          said(await nft(command)).trimEnd(),
          command,
        );
      }
      assert.equal(said(weir.run("list ruleset").output), said(await nft("list", "ruleset")));
    } finally {
      await new Deno.Command("ip", { args: ["netns", "del", namespace] }).output();
    }
  },
});

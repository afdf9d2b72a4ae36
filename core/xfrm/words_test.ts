import { strict as assert } from "node:assert";
import { test } from "node:test";
import { below, SeededRandom } from "../random.ts";
import { formatPolicy, parsePolicy } from "./policy_words.ts";
import { formatState } from "./state_listing.ts";
import { parseState } from "./state_words.ts";
import { ALGORITHMS, Peer } from "./test_peers.ts";
import { WordsError } from "./words.ts";

const ID = "src 192.0.2.1 dst 192.0.2.2 proto esp spi 0x1000 ";

test("policies are listed as `ip xfrm policy` lists them", () => {
  const golden = [
    [
      "src 10.1.0.0/16 dst 10.2.0.0/16 dir out priority 100 tmpl src 192.0.2.1 dst 192.0.2.2 proto esp reqid 5 mode tunnel",
      "src 10.1.0.0/16 dst 10.2.0.0/16 \n\tdir out priority 100 ptype main \n" +
      "\ttmpl src 192.0.2.1 dst 192.0.2.2\n\t\tproto esp reqid 5 mode tunnel\n",
    ],
    [
      "src 10.2.0.0/16 dst 10.1.0.0/16 proto tcp dport 80 dev lo dir in action block priority 3 mark 1 mask 3",
      "src 10.2.0.0/16 dst 10.1.0.0/16 proto tcp dport 80 dev lo \n" +
      "\tdir in action block priority 3 ptype main \n\tmark 0x1/0x3 \n",
    ],
    [
      "src 10.2.0.0/16 dst 10.1.0.0/16 proto icmp type 8 code 0 dir fwd flag localok flag icmp " +
      "tmpl proto esp mode transport level use tmpl src 192.0.2.1 dst 192.0.2.2 proto esp spi 0x77 reqid 5 mode tunnel",
      "src 10.2.0.0/16 dst 10.1.0.0/16 proto icmp type 8 code 0 \n\tdir fwd priority 0 ptype main flag localok icmp\n" +
      "\ttmpl src 0.0.0.0 dst 0.0.0.0\n\t\tproto esp reqid 0 mode transport\n\t\tlevel use \n" +
      "\ttmpl src 192.0.2.1 dst 192.0.2.2\n\t\tproto esp spi 0x00000077 reqid 5 mode tunnel\n",
    ],
  ];
  for (const [words, listing] of golden) {
    assert.equal(formatPolicy(parsePolicy(words!)), listing);
    assert.equal(formatPolicy(parsePolicy(listing!)), listing);
  }
});

test("a state's listing", () => {
  const state = new Peer().add(
    `${ID}mode tunnel reqid 5 replay-window 32 flag af-unspec mark 0x10 mask 0xff output-mark 2 ${
      ALGORITHMS[2]
    } ` +
      "encap espinudp 4500 4501 0.0.0.0",
  );
  assert.equal(
    formatState(state, { keys: false }),
    "src 192.0.2.1 dst 192.0.2.2\n\tproto esp spi 0x00001000 reqid 5 mode tunnel\n" +
      "\treplay-window 32 flag af-unspec\n\tmark 0x10/0xff output-mark 0x2/0xffffffff\n\taead rfc4106(gcm(aes)) <<Keys hidden>> 128\n" +
      "\tencap type espinudp sport 4500 dport 4501 addr 0.0.0.0\n" +
      "\tanti-replay context: seq 0x0, oseq 0x0, bitmap 0x00000000\n",
  );
});

test("list, parse, list of states is a fixed point", () => {
  const more = [
    "",
    "mode tunnel flag esn flag decap-dscp replay-window 128 replay-seq 7 replay-oseq 0xff replay-oseq-hi 3",
    "mode tunnel extra-flag dont-encap-dscp oseq-may-wrap df set limit byte-hard 1000 limit time-soft 60",
    "mode transport sel src 10.0.0.0/8 dst 10.1.0.0/16 proto udp sport 5 dport 7",
    "flag noecn nopmtudisc esn replay-window 4096 mark 0/0",
  ];
  for (const words of more) {
    for (const algorithm of ALGORITHMS) {
      const listing = formatState(new Peer().add(`${ID}${words} ${algorithm}`));
      assert.equal(formatState(new Peer().add(listing)), listing);
    }
  }
});

test("what is wrong is said where", () => {
  const wrong: [string, RegExp][] = [
    ["src 192.0.2 dst 192.0.2.2", /expected a source address, found "192.0.2"/],
    ["src 192.0.2.1 dst 192.0.2.2 proto ah", /expected a protocol \(esp\), found "ah"/],
    ["src 192.0.2.1 dst 192.0.2.2 proto esp", /needs spi/],
    [`${ID}enc cbc(aes) 0x123`, /a key: 0x and pairs/],
    [`${ID}replay-window 4097 ${ALGORITHMS[2]}`, /at most 4096/],
    [`${ID}flag quick`, /expected a flag .*found "quick"/],
    [`${ID}aead`, /an algorithm is missing at the end/],
    [`${ID}enc cbc(aes) 0x${"00".repeat(16)}`, /alone lets packets be forged/],
    [
      `${ID}enc cbc(aes) 0x${"00".repeat(15)} auth sha1 0x00`,
      /keys of cbc\(aes\) have 128, 192, 256 bits, this one has 120/,
    ],
    [`${ID}enc des 0x00 auth sha1 0x00`, /"des" is no enc algorithm here/],
    [`${ID}aead rfc4106(gcm(aes)) 0x${"00".repeat(20)} 80`, /64, 96, 128 bits, not 80/],
    [`${ID}flag esn ${ALGORITHMS[2]}`, /need a replay window/],
    [`src 192.0.2.1 dst 192.0.2.2 proto esp spi 5 ${ALGORITHMS[2]}`, /an SPI is/],
    ["src 192.0.2.1 dst 2001:db8::1 proto esp spi 0x1000 " + ALGORITHMS[2], /two families/],
  ];
  for (const [words, message] of wrong) assert.throws(() => new Peer().add(words), message);
  assert.throws(() => parsePolicy("src 10.0.0.0/8 dir sideways"), /a direction \(in, out, fwd\)/);
  assert.throws(() => parsePolicy("dir in tmpl src 10.0.0.1"), /proto esp in a template/);
  const peer = new Peer();
  peer.add(ID + ALGORITHMS[2]);
  assert.throws(() => peer.add(ID + ALGORITHMS[2]), /there is a state for 192.0.2.2 spi 0x00001000/);
  assert.equal(parseState(ID + ALGORITHMS[2]).mode, "transport");
});

test("mixed-up words are refused in words, or taken", () => {
  const random = new SeededRandom(5),
    vocabulary = [
      ...formatState(
        new Peer().add(`${ID}flag esn replay-window 64 encap espinudp 1 2 0.0.0.0 ${ALGORITHMS[6]}`),
      ).split(/\s+/),
      ..."src dst dir in out tmpl proto esp level use mode tunnel mark 0x5/0x7 limit byte-soft 5 action -1 0x 99999999999999 /"
        .split(" "),
    ];
  for (let i = 0; i < 5000; i++) {
    const text = Array.from({ length: below(random, 12) }, () => vocabulary[below(random, vocabulary.length)])
      .join(" ");
    for (const attempt of [() => formatPolicy(parsePolicy(text)), () => parseState(text)]) {
      try {
        attempt();
      } catch (error) {
        assert.ok(error instanceof WordsError, `${text}: ${error}`);
        assert.doesNotMatch(error.message, /undefined|null|NaN|internal/);
      }
    }
  }
});

import assert from "node:assert/strict";
import { VirtualClock } from "../core/clock.ts";
import { PacketBatch } from "../core/packet/batch.ts";
import { icmp } from "../core/packet/build.ts";
import { PacketPool } from "../core/packet/pool.ts";
import { putPacket } from "../core/packet/test_batch.ts";
import { SeededRandom } from "../core/random.ts";
import { answerXfrm } from "../core/xfrm/commands.ts";
import { formatEvent, monitorWords } from "../core/xfrm/monitor.ts";
import type { XfrmEvent } from "../core/xfrm/plan.ts";
import { Policies } from "../core/xfrm/policies.ts";
import { selectorOf } from "../core/xfrm/selector.ts";
import { States } from "../core/xfrm/states.ts";
import { XfrmStatistics } from "../core/xfrm/statistics.ts";
import { splitWords } from "../core/xfrm/words.ts";
import { Engine } from "../drivers/crypto/engine.ts";
import { SoftwareDevice } from "../drivers/crypto/libcrypto/device.ts";
import { libcrypto } from "../drivers/crypto/libcrypto/library.ts";
import { guestLacks, runInGuest } from "./guest/guest.ts";

/**
 * The words of `ip xfrm` against iproute2 and the kernel of a guest: the same commands on both sides, and what they
 * print, byte for byte; of a command that fails only that it does.
 */
const lacking = guestLacks() ?? (libcrypto() === undefined ? "libcrypto.so.3 (package libssl3)" : undefined);
if (lacking !== undefined) console.log(`skipped: xfrm_words_guest_test.ts needs ${lacking}`);

const key = (bytes: number): string =>
  `0x${Array.from({ length: bytes }, (_, i) => (i * 13 + 7 & 255).toString(16).padStart(2, "0")).join("")}`;
const GCM = `aead 'rfc4106(gcm(aes))' ${key(20)} 128`, CBC = `enc 'cbc(aes)' ${key(16)}`;
const PAIR = "src 192.0.2.1 dst 192.0.2.2 proto esp", SIX = "src 2001:db8::1 dst 2001:db8::2 proto esp";
const TMPL = "tmpl src 192.0.2.1 dst 192.0.2.2 proto esp reqid 5 mode tunnel";

const COMMANDS: readonly string[] = [
  // states: modes, families, marks
  `state add ${PAIR} spi 0x1000 mode tunnel reqid 5 replay-window 32 flag af-unspec mark 0x10 mask 0xff output-mark 2 ${GCM} encap espinudp 4500 4501 0.0.0.0`,
  `state add ${PAIR} spi 0x1001 ${GCM}`,
  `state add ${PAIR} spi 4098 mode tunnel mark 7 ${GCM}`,
  `state add ${PAIR} spi 010003 mode tunnel output-mark 0x100 mask 0xff00 ${GCM}`,
  `state add ${PAIR} spi 0x1004 mode tunnel mark 0 mask 0 ${GCM}`,
  `state add ${PAIR} spi 0x1005 mode tunnel mark 0 mask 0xf ${GCM}`,
  `state add ${SIX} spi 0x1006 mode tunnel encap espinudp 4500 4500 :: aead 'rfc7539esp(chacha20,poly1305)' ${
    key(36)
  } 128`,
  `state add ${SIX} spi 0x1007 mode transport aead 'rfc4106(gcm(aes))' ${key(36)} 64`,
  `state add ${SIX} spi 0x1008 mode tunnel flag af-unspec ${GCM}`,
  // windows, numbers, flags
  `state add ${PAIR} spi 0x1010 mode tunnel replay-window 1 replay-oseq 5 ${GCM}`,
  `state add ${PAIR} spi 0x1011 mode tunnel replay-window 33 ${GCM}`,
  `state add ${PAIR} spi 0x1012 mode tunnel flag esn flag decap-dscp replay-window 128 replay-oseq 0xff replay-oseq-hi 3 ${GCM}`,
  `state add ${SIX} spi 0x1013 mode transport flag esn nopmtudisc noecn replay-window 512 auth 'hmac(sha256)' ${
    key(32)
  } ${CBC}`,
  `state add ${PAIR} spi 0x1014 mode tunnel flag icmp align4 replay-window 32 ${GCM}`,
  `state add ${PAIR} spi 0x1015 mode tunnel extra-flag dont-encap-dscp oseq-may-wrap ${GCM}`,
  `state add ${PAIR} spi 0x1016 mode tunnel flag noecn extra-flag dont-encap-dscp ${GCM}`,
  `state add ${PAIR} spi 0x1017 mode tunnel flag esn replay-window 4096 ${GCM}`,
  // algorithms
  `state add ${PAIR} spi 0x1020 auth-trunc 'hmac(sha256)' ${key(32)} 128 ${CBC}`,
  `state add ${PAIR} spi 0x1021 auth sha1 ${key(20)} enc aes ${key(32)}`,
  `state add ${PAIR} spi 0x1022 auth-trunc 'hmac(sha512)' ${key(64)} 256 enc 'rfc3686(ctr(aes))' ${key(20)}`,
  `state add ${PAIR} spi 0x1023 auth-trunc 'hmac(sha384)' ${key(48)} 192 enc 'cbc(aes)' ${key(24)}`,
  `state add ${PAIR} spi 0x1024 auth 'hmac(sha1)' textistakenasitis ${CBC}`,
  // selectors and limits
  `state add ${PAIR} spi 0x1030 sel src 10.0.0.0/8 dst 10.1.0.0/16 proto udp sport 5 dport 7 ${GCM}`,
  `state add ${SIX} spi 0x1031 mode tunnel sel src ::/0 dst 2001:db8::/32 proto ipv6-icmp type 128 code 0 ${GCM}`,
  `state add ${PAIR} spi 0x1032 mode tunnel sel dst 10.0.0.0/8 dev lo ${GCM}`,
  `state add ${PAIR} spi 0x1033 sel proto 89 ${GCM}`,
  `state add ${PAIR} spi 0x1034 sel src 10.0.0.1 proto tcp sport 0 ${GCM}`,
  `state add ${PAIR} spi 0x1035 limit byte-hard 1000 limit time-soft 60 limit packet-soft 7 limit time-use-hard 99 ${GCM}`,
  `state update ${PAIR} spi 0x1035 limit byte-soft 500 ${GCM}`,
  // what fails on both sides
  `state add ${PAIR} spi 0x1001 ${GCM}`,
  `state add ${PAIR} spi 0x1040 aead 'rfc4106(gcm(aes))' ${key(19)} 128`,
  `state add ${PAIR} spi 0x1040 aead 'rfc4106(gcm(aes))' ${key(20)} 80`,
  `state add ${PAIR} spi 0x1040 flag esn ${GCM}`,
  `state add ${PAIR} spi 0x1040 replay-window 4097 ${GCM}`,
  `state add ${PAIR} spi 0x1040 auth sha1 ${key(20)}`,
  `state add ${PAIR} spi 0x1040 sel proto icmp sport 5 ${GCM}`,
  `state add ${PAIR} spi 0x1041 sel sport 5 ${GCM}`,
  `state add src 192.0.2.1 dst 2001:db8::1 proto esp spi 0x1040 ${GCM}`,
  `state update ${PAIR} spi 0x1042 ${GCM}`,
  `state add ${PAIR} spi 0x1040 enc nonsense 0x00 ${CBC}`,
  // questions
  "state",
  "state list nokeys",
  "state count",
  "state list reqid 5",
  "s l src 192.0.2.0/24",
  "state list dst 2001:db8::2",
  "state ls flag esn",
  "state list flag noecn flag icmp",
  "state list mode transport",
  "state show proto ah",
  "state lst spi 0x1001",
  "state get dst 192.0.2.2 proto esp spi 0x1000",
  "state get dst 192.0.2.2 proto esp spi 0x1000 mark 0x10",
  "state get src 192.0.2.1 dst 192.0.2.2 proto esp spi 0x1001",
  "state get dst 192.0.2.2 spi 0x1001",
  "state get dst 192.0.2.2 proto esp spi 0x9999",
  // policies
  `policy add src 10.1.0.0/16 dst 10.2.0.0/16 dir out priority 100 ${TMPL}`,
  "policy add src 10.2.0.0/16 dst 10.1.0.0/16 proto tcp dport 80 dev lo dir in action block priority 3 mark 1 mask 3",
  `policy add src 10.2.0.0/16 dst 10.1.0.0/16 proto icmp type 8 code 0 dir fwd flag localok flag icmp tmpl proto esp mode transport level use ${TMPL}`,
  "policy add src ::/0 dst 2001:db8::/32 proto udp sport 500 dir out limit byte-soft 4 limit time-hard 99 tmpl src 2001:db8::1 dst 2001:db8::2 proto esp mode tunnel",
  "policy add dir in src 2001:db8::1 tmpl proto esp",
  "policy update dst 10.9.0.0/16 dir out mark 7 priority 4294967295",
  "policy add dst 10.9.0.0/16 dir out",
  "policy add dst 10.9.0.0/16 dir fwd tmpl src 192.0.2.1 dst 192.0.2.2 proto esp spi 0x77 mode tu level required",
  "policy add dst 10.9.0.0/16 dir in mark 0 mask 0xf tmpl dst 192.0.2.1 proto esp reqid 4294967295",
  "policy update src 10.1.0.0/16 dst 10.2.0.0/16 dir out priority 7",
  "policy add src 10.1.0.0/16 dst 10.2.0.0/16 dir out",
  "policy add src 10.1.0.0/16 dst 10.2.0.0/16",
  "policy add src 10.1.0.0/16 dst 2001:db8::/32 dir out",
  "policy add src 10.1.0.0/16 dir sideways",
  "policy add src 10.1.0.0/16 dir in tmpl src 192.0.2.1",
  "policy",
  "policy count",
  "policy list dir out",
  "policy list dst 10.9.0.0/16",
  "policy list dst 10.0.0.0/8",
  "policy list proto tcp",
  "policy ls action block",
  "policy list priority 7",
  "policy list flag icmp",
  "policy get dst 10.9.0.0/16 dir out mark 7",
  "policy get dst 10.9.0.0/16 dir out",
  "policy get dst 10.9.0.0/16 dir fwd mark 7",
  "policy get src 10.1.0.0/16 dst 10.2.0.0/16 dir out",
  "policy get dir out",
  "policy getdefault",
  // changes
  "state delete dst 192.0.2.2 proto esp spi 0x1001",
  "state delete dst 192.0.2.2 proto esp spi 0x1001",
  "state deleteall reqid 5",
  "state deleteall mode transport dst 2001:db8::2",
  "policy delete dst 10.9.0.0/16 dir out mark 7",
  "policy delete dst 10.9.0.0/16 dir out mark 7",
  "policy deleteall dir in proto tcp",
  "state count",
  "policy count",
  "policy",
  "state list nokeys",
  "state nonsense",
  "policy nonsense",
  "nonsense",
];
/** With options before `xfrm`. */
const OPTIONS: readonly string[] = ["-s", "-o", "-4", "-6"];
/** Ends the first part: flushes tell of themselves in one line, ours of each that went. */
const LAST: readonly string[] = [
  "policy flush",
  "state flush proto ah",
  "state count",
  "state flush",
  "state count",
];
const EXPIRING = `state add ${PAIR} spi 0x1100 mode tunnel mark 5 limit time-hard 1 ${GCM}`;

/** A packet that needs a state: of the kernel's event the interface is left out, which ours has not. */
const ACQUIRING = "policy add src 10.1.0.0/16 dst 10.2.0.0/16 dir out priority 100 " + TMPL;
const PING = icmp({ from: "10.1.0.1", to: "10.2.0.9" }, 8, 0, 77 << 16 | 1, new Uint8Array(20));

const quoted = (words: string) =>
  words.replaceAll(/'[^']*'|\(|\)/g, (part) => part.length > 1 ? part : `\\${part}`);
const asked = (command: string, i: number, options = "") =>
  `echo "=== ${i}"; ip ${options} xfrm ${quoted(command)} 2>/dev/null || echo FAILED`;
const questions = COMMANDS.flatMap((command) => command === "state" || command === "policy" ? [command] : []);
const script = `modprobe -a esp4 esp6 xfrm_user authenc gcm seqiv echainiv ctr chacha20poly1305
ip link set lo up
ip xfrm monitor > /tmp/events & monitor=$!
sleep 1
${COMMANDS.map((command, i) => asked(command, i)).join("\n")}
${OPTIONS.flatMap((option, o) => questions.map((q, i) => asked(q, 1000 + 10 * o + i, option))).join("\n")}
sleep 0.5
cp /tmp/events /tmp/events1
${LAST.map((command, i) => asked(command, 2000 + i)).join("\n")}
sleep 0.3; before=$(wc -c < /tmp/events)
ip xfrm ${quoted(EXPIRING)}
sleep 2.5
ip link add d0 type dummy; ip link set d0 up; ip addr add 192.0.2.1/24 dev d0; ip addr add 10.1.0.1/16 dev d0
ip route add 10.2.0.0/16 via 192.0.2.2
ip xfrm ${ACQUIRING}
ping -q -c 1 -W 1 -I 10.1.0.1 10.2.0.9 > /dev/null
kill $monitor
echo "=== 3000"; cat /tmp/events1
echo "=== 3001"; tail -c +$((before + 1)) /tmp/events
exit 0
`;

/** Our side: the same commands. */
class Weir {
  readonly events: XfrmEvent[] = [];
  readonly engine = new Engine([new SoftwareDevice()], { clock: new VirtualClock(0), rows: 64 });
  readonly states: States;
  readonly policies: Policies;
  readonly statistics = new XfrmStatistics();
  now = 1000;

  constructor() {
    this.states = new States({
      engine: this.engine,
      random: new SeededRandom(1),
      onChange: (state, change) =>
        this.events.push({ kind: "xfrm", change, state: state.options, row: state.row }),
    });
    this.policies = new Policies({
      states: this.states,
      statistics: this.statistics,
      onChange: (policy, change) => this.events.push({ kind: "xfrm", change, policy: policy.options }),
      onAcquire: ({ options }, packet, row) =>
        this.events.push({
          kind: "xfrm",
          change: "acquire",
          policy: options,
          selector: selectorOf(packet, row),
        }),
    });
  }

  run(command: string, options = ""): string {
    const words = splitWords(`${options} ${command}`).map(({ text }) => text);
    const { output, error } = answerXfrm(this, words, false, ++this.now, this.now);
    return error === undefined ? output : "FAILED\n";
  }

  told(): string {
    const selection = monitorWords(["monitor"], false);
    return this.events.splice(0).map((event) => formatEvent(event, selection)).join("");
  }
}

/** Times differ; of policies the kernel tells what they have done, which is not kept here. */
const comparable = (text: string): string =>
  text.replaceAll(/^(src .*uid 0\n\tdir (?:.*\n)*?)\tlifetime current:\n.*\n.*\n/gm, "$1")
    .replaceAll(/lifetime current:\\.*?use -\\/g, "")
    .replaceAll(/add \d{4}-\d\d-\d\d \d\d:\d\d:\d\d/g, "add TIME").replaceAll(/index \d+/g, "index N")
    .replaceAll(" dev d0 ", " ");

function firstDifference(theirs: string, own: string): string {
  const [a, b] = [theirs.split("\n"), own.split("\n")];
  const at = a.findIndex((line, i) => line !== b[i]), from = Math.max(0, at < 0 ? a.length - 1 : at - 2);
  return `--- the kernel:\n${a.slice(from, from + 6).join("\n")}\n--- weir:\n${
    b.slice(from, from + 6).join("\n")
  }`;
}

Deno.test({
  name: "the words of ip xfrm, as iproute2 and the kernel of a guest have them",
  ignore: lacking !== undefined,
}, async () => {
  const { status, output } = await runInGuest(script, { seconds: 600 });
  assert.equal(status, 0, output);
  const answers = new Map<number, string>();
  for (const part of output.split(/^=== /m).slice(1)) {
    const line = part.indexOf("\n");
    answers.set(Number(part.slice(0, line)), part.slice(line + 1));
  }
  const weir = new Weir();
  let compared = 0, failures = 0;
  const wrong: string[] = [];
  const compare = (what: string, number: number, own: string) => {
    const theirs = answers.get(number);
    compared++;
    if (own === "FAILED\n") failures++;
    if (theirs === undefined || comparable(theirs) !== comparable(own)) {
      wrong.push(`${what}\n${firstDifference(comparable(theirs ?? ""), comparable(own))}`);
    }
  };
  COMMANDS.forEach((command, i) => compare(command, i, weir.run(command)));
  OPTIONS.forEach((option, o) =>
    questions.forEach((q, i) => compare(`${option} ${q}`, 1000 + 10 * o + i, weir.run(q, option)))
  );
  compare("monitor", 3000, weir.told());
  LAST.forEach((command, i) => compare(command, 2000 + i, weir.run(command)));
  weir.told();
  weir.run(EXPIRING);
  weir.states.tick(weir.now + 2000);
  weir.run(ACQUIRING);
  const batch = new PacketBatch(new PacketPool(4, 0), 4);
  weir.policies.resolve(batch, putPacket(batch, PING), 1);
  compare("monitor of an expiry, and of a packet without a state", 3001, weir.told());
  weir.engine.shutdown();
  assert.equal(wrong.length, 0, `${wrong.length} of ${compared} differ\n${wrong.join("\n")}`);
  console.log(`iproute2 and the guest's kernel said the same ${compared} times, ${failures} of them no`);
});

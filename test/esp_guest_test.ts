import assert from "node:assert/strict";
import { VirtualClock } from "../core/clock.ts";
import { PacketBatch } from "../core/packet/batch.ts";
import { icmp } from "../core/packet/build.ts";
import { PacketPool } from "../core/packet/pool.ts";
import { packetOf, putPacket } from "../core/packet/test_batch.ts";
import { SeededRandom } from "../core/random.ts";
import { EspLayer } from "../core/xfrm/layer.ts";
import { parseState } from "../core/xfrm/state_words.ts";
import { States } from "../core/xfrm/states.ts";
import { Engine } from "../drivers/crypto/engine.ts";
import { SoftwareDevice } from "../drivers/crypto/libcrypto/device.ts";
import { libcrypto } from "../drivers/crypto/libcrypto/library.ts";
import { guestLacks, runInGuest } from "./guest/guest.ts";

/**
 * ESP against another implementation: the kernel of Debian, in a guest. It encrypts pings that we decrypt; it decrypts
 * pings that we encrypted, answers them, and we decrypt the answers. The same words make both sides' states.
 */
const lacking = guestLacks() ?? (libcrypto() === undefined ? "libcrypto.so.3 (package libssl3)" : undefined);
if (lacking !== undefined) console.log(`skipped: esp_guest_test.ts needs ${lacking}`);

const key = (bytes: number): string =>
  `0x${Array.from({ length: bytes }, (_, i) => (i * 11 + 5 & 255).toString(16).padStart(2, "0")).join("")}`;

const ALGORITHMS: readonly string[] = [
  `aead rfc4106(gcm(aes)) ${key(20)} 128`,
  `aead rfc4106(gcm(aes)) ${key(36)} 96`,
  `aead rfc7539esp(chacha20,poly1305) ${key(36)} 128`,
  `auth-trunc hmac(sha1) ${key(20)} 96 enc cbc(aes) ${key(16)}`,
  `auth-trunc hmac(sha256) ${key(32)} 128 enc cbc(aes) ${key(32)}`,
  `auth-trunc hmac(sha512) ${key(64)} 256 enc cbc(aes) ${key(16)}`,
  `auth-trunc hmac(sha256) ${key(32)} 128 enc rfc3686(ctr(aes)) ${key(20)}`,
  `flag esn aead rfc4106(gcm(aes)) ${key(20)} 128`,
  `flag esn auth-trunc hmac(sha256) ${key(32)} 128 enc cbc(aes) ${key(16)}`,
];

const KERNEL = "10.9.0.1", OURS = "10.9.0.2";
const outward = (i: number): string =>
  `src ${KERNEL} dst ${OURS} proto esp spi ${0x1001 + i} reqid 1 mode tunnel`;
const inward = (i: number): string =>
  `src ${OURS} dst ${KERNEL} proto esp spi ${0x2001 + i} reqid 2 mode tunnel`;

/** Listens, sends our packets, tells what came. */
const PYTHON = `
import select, socket, sys, time
sniff = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, socket.htons(0x0800))
raw = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_RAW)
print("READY", flush=True)
time.sleep(2)
for line in sys.argv[1:]: raw.sendto(bytes.fromhex(line), ("${KERNEL}", 0))
end = time.time() + 2
while time.time() < end:
    if select.select([sniff], [], [], 0.1)[0]:
        packet, (_, _, kind, _, _) = sniff.recvfrom(65535)
        if kind != 4 and packet[9] == 50: print("ESP", packet.hex(), flush=True)
`;

function script(sent: readonly (readonly string[])[]): string {
  const quoted = (words: string) => words.replaceAll("(", "\\(").replaceAll(")", "\\)");
  const rounds = ALGORITHMS.map((algorithm, i) => {
    const how = algorithm.startsWith("flag esn")
      ? `replay-window 64 ${quoted(algorithm)}`
      : `replay-window 32 ${quoted(algorithm)}`;
    return `ip xfrm state flush; ip xfrm policy flush
ip xfrm state add ${outward(i)} ${how}
ip xfrm state add ${inward(i)} ${how}
ip xfrm policy add src 192.0.2.1/32 dst 198.51.100.1/32 dir out tmpl src ${KERNEL} dst ${OURS} proto esp reqid 1 mode tunnel
ip xfrm policy add src 198.51.100.1/32 dst 192.0.2.1/32 dir in tmpl src ${OURS} dst ${KERNEL} proto esp reqid 2 mode tunnel
echo "ROUND ${i}"
ip netns exec b python3 /tmp/peer.py ${sent[i]!.join(" ")} > /tmp/heard & peer=$!
until grep -q READY /tmp/heard; do sleep 0.1; done
ping -q -c 3 -i 0.1 -W 1 -I 192.0.2.1 198.51.100.1 >/dev/null
wait $peer
cat /tmp/heard
ip -s xfrm state list spi ${0x2001 + i} | grep -o '[0-9]*(packets)' | sed 's/^/DECRYPTED /'`;
  });
  return `cd /tmp
modprobe -a veth esp4 xfrm_user xfrm4_tunnel authenc gcm seqiv echainiv ctr chacha20poly1305
ip netns add b
ip link add v0 type veth peer name v1 netns b
ip addr add ${KERNEL}/24 dev v0; ip link set v0 up; ip addr add 192.0.2.1/32 dev lo
ip -n b addr add ${OURS}/24 dev v1; ip -n b link set v1 up; ip -n b link set lo up
ip route add 198.51.100.0/24 via ${OURS}
cat > peer.py <<'WEIR_PYTHON'
${PYTHON}
WEIR_PYTHON
sleep 1
${rounds.join("\n")}
grep -v ' 0$' /proc/net/xfrm_stat | sed 's/^/STAT /'
exit 0
`;
}

class Side {
  readonly batch = new PacketBatch(new PacketPool(64, 4), 64);
  readonly states: States;
  readonly esp: EspLayer;
  readonly engine = new Engine([new SoftwareDevice()], { clock: new VirtualClock(0), rows: 64 });

  constructor() {
    const random = new SeededRandom(20080506), { engine } = this;
    this.states = new States({ engine, random });
    this.esp = new EspLayer({ engine, pool: this.batch.pool, states: this.states, random });
  }

  out(): Uint8Array[] {
    for (let turns = 0; turns < 4; turns++) this.esp.complete(0);
    this.batch.clear();
    this.esp.release(this.batch);
    const packets: Uint8Array[] = [];
    for (let row = 0; row < this.batch.count; row++) {
      if (this.batch.verdict[row] === 0) packets.push(packetOf(this.batch, row));
    }
    this.batch.clear();
    return packets;
  }

  encrypt(packet: Uint8Array, words: string): Uint8Array {
    const state = this.states.all().find(({ options }) => options.spi === parseState(words).spi) ??
      this.states.add(parseState(words), 0);
    assert.ok(this.esp.output(this.batch, putPacket(this.batch, packet), state));
    const [sealed] = this.out();
    return sealed!;
  }

  decrypt(packet: Uint8Array): Uint8Array | undefined {
    this.batch.clear();
    this.esp.input(this.batch, putPacket(this.batch, packet));
    return this.out()[0];
  }
}

const hex = (bytes: Uint8Array): string =>
  [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");

Deno.test({
  name: "ESP with the kernel of a guest: it reads ours, we read its",
  ignore: lacking !== undefined,
}, async () => {
  const side = new Side();
  const window = (algorithm: string) =>
    algorithm.startsWith("flag esn") ? "replay-window 64" : "replay-window 32";
  const sent = ALGORITHMS.map((algorithm, i) =>
    [1, 2, 3].map((n) => {
      const ping = icmp(
        { from: "198.51.100.1", to: "192.0.2.1" },
        8,
        0,
        77 << 16 | n,
        new Uint8Array(20 * n).fill(n),
      );
      return hex(side.encrypt(ping, `${inward(i)} ${window(algorithm)} ${algorithm}`));
    })
  );
  for (const [i, algorithm] of ALGORITHMS.entries()) {
    side.states.add(parseState(`${outward(i)} ${window(algorithm)} ${algorithm}`), 0);
  }
  const { status, output } = await runInGuest(script(sent), { seconds: 600 });
  assert.equal(status, 0, output);
  const rounds = output.split(/^ROUND \d+$/m).slice(1);
  assert.equal(rounds.length, ALGORITHMS.length, output);
  for (const [i, algorithm] of ALGORITHMS.entries()) {
    const packets = [...rounds[i]!.matchAll(/^ESP ([0-9a-f]+)$/gm)].map(([, text]) =>
      Uint8Array.from(text!.match(/../g)!, (pair) => parseInt(pair, 16))
    );
    const inner = packets.map((packet) => side.decrypt(packet));
    // ICMP's type behind 20 bytes of header; 8 asks, 0 answers.
    const asked = inner.filter((packet) => packet?.[20] === 8),
      answered = inner.filter((packet) => packet?.[20] === 0);
    const said = `${algorithm}\n${rounds[i]}\n${output.slice(-300)}`;
    assert.equal(asked.length, 3, said);
    assert.equal(answered.length, 3, said);
    assert.match(rounds[i]!, /^DECRYPTED 3\(packets\)$/m, said);
    const name = algorithm.replaceAll(/0x[0-9a-f]+ ?/g, "");
    console.log(
      `${name}: the kernel decrypted 3 of 3, we decrypted ${
        asked.length + answered.length
      } of its ${packets.length}`,
    );
  }
  side.engine.shutdown();
});

import { strict as assert } from "node:assert";
import { createHmac } from "node:crypto";
import { test } from "node:test";
import { ip } from "../packet/build.ts";
import { u32 } from "../packet/bytes.ts";
import { offered } from "./test_engine.ts";
import { bytesOf, Peer } from "./test_peers.ts";

/** Whole ESP packets that others published, made and taken apart again. */

const hex = (b: Uint8Array): string =>
  b.reduce((text, byte) => text + byte.toString(16).padStart(2, "0"), "");

interface Case {
  readonly algorithms: string;
  readonly mode: "tunnel" | "transport";
  readonly spi: string;
  /** Sequence number as authenticated: 8 hexadecimal digits, 16 with ESN. */
  readonly sequence: string;
  readonly iv: string;
  /** Text with padding and trailer. */
  readonly plain: string;
  readonly cipher: string;
  readonly icv: string;
}

/** The packet whose payload (tunnel: which itself) the text is. */
function packetOf(c: Case): Uint8Array {
  const text = bytesOf(c.plain), payload = text.subarray(0, text.length - 2 - text.at(-2)!);
  if (c.mode === "tunnel") return payload;
  const packet = ip({ from: "192.0.2.1", to: "192.0.2.2" }, text.at(-1)!, payload);
  packet.set(payload, 20);
  return packet;
}

function run(c: Case): void {
  const esn = c.sequence.length === 16, iv = bytesOf(c.iv);
  const high = esn ? parseInt(c.sequence.slice(0, 8), 16) : 0, low = parseInt(c.sequence.slice(-8), 16);
  const words = `src 192.0.2.1 dst 192.0.2.2 proto esp spi 0x${c.spi} mode ${c.mode} replay-window 64 ` +
    `${esn ? "flag esn " : ""}${c.algorithms}`;
  const before: [number, number] = [(low - 1) >>> 0, low === 0 ? high - 1 : high];
  const ivWords = Array.from({ length: iv.length / 4 }, (_, i) => u32(iv, 4 * i));
  let draw = -1;
  const sender = new Peer({ u32: () => draw < 0 ? 0 : ivWords[draw++]! }), receiver = new Peer();
  const state = sender.add(words, { outSequence: before, ivSalt: [ivWords[0]! ^ high, ivWords[1]! ^ low] });
  receiver.add(words, { inSequence: before });
  draw = 0;
  const packet = packetOf(c);
  assert.equal(sender.send(packet, state), true);
  const [made] = sender.out(), header = `${c.spi}${c.sequence.slice(-8)}${c.iv}`;
  assert.equal(hex(made!.subarray(20)), header + c.cipher + c.icv);
  assert.equal(receiver.receive(made!), true);
  assert.deepEqual(receiver.out(), [packet]);
  assert.equal(receiver.receive(made!), false);
  assert.deepEqual(receiver.errors, { XfrmInStateSeqError: 1 });
}

const gcm = (
  key: string,
  salt: string,
  spi: string,
  sequence: string,
  iv: string,
  plain: string,
  cipher: string,
  icv: string,
): Case => ({
  algorithms: `aead rfc4106(gcm(aes)) 0x${key}${salt} 128`,
  mode: "transport",
  spi,
  sequence,
  iv,
  plain,
  cipher,
  icv,
});

// draft-mcgrew-gcm-test-01 section 4. All but the one whose SPI, 0, is reserved. Their next header is 1, so their texts
// are payloads of ICMP to ESP, whatever they look like.
// deno-fmt-ignore
const GCM: readonly Case[] = [
  gcm("4c80cdefbb5d10da906ac73c3613a634", "2e443b68", "00004321", "8765432100000000", "4956ed7e3b244cfe",
    "45000048699a000080114db7c0a80102c0a801010a9bf15638d301000001000000000000045f736970045f756470037369700963796265726369747902646b000021000101020201",
    "fecf537e729d5b07dc30df528dd22b768d1b98736696a6fd348509fa13ceac34cfa2436f14a3f3cf65925bf1f4a13c5d15b21e1884f5ff6247aeabb786b93bce61bc17d768fd9732",
    "459018148f6cbe722fd04796562dfdb4"),
  gcm("feffe9928665731c6d6a8f9467308308", "cafebabe", "0000a5f8", "0000000a", "facedbaddecaf888",
    "4500003e698f000080114dccc0a80102c0a801010a980035002a2343b2d001000001000000000000037369700963796265726369747902646b00000100010001",
    "deb22cd9b07c72c16e3a65beeb8df304a5a5897d33ae530f1ba76d5d114d2a5c3de81827c10e9a4f51330d0eec416642cfbb85a5b47e48a4ec3b9ba95d918bd1",
    "83b70d3aa8bc6ee4c309e9d85a41ad4a"),
  gcm("abbccddef00112233445566778899aababbccddef00112233445566778899aab", "11223344", "4a2cbfe3", "00000002", "0102030405060708",
    "4500003069a6400080062690c0a801029389155e0a9e008b2dc57ee0000000007002400020bf0000020405b40101040201020201",
    "ff425c9b724599df7a3bcd510194e00d6a78107f1b0b1cbf06efae9d65a5d763748a637985771d347f0545659f14e99def842d8e",
    "b335f4eecfdbf831824b4c4915956c96"),
  gcm("3de09874b388e6491988d0c3607eae1f", "57690e43", "42f67e3f", "1010101010101010", "4e280000a2fca1a3",
    "4500003c99c300008001cb7c40679318010101010800085c020043006162636465666768696a6b6c6d6e6f707172737475767761626364656667686901020201",
    "fba2caa4853cf9f0f22cb10d86dd83b0fec75691cf1a04b00d1138ec9c35791765acbd8701ad79845bf9fe3fba487bc91755e6662b4c8d0d1f5e22739530320a",
    "e0d731cc978ecafaeae88f00e80d6e48"),
  gcm("3de09874b388e6491988d0c3607eae1f", "57690e43", "42f67e3f", "1010101010101010", "4e280000a2fca1a3",
    "4500001c42a200008001441f406793b6e00000020a00f5ff01020201",
    "fba2ca845e5df9f0f22c3e6e86dd831e1fc65792cd1af9130e1379ed",
    "369f071f35e034be95f112e4e7d05d35"),
  gcm("feffe9928665731c6d6a8f9467308308feffe9928665731c", "cafebabe", "0000a5f8", "0000000a", "facedbaddecaf888",
    "45000028a4ad4000400678800a01038f0a010612802306b8cb712602dd6bb03e501016d075680001",
    "a5b1f8066029aea40e598b8122de02420938b3ab33f828e687b8858b5bfbdbd0315b27452144cc77",
    "95457b9652037f5318027b5b4cd7a636"),
  gcm("abbccddef00112233445566778899aab", "decaf888", "00000100", "0000000000000001", "cafedebaceface74",
    "4500004933ba00007f119106c3fb1d10c2b1d326c02831ce0035dd7b800302d500004e20001e8c18d75b81dc91baa0476b91b924b280389d92c963bac046ec959b6266c04722b14923010101",
    "18a6fd42f72cbf4ab2a2ea901f73d814e3e7f243d95412e1c349c1d2fbec168f9190feebaf2cb01984e65863965d7472b79da345e0e780191f0d2f0e0f496c226f2127b27db35724e7845d68",
    "651f57e65f354f75ff17015769623436"),
  gcm("abbccddef00112233445566778899aababbccddef00112233445566778899aab", "73616c74", "17405e67", "156f3126dd0db99b", "616e640169766563",
    "45080028732c00004006e9f90a0106120a01038f06b88023dd6bafbecb71260250101f646d540001",
    "f2d69ecdbd5a0d5b8d5ef38bad4da58d1f278fde98ef67549d524a3018d9a57ff4d3a31ce673119e",
    "451626c2415771e3b7eebca614c89b35"),
  gcm("abbccddef00112233445566778899aababbccddef00112233445566778899aab", "73616c74", "17405e67", "156f3126dd0db99b", "616e640169766563",
    "636973636f0172756c657301746865016e6574776501646566696e6501746865746563686e6f6c6f67696573017468617477696c6c01646566696e65746f6d6f72726f7701020201",
    "d4b7ed86a1777f2ea13d6973d324c69e7b43f826fb56831226508bebd2dceb18d0a6df10e5487df074113e14c641024e3e6773d91a62ee429b043a10e3efe6b012a49363412364f8",
    "c0cac587f249e56b11e24f30e44ccc76"),
  gcm("7d773d00c144c525ac619d18c84a3f47", "d9664267", "335467ae", "ffffffff", "43457e9182443bc6",
    "01020201", "437f866b", "cb3f699fe9b0822bac961c4504bef270"),
  gcm("6c6567616c697a656d6172696a75616e61616e64646f69746265666f72656961", "7475726e", "796b6963", "ffffffffffffffff", "333021696765746d",
    "45000030da3a00008001df3bc0a80005c0a800010800c6cd020007006162636465666768696a6b6c6d6e6f707172737401020201",
    "f97ab2aa356d8edce17644ac8c78e25dd24dedbb29ebf1b64a274b39b49c3a864cd3d78ca4ae68a32b42458fb57dbe821dcc63b9",
    "d0937ba2945f669368661a329fb4c053"),
  gcm("3de09874b388e6491988d0c3607eae1f", "57690e43", "42f67e3f", "1010101010101010", "4e280000a2fca1a3",
    "45000049333e00007f119182c3fb1d10c2b1d326c02831ce0035cb458003025b000001e0001e8c18d65759d52284a0352c71475c8880391c764d6e5ee0496b325ae270c03899493915010101",
    "fba2cad12fc1f9f00d3cebf305410db83d7784b607323d220f24b0a97d54182800cadb0f68d99ef0e0c0c89ae9bea8884e52d65bc1afd0740f742444747b5b39ab533163aad4550ee5160975",
    "cdb608c5769189609763b8e18caa81e2"),
  gcm("abbccddef00112233445566778899aab", "decaf888", "00000100", "0000000000000001", "cafedebaceface74",
    "746f016265016f72016e6f7401746f0162650001",
    "29c9fc69a197d038ccdd14e2ddfcaa0543332164",
    "412503524303ed3c6c5f283843af8c3e"),
];

test("AES-GCM: the packets of draft-mcgrew-gcm-test", () => {
  for (const each of GCM) {
    // 0x, the key, a salt of 4 bytes
    const bytes = (each.algorithms.split(" ")[2]!.length - 10) / 2;
    if (offered(`aes-${bytes * 8}-gcm`, bytes)) run(each);
  }
});

const CHACHA = { skip: !offered("chacha20-poly1305", 32) };

test("ChaCha20-Poly1305: the packet of RFC 7634 appendix A", CHACHA, () => {
  run({
    algorithms: "aead rfc7539esp(chacha20,poly1305) " +
      "0x808182838485868788898a8b8c8d8e8f909192939495969798999a9b9c9d9e9fa0a1a2a3 128",
    mode: "tunnel",
    spi: "01020304",
    sequence: "00000005",
    iv: "1011121314151617",
    plain:
      "45000054a6f200004001e778c6336405c000020508005b7a3a080000553bec100007362708090a0b0c0d0e0f10111213" +
      "1415161718191a1b1c1d1e1f202122232425262728292a2b2c2d2e2f303132333435363701020204",
    cipher:
      "24039428b97f417e3c13753a4f05087b67c352e6a7fab1b982d466ef407ae5c614ee8099d52844eb61aa95dfab4c02f72a" +
      "a71e7c4c4f64c9befe2facc638e8f3cbec163fac469b502773f6fb94e664da9165b82829f641e0",
    icv: "76aaa8266b7fb0f7b11b369907e1ad43",
  });
});

// RFC 3602 section 4, which has no ICVs: one is put behind.
const CBC = [
  {
    mode: "transport",
    key: "90d382b410eeba7ad938c46cec1a82bf",
    spi: "00004321",
    sequence: "00000001",
    iv: "e96e8c08ab465763fd098d45dd3ff893",
    plain:
      "08000ebda70a00008e9c083db95b070008090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f2021222324252627" +
      "28292a2b2c2d2e2f30313233343536370102030405060708090a0b0c0d0e0e01",
    cipher:
      "f663c25d325c18c6a9453e194e120849a4870b66cc6b9965330013b4898dc856a4699e523a55db080b59ec3a8e4b7e52" +
      "775b07d1db34ed9c538ab50c551b874aa269add047ad2d5913ac19b7cfbad4a6",
  },
  {
    mode: "tunnel",
    key: "0123456789abcdef0123456789abcdef",
    spi: "00008765",
    sequence: "00000002",
    iv: "f4e765244f6407adf13dc1380f673f37",
    plain: "4500005409040000" +
      "4001f988c0a87b03c0a87bc808009f76a90a0100b49c083d02a2040008090a0b0c0d0e0f10111213" +
      "1415161718191a1b1c1d1e1f202122232425262728292a2b2c2d2e2f3031323334353637" + "0102030405060708090a0a04",
    cipher:
      "773b5241a4c449225e4f3ce5ed611b0c237ca96cf74a93013c1b0ea1a0cf70f8e4ecaec78ac53aad7a0f022b859243c6" +
      "47752e94a859352b8a4d4d2decd136e5c177f132ad3fbfb2201ac9904c74ee0a109e0ca1e4dfe9d5a100b842f1c22f0d",
  },
] as const;

test("AES-CBC: packets of RFC 3602 section 4, with an ICV behind", () => {
  for (const { key, ...each } of CBC) {
    const own = "0b".repeat(20), covered = bytesOf(each.spi + each.sequence + each.iv + each.cipher);
    const icv = createHmac("sha1", bytesOf(own)).update(covered).digest("hex").slice(0, 24);
    run({ ...each, icv, algorithms: `auth-trunc hmac(sha1) 0x${own} 96 enc cbc(aes) 0x${key}` });
  }
});

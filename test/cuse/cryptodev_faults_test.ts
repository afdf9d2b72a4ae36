import assert from "node:assert/strict";
import { createCipheriv } from "node:crypto";
import { CryptoError } from "../../core/crypto/engine.ts";
import { CryptoRequests, EBADMSG, EINVAL, ENCRYPT, ETIMEDOUT } from "../../core/crypto/requests.ts";
import { below, SeededRandom } from "../../core/random.ts";
import { CryptodevDevice } from "../../drivers/crypto/cryptodev/device.ts";
import { CIOCASYNCCRYPT } from "../../drivers/crypto/cryptodev/ioctl.ts";
import { CRYPTO_NODE, openCryptoNode } from "../../drivers/crypto/cryptodev/node.ts";
import { Operations } from "../../drivers/crypto/cryptodev/operation.ts";
import { Sessions } from "../../drivers/crypto/cryptodev/sessions.ts";
import { Staging } from "../../drivers/crypto/cryptodev/staging.ts";
import { Engine } from "../../drivers/crypto/engine.ts";
import { corpusVectors } from "../../drivers/crypto/vectors/corpora.ts";
import { runVectors } from "../../drivers/crypto/vectors/run.ts";
import { clock } from "../../drivers/sys/clock.ts";
import { bytes, libc } from "../../drivers/sys/libc.ts";
import * as control from "./controls.ts";

/** The driver against a served /dev/crypto that is told what to do; `test/cryptodev_guest_test.ts` starts both. */
if (Deno.env.get("WEIR_CRYPTODEV") === "served") define();

/** Tells the served device something; its answer. */
function tell(command: number, value = 0): number {
  const fd = openCryptoNode(CRYPTO_NODE), result = libc.ioctl_value(fd, command, value);
  libc.close(fd);
  return result;
}

function define(): void {
  const seed = Number(Deno.env.get("WEIR_SEED") ?? 20080506);
  const whole = corpusVectors();
  const key = Uint8Array.from({ length: 16 }, (_, i) => i + 1);

  Deno.test("without CIOCASYNCCRYPT the same is answered, from poll alone", () => {
    tell(control.ASYNCHRONOUS, 0);
    const device = new CryptodevDevice();
    assert.equal(device.asynchronous, false);
    const { passed, failures } = runVectors(device, whole);
    console.log(`cryptodev, synchronous: ${passed} vectors`);
    device.shutdown();
    tell(control.ASYNCHRONOUS, 1);
    assert.deepEqual(failures, []);
  });

  Deno.test("a build that compresses has its fields elsewhere", () => {
    tell(control.COMPRESSION, 1);
    const device = new CryptodevDevice();
    const { passed, failures } = runVectors(device, whole.filter((_, i) => i % 10 === 0));
    console.log(`cryptodev with compression: ${passed} vectors, ${device.algorithms.length} algorithms`);
    device.shutdown();
    tell(control.COMPRESSION, 0);
    assert.deepEqual(failures, []);
    assert.equal(device.algorithms.length, 18);
  });

  Deno.test("an alignmask is kept to, wherever the caller's bytes lie", () => {
    tell(control.ALIGNMASK, 63);
    const device = new CryptodevDevice(), random = new SeededRandom(seed);
    const { passed, failures } = runVectors(device, whole.filter((_, i) => i % 4 === 0), (total) => {
      const first = below(random, total + 1);
      return [first, total - first];
    });
    console.log(`cryptodev, alignmask 63: ${passed} vectors, seed ${seed}`);
    device.shutdown();
    tell(control.ALIGNMASK, 0);
    assert.equal(device.algorithms.find(({ name }) => name === "cbc(aes)")!.alignmask, 63);
    assert.deepEqual(failures, []);
  });

  Deno.test("nothing is done before poll, many are under way on one key, each is answered with its own", () => {
    tell(control.HOLD, 1);
    const desk = new Desk(key), rows = Array.from({ length: 32 }, () => desk.start());
    assert.ok(rows.every((row) => row >= 0));
    assert.equal(desk.start(), -1, "no room for more");
    assert.equal(tell(control.UNDER_WAY), 32);
    assert.equal(desk.device.poll(desk.done), 0);
    assert.equal(desk.device.outstanding, 32);
    tell(control.HOLD, 0);
    assert.deepEqual(desk.collect(32), rows);
    for (const row of rows) desk.check(row, 0);
    desk.shutdown();
  });

  Deno.test("faults of the kernel are answers to the requests they are of", () => {
    const answers: [number, string][] = [];
    for (const where of [control.AT_SUBMIT, control.AT_FETCH]) {
      for (const [number, name] of [[22, "EINVAL"], [74, "EBADMSG"], [5, "EIO"], [16, "EBUSY"]] as const) {
        if (where === control.AT_SUBMIT && number === 16) continue;
        const desk = new Desk(key), first = desk.start();
        tell(control.FAULT, number | 2 << 8 | where << 16);
        const rows = [first, ...Array.from({ length: 5 }, () => desk.start())];
        assert.equal(desk.collect(6).length, 6, name);
        const results = rows.map((row) => desk.requests.result[row]!);
        const wrong = results.filter((result) => result !== 0);
        assert.ok(wrong.every((result) => result === -number), `${name}: ${results}`);
        assert.ok(wrong.length === 2, `${name}: ${results}`);
        for (const row of rows) desk.check(row, desk.requests.result[row]!);
        answers.push([where, name]);
        desk.shutdown();
      }
    }
    console.log(`cryptodev faults: ${answers.length} kinds of fault, each answered by its request`);
  });

  Deno.test("a full ring of the kernel's is no room, and no error", () => {
    const desk = new Desk(key);
    tell(control.HOLD, 1);
    const first = desk.start();
    tell(control.FAULT, 16 | 1 << 8 | control.AT_SUBMIT << 16);
    const second = desk.take();
    assert.equal(desk.device.start(second, desk.context), false);
    assert.equal(desk.device.outstanding, 1);
    assert.equal(desk.device.start(second, desk.context), true);
    tell(control.HOLD, 0);
    assert.deepEqual(desk.collect(2), [first, second]);
    desk.check(second, 0);
    desk.shutdown();
  });

  Deno.test("synchronous calls: EBADMSG and EINVAL are the request's", () => {
    tell(control.ASYNCHRONOUS, 0);
    for (const number of [EBADMSG, EINVAL, -16]) {
      const desk = new Desk(key);
      tell(control.FAULT, -number | 1 << 8 | control.AT_CALL << 16);
      const rows = [desk.start(), desk.start()];
      assert.equal(desk.requests.result[rows[0]!], 0, "nothing is done when start returns");
      desk.collect(2);
      desk.check(rows[0]!, number);
      desk.check(rows[1]!, 0);
      desk.shutdown();
    }
    tell(control.ASYNCHRONOUS, 1);
  });

  Deno.test("a key is one session, as long as it has an owner", () => {
    assert.equal(tell(control.OPEN_SESSIONS), 0);
    const device = new CryptodevDevice(), before = tell(control.ALL_SESSIONS);
    device.attach(new CryptoRequests(0));
    const gcm = device.algorithms.find(({ name }) => name === "gcm(aes)")!;
    const cbc = device.algorithms.find(({ name }) => name === "cbc(aes)")!;
    const owners = [device.open(gcm, key, 16), device.open(gcm, key, 12), device.open(gcm, key, 16)];
    assert.equal(tell(control.OPEN_SESSIONS), 1);
    owners.push(device.open(cbc, key, 0), device.open(cbc, key.map((byte) => byte ^ 1), 0));
    assert.equal(tell(control.OPEN_SESSIONS), 3);
    assert.equal(tell(control.ALL_SESSIONS) - before, 3);
    for (const owner of owners) device.close(owner);
    assert.equal(tell(control.OPEN_SESSIONS), 0);
    assert.throws(() => device.open(cbc, key.subarray(1), 0), CryptoError);
    device.shutdown();
    assert.equal(tell(control.OPEN_SESSIONS), 0);
  });

  Deno.test("sessions are bounded", () => {
    const fd = openCryptoNode(CRYPTO_NODE), sessions = new Sessions(fd, 2);
    sessions.open(11, 0, key);
    const second = sessions.open(11, 0, key.map((byte) => byte + 1));
    assert.throws(() => sessions.open(11, 0, new Uint8Array(16)), /2 keys open, the most/);
    sessions.close(second);
    sessions.open(11, 0, new Uint8Array(16));
    assert.equal(tell(control.OPEN_SESSIONS), 2);
    libc.close(fd);
  });

  Deno.test("who sleeps in poll(2) is woken by a request that is through", () => {
    const fd = openCryptoNode(CRYPTO_NODE), session = new Sessions(fd).open(11, 0, key);
    const staging = new Staging(1), operations = new Operations(staging, 1), requests = new CryptoRequests(1);
    const device = new CryptodevDevice(),
      algorithm = device.algorithms.find(({ name }) => name === "cbc(aes)")!;
    device.shutdown();
    requests.addRegion(new Uint8Array(new SharedArrayBuffer(64)));
    staging.attach(requests.memory);
    const row = requests.take();
    requests.length[row] = 32;
    requests.addSource(row, 0, 0, 32);
    requests.addDestination(row, 0, 0, 32);
    assert.equal(
      operations.prepare(requests, row, { algorithm, session, salt: new Uint8Array(), tagSize: 0 }, 0),
      0,
    );
    tell(control.HOLD, control.UNTIL_ASKED);
    assert.equal(libc.ioctl(fd, CIOCASYNCCRYPT, operations.crypt), 0);
    const pollFd = bytes(8), view = new DataView(pollFd.buffer);
    view.setInt32(0, fd, true);
    view.setInt16(4, 1, true);
    assert.equal(libc.poll(pollFd, 1, 5000), 1);
    assert.equal(view.getInt16(6, true), 1);
    libc.close(fd);
  });

  Deno.test("reset: what is under way never comes back, keys stay", () => {
    const desk = new Desk(key);
    tell(control.HOLD, 1);
    for (let i = 0; i < 3; i++) desk.start();
    assert.equal(desk.device.reset(), true);
    assert.equal(desk.device.outstanding, 0);
    assert.equal(tell(control.UNDER_WAY), 0, "the file was closed");
    tell(control.HOLD, 0);
    const row = desk.start();
    assert.deepEqual(desk.collect(1), [row]);
    desk.check(row, 0);
    desk.shutdown();
  });

  Deno.test("a device that hangs is reset by the queue's watchdog, and goes on", () => {
    const device = new CryptodevDevice(), engine = new Engine([device], { clock, rows: 8, patience: 300 });
    const session = engine.open("cbc(aes)", key), { requests } = engine;
    requests.addRegion(new Uint8Array(new SharedArrayBuffer(64)));
    const once = (): number => {
      const row = requests.take();
      requests.session[row] = session;
      requests.length[row] = 16;
      requests.addSource(row, 0, 0, 16);
      requests.addDestination(row, 0, 0, 16);
      engine.submit(row, false);
      for (const end = performance.now() + 5000; performance.now() < end;) {
        if (engine.poll() && engine.next() >= 0) break;
      }
      const result = requests.result[row]!;
      requests.free(row);
      return result;
    };
    assert.equal(once(), 0);
    tell(control.HOLD, 1);
    assert.equal(once(), ETIMEDOUT);
    tell(control.HOLD, 0);
    assert.equal(once(), 0);
    engine.shutdown();
  });

  Deno.test("a device that is gone answers all that is under way, and cannot be reset", () => {
    const desk = new Desk(key);
    tell(control.HOLD, 1);
    const rows = [desk.start(), desk.start(), desk.start()];
    tell(control.END);
    assert.deepEqual(desk.collect(3), rows);
    for (const row of rows) assert.ok(desk.requests.result[row]! < 0);
    const late = desk.start();
    assert.deepEqual(desk.collect(1), [late]);
    assert.ok(desk.requests.result[late]! < 0);
    desk.shutdown();
  });
}

/** A device with a key of cbc(aes), and requests of 64 bytes each with bytes of its own. */
class Desk {
  readonly device = new CryptodevDevice();
  readonly requests = new CryptoRequests(64);
  readonly context: number;
  readonly done = new Int32Array(64);
  readonly #memory = new Uint8Array(new SharedArrayBuffer(64 * 256));
  readonly #key: Uint8Array;

  constructor(key: Uint8Array) {
    this.#key = key;
    this.requests.addRegion(this.#memory);
    this.device.attach(this.requests);
    this.context = this.device.open(this.device.algorithms.find(({ name }) => name === "cbc(aes)")!, key, 0);
  }

  take(): number {
    const { requests } = this, row = requests.take(), at = row * 256;
    requests.direction[row] = ENCRYPT;
    requests.length[row] = 64;
    requests.iv.fill(row, row * 16, row * 16 + 16);
    this.#memory.fill(row ^ 0x5a, at, at + 64);
    this.#memory.fill(0xc5, at + 64, at + 256);
    // Rows differ in how they lie: in one piece, and in two.
    requests.addSource(row, 0, at, 64);
    if (row % 2 === 0) requests.addDestination(row, 0, at + 128, 64);
    else {
      requests.addDestination(row, 0, at + 128, 17);
      requests.addDestination(row, 0, at + 145, 47);
    }
    return row;
  }

  start(): number {
    const row = this.take();
    if (this.device.start(row, this.context)) return row;
    this.requests.free(row);
    return -1;
  }

  /** Rows in the order they come back. */
  collect(count: number): number[] {
    const rows: number[] = [];
    for (const end = performance.now() + 20000; rows.length < count && performance.now() < end;) {
      const got = this.device.poll(this.done);
      rows.push(...this.done.subarray(0, got));
    }
    return rows;
  }

  check(row: number, result: number): void {
    assert.equal(this.requests.result[row], result);
    const at = row * 256, cipher = createCipheriv("aes-128-cbc", this.#key, new Uint8Array(16).fill(row));
    cipher.setAutoPadding(false);
    const sealed = new Uint8Array(cipher.update(new Uint8Array(64).fill(row ^ 0x5a)));
    cipher.final();
    const got = this.#memory.slice(at + 128, at + 192);
    assert.deepEqual(got, result === 0 ? sealed : new Uint8Array(64).fill(0xc5));
    assert.ok(
      this.#memory.slice(at + 192, at + 256).every((byte) => byte === 0xc5),
      "written past a segment",
    );
  }

  shutdown(): void {
    this.device.shutdown();
  }
}

import assert from "node:assert/strict";
import { CryptoRequests } from "../../../core/crypto/requests.ts";
import { addressOf } from "../../sys/libc.ts";
import { Operations } from "./operation.ts";
import { Staging } from "./staging.ts";
import { AUTH_CRYPT, CRYPT, pointerAt } from "./ioctl.ts";
import { WANTED } from "./algorithms.ts";

const memory = new Uint8Array(new ArrayBuffer(4096)).fill(0).map((_, i) => i & 0xff);
const address = addressOf(memory);

function desk(slots = 2) {
  const staging = new Staging(slots), requests = new CryptoRequests(4);
  requests.addRegion(memory);
  staging.attach(requests.memory);
  return { staging, requests, row: requests.take() };
}

Deno.test("bytes are copied across segments, from within one of them", () => {
  const { staging, requests, row } = desk();
  requests.addSource(row, 0, 10, 3);
  requests.addSource(row, 0, 100, 0);
  requests.addSource(row, 0, 200, 5);
  const to = staging.text(1);
  assert.equal(staging.copy(requests.sources, row, 2, 4, to, false), true);
  const got = new Uint8Array(
    Deno.UnsafePointerView.getArrayBuffer(Deno.UnsafePointer.create(BigInt(to))!, 4),
  );
  assert.deepEqual([...got], [12, 200, 201, 202]);
  assert.equal(staging.copy(requests.sources, row, 2, 7, to, false), false, "they are fewer");
});

Deno.test("bytes are worked on where they lie when they are in one piece and aligned", () => {
  const { staging, requests, row } = desk();
  const even = (16 - address % 16) % 16;
  requests.addSource(row, 0, even, 32);
  requests.addDestination(row, 0, even + 1, 32);
  assert.equal(staging.direct(requests.sources, row, 32, 15), address + even);
  assert.equal(staging.direct(requests.sources, row, 33, 0), 0);
  assert.equal(staging.direct(requests.destinations, row, 32, 15), 0);
  assert.equal(staging.direct(requests.destinations, row, 32, 0), address + even + 1);
});

Deno.test("slots begin at pages, ivs at cache lines, and an iv's address tells its slot", () => {
  const { staging } = desk(3);
  for (const slot of [0, 1, 2]) {
    assert.equal(staging.text(slot) % 4096, 0);
    assert.equal(staging.assoc(slot) % 4096, 0);
    assert.equal(staging.iv(slot) % 64, 0);
    assert.equal(staging.slotOfIv(staging.iv(slot)), slot);
  }
  assert.equal(staging.slotOfIv(staging.iv(0) + 1), -1);
  assert.equal(staging.slotOfIv(0), -1);
});

Deno.test("structures of a cipher and of a combined mode", () => {
  const { staging, requests, row } = desk(), operations = new Operations(staging, 2);
  const session = { cipher: 0, mac: 0, key: memory, owners: 1, driver: "x", kernelDriverOnly: false };
  const context = (name: string, tagSize: number) => ({
    algorithm: { ...WANTED.find((each) => each.name === name)!, driverName: "x", priority: 1, alignmask: 0 },
    session: { ...session, ses: 77, alignmask: 0 },
    salt: new Uint8Array([9, 8, 7, 6]),
    tagSize,
  });
  requests.length[row] = 32;
  requests.iv.fill(5, row * 16, row * 16 + 16);
  requests.addSource(row, 0, 0, 32 + 16);
  requests.addDestination(row, 0, 64, 20);
  requests.addDestination(row, 0, 128, 64);
  assert.equal(operations.prepare(requests, row, context("rfc3686(ctr(aes))", 0), 1), 0);
  const view = new DataView(operations.crypt.buffer);
  assert.deepEqual(
    [CRYPT.ses, CRYPT.len, CRYPT.dlen].map((at) => view.getUint32(at, true)),
    [77, 32, 32],
  );
  assert.equal(view.getUint16(CRYPT.op, true), 1, "COP_DECRYPT");
  assert.equal(pointerAt(view, CRYPT.src), address);
  assert.equal(pointerAt(view, CRYPT.dst), staging.text(1), "in pieces");
  assert.equal(pointerAt(view, CRYPT.iv), staging.iv(1));
  const iv = new Uint8Array(
    Deno.UnsafePointerView.getArrayBuffer(Deno.UnsafePointer.create(BigInt(staging.iv(1)))!, 16),
  );
  assert.deepEqual([...iv], [9, 8, 7, 6, 5, 5, 5, 5, 5, 5, 5, 5, 0, 0, 0, 1]);

  requests.assoc[row] = 16;
  requests.length[row] = 16;
  assert.equal(operations.prepare(requests, row, context("rfc4106(gcm(aes))", 16), 0), 0);
  const auth = new DataView(operations.authCrypt.buffer);
  assert.deepEqual(
    [AUTH_CRYPT.ses, AUTH_CRYPT.len, AUTH_CRYPT.authLength, AUTH_CRYPT.tagLength].map((at) =>
      auth.getUint32(at, true)
    ),
    [77, 32, 8, 16],
    "text with tag; the iv at the end of the associated data is not authenticated",
  );
  assert.equal(pointerAt(auth, AUTH_CRYPT.src), staging.text(0));
});

Deno.test("what the module would refuse is refused before", () => {
  const { staging, requests, row } = desk(), operations = new Operations(staging, 2);
  const algorithm = {
    ...WANTED.find(({ name }) => name === "cbc(aes)")!,
    driverName: "x",
    priority: 1,
    alignmask: 0,
  };
  const session = {
    cipher: 11,
    mac: 0,
    key: memory,
    ses: 1,
    owners: 1,
    driver: "x",
    alignmask: 0,
    kernelDriverOnly: false,
  };
  const context = { algorithm, session, salt: new Uint8Array(), tagSize: 0 };
  requests.addSource(row, 0, 0, 24);
  requests.addDestination(row, 0, 64, 64);
  requests.length[row] = 24;
  assert.equal(operations.prepare(requests, row, context, 0), -22, "part of a block");
  requests.length[row] = 32;
  assert.equal(operations.prepare(requests, row, context, 0), -22, "more than the source has");
  requests.length[row] = 16;
  assert.equal(operations.prepare(requests, row, context, 0), 0);
});

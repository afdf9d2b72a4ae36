import assert from "node:assert/strict";
import * as id from "./ioctl.ts";

/** Numbers as a C compiler makes them of crypto/cryptodev.h on x86_64. */
Deno.test("requests have the numbers of the header", () => {
  const wanted = {
    CIOCGSESSION: 0xc0306366,
    CIOCFSESSION: 0x40046367,
    CIOCCRYPT: 0xc0306368,
    CIOCGSESSION2: 0xc040636a,
    CIOCGSESSINFO: 0xc10c636b,
    CIOCGSESSINFO_WITH_COMPRESSION: 0xc18c636b,
    CIOCAUTHCRYPT: 0xc048636d,
    CIOCASYNCCRYPT: 0x4030636e,
    CIOCASYNCFETCH: 0x8030636f,
  };
  for (const [name, number] of Object.entries(wanted)) {
    assert.equal(id[name as keyof typeof wanted].toString(16), number.toString(16), name);
  }
});

Deno.test("pointers above 4 GB are kept whole", () => {
  const view = new DataView(new ArrayBuffer(16));
  for (const address of [0, 1, 0xffffffff, 0x100000000, 0x7f12_3456_789a, 2 ** 47 - 1]) {
    id.setPointer(view, 8, address);
    assert.equal(id.pointerAt(view, 8), address);
    assert.equal(view.getBigUint64(8, true), BigInt(address));
  }
});

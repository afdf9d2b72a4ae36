import assert from "node:assert/strict";
import { CryptoError } from "../../../core/crypto/engine.ts";
import { EACCES, ENODEV, ENOENT } from "../../sys/errno.ts";
import { openDevices } from "../devices.ts";
import { CryptodevDevice } from "./device.ts";
import { nodeLacks } from "./node.ts";

const refusal = (path: string): string => {
  try {
    new CryptodevDevice(path).shutdown();
  } catch (error) {
    assert.ok(error instanceof CryptoError);
    return error.message;
  }
  return "opened";
};

Deno.test("a missing device says what is missing, what was expected and what to do", () => {
  const line = refusal("/dev/weir-no-crypto");
  assert.match(
    line,
    /^open \/dev\/weir-no-crypto: ENOENT: no such file or directory; expected .*: modprobe cryptodev$/,
  );
  assert.equal(line, nodeLacks("/dev/weir-no-crypto", ENOENT));
});

Deno.test("a device that may not be opened says so", () => {
  assert.equal(
    nodeLacks("/dev/crypto", EACCES),
    "open /dev/crypto: EACCES: permission denied; expected to read and write it: run as root or chmod 0666 /dev/crypto",
  );
  assert.match(
    nodeLacks("/dev/crypto", ENODEV),
    /ENODEV: .*; expected a driver behind it: modprobe cryptodev$/,
  );
});

Deno.test("a file that is another device says that it has no sessions", () => {
  assert.match(
    refusal("/dev/null"),
    /ENOTTY: .*; expected CIOCGSESSION as of cryptodev-linux: modprobe cryptodev$/,
  );
});

Deno.test("devices that are missing are listed with their reason", () => {
  const { devices, missing } = openDevices(["cryptodev"]);
  for (const device of devices) device.shutdown();
  assert.equal(devices.length + missing.length, 1);
  for (const { name, reason } of missing) {
    assert.equal(name, "cryptodev");
    assert.match(reason, /^open \/dev\/crypto: .*; expected /);
  }
});

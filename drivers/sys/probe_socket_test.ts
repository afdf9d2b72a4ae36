import assert from "node:assert/strict";
import { formatAddress, parseAddress } from "../../core/packet/address.ts";
import { finish, sum } from "../../core/packet/checksum.ts";
import { setU16 } from "../../core/packet/bytes.ts";
import { IcmpSocket, PathSocket } from "./probe_socket.ts";

const ignore = Deno.uid() !== 0;
const LOOPBACK = { 4: parseAddress("127.0.0.1")!, 6: parseAddress("::1")! } as const;

Deno.test({
  name: "echo requests to the own host come back with their TTL",
  ignore,
  async fn() {
    for (const [family, request, reply] of [[4, 8, 0], [6, 128, 129]] as const) {
      const socket = new IcmpSocket(family);
      try {
        socket.ttl = 33;
        const message = new Uint8Array(new ArrayBuffer(16)).fill(7, 8);
        message[0] = request;
        setU16(message, 4, 4711);
        if (family === 4) setU16(message, 2, finish(sum(message, 0, 16)));
        assert.equal(socket.send(LOOPBACK[family], message), 0);
        let answer = await socket.receive(1000);
        while (answer !== undefined && answer.bytes[0] !== reply) answer = await socket.receive(1000);
        assert.ok(answer !== undefined, `IPv${family}`);
        assert.equal(formatAddress(answer.from), formatAddress(LOOPBACK[family]));
        // the reply is the kernel's, with its own TTL
        assert.equal(answer.ttl, 64);
        assert.deepEqual([...answer.bytes.subarray(8)], Array(8).fill(7));
        assert.equal(await socket.receive(1), undefined);
      } finally {
        socket.close();
      }
    }
  },
});

Deno.test("a probe to a closed port is answered in the error queue; too long a datagram is refused", async () => {
  for (const [family, type, code] of [[4, 3, 3], [6, 1, 4]] as const) {
    const socket = new PathSocket(LOOPBACK[family], 33434);
    try {
      assert.ok(socket.mtu >= 65535);
      assert.equal(socket.send(new Uint8Array(new ArrayBuffer(8))), 0);
      const error = await socket.error(1000);
      assert.deepEqual([error?.type, error?.code], [type, code]);
      assert.equal(formatAddress(error!.offender!), formatAddress(LOOPBACK[family]));
      assert.equal(await socket.error(1), undefined);
      assert.equal(socket.send(new Uint8Array(new ArrayBuffer(65530))), 90, "EMSGSIZE");
    } finally {
      socket.close();
    }
  }
});

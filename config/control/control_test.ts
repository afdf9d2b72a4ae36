import assert from "node:assert/strict";
import fc from "fast-check";
import { type PeerCredentials, peerCredentials } from "../../drivers/sys/peer_credentials.ts";
import { ask, askValue, ControlError } from "./client.ts";
import { encodeFrame, FrameReader } from "./frame.ts";
import { checkRequest, type Request } from "./request.ts";
import { AlreadyRunning, type ControlOptions, ControlServer } from "./server.ts";

const options = (path: string, more: Partial<ControlOptions> = {}): ControlOptions => ({
  path,
  handle: async (request, reply) => {
    if (request.command === "nft") {
      await reply.out(request.text);
      await reply.err("a warning\n");
      return 3;
    }
    await reply.value({ asked: request.command, bytes: Uint8Array.of(1, 2), big: 2 ** 40 });
    return 0;
  },
  credentials: peerCredentials,
  allowed: () => true,
  failed: () => {},
  ...more,
});

async function served(more: Partial<ControlOptions>, use: (path: string) => Promise<void>): Promise<void> {
  const directory = Deno.makeTempDirSync();
  const server = new ControlServer(options(`${directory}/control.sock`, more));
  try {
    await server.listen();
    await use(`${directory}/control.sock`);
  } finally {
    await server.close();
    assert.deepEqual([...Deno.readDirSync(directory)], [], "the socket file is gone");
    Deno.removeSync(directory, { recursive: true });
  }
}

const collect = async (path: string, request: Request) => {
  const got: unknown[] = [];
  return { status: await ask(path, request, (response) => void got.push(response)), got };
};

Deno.test("frames survive any cutting of the stream", () => {
  const values = fc.array(fc.oneof(fc.string(), fc.integer(), fc.array(fc.boolean())), {
    maxLength: 5,
  });
  fc.assert(
    fc.property(values, fc.integer({ min: 1, max: 9 }), (sent, size) => {
      const stream = sent.flatMap((value) => [...encodeFrame(value)]);
      const reader = new FrameReader(), got: unknown[] = [];
      for (let at = 0; at < stream.length; at += size) {
        got.push(...reader.push(Uint8Array.from(stream.slice(at, at + size))));
      }
      assert.deepEqual(got, sent);
      assert.ok(!reader.partial);
    }),
    { numRuns: 100, seed: 1 },
  );
});

Deno.test("random bytes are refused or waited for, never more than a FrameError", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 64 }), (bytes) => {
      const frame = new Uint8Array(4 + bytes.length);
      frame[3] = bytes.length;
      frame.set(bytes, 4);
      try {
        for (const value of new FrameReader().push(frame)) checkRequest(value);
      } catch (error) {
        assert.equal((error as Error).name, "FrameError");
      }
    }),
    { numRuns: 500, seed: 2 },
  );
});

Deno.test("a request that does not fit is answered with what was expected", () => {
  for (
    const [value, expected] of [
      [{ command: "explode" }, /^command: expected/],
      [{ command: "nft", text: 1, name: "" }, /^text: expected string/],
      [
        { command: "conntrack", action: "delete", selection: { sourcePort: 70000 } },
        /^selection.sourcePort: expected/,
      ],
      [{ command: "reload", extra: 1 }, /^extra: expected never/],
      [null, /^request: expected Object/],
    ] as const
  ) {
    const checked = checkRequest(value);
    assert.ok(!checked.ok);
    assert.match(checked.error, expected);
  }
});

Deno.test("output, errors, values and the exit status arrive in order", async () => {
  await served({}, async (path) => {
    const { status, got } = await collect(path, { command: "nft", text: "x".repeat(300_000), name: "" });
    assert.equal(status, 3);
    assert.deepEqual(got, [{ out: "x".repeat(300_000) }, { err: "a warning\n" }]);
    const value = await askValue<{ asked: string; big: number }>(path, { command: "status" });
    assert.deepEqual([value.asked, value.big], ["status", 2 ** 40]);
  });
});

Deno.test("the kernel names the peer, and who is not allowed gets one line", async () => {
  const peers: PeerCredentials[] = [];
  const allowed = (peer: PeerCredentials) => peers.push(peer) > 1;
  await served({ allowed }, async (path) => {
    assert.equal(Deno.statSync(path).mode! & 0o777, 0o600);
    const { status, got } = await collect(path, { command: "status" });
    assert.equal(status, 1);
    assert.match((got[0] as { err: string }).err, /^only root/);
    assert.equal(peers[0]!.pid, Deno.pid);
    assert.equal(peers[0]!.uid, Deno.uid());
    assert.equal((await collect(path, { command: "status" })).status, 0);
  });
});

Deno.test("without credentials nobody is served", async () => {
  await served({ credentials: () => undefined }, async (path) => {
    assert.equal((await collect(path, { command: "status" })).status, 1);
  });
});

Deno.test("a second router does not take the socket; one left behind is taken over", async () => {
  await served({}, async (path) => {
    await assert.rejects(new ControlServer(options(path)).listen(), AlreadyRunning);
    assert.equal((await collect(path, { command: "status" })).status, 0);
  });
  const directory = Deno.makeTempDirSync();
  Deno.writeTextFileSync(`${directory}/file`, "somebody's");
  await assert.rejects(new ControlServer(options(`${directory}/file`)).listen());
  assert.equal(Deno.readTextFileSync(`${directory}/file`), "somebody's");
  Deno.removeSync(directory, { recursive: true });
});

Deno.test("a peer that speaks something else is told so; a throwing handler harms nobody", async () => {
  const failures: unknown[] = [];
  const handle = () => Promise.reject(new Error("broken"));
  await served({ handle, failed: (error) => failures.push(error) }, async (path) => {
    using connection = await Deno.connect({ transport: "unix", path });
    await connection.write(new TextEncoder().encode("GET / HTTP/1.1\r\n\r\n"));
    const buffer = new Uint8Array(1000);
    const length = await connection.read(buffer);
    assert.match(new TextDecoder().decode(buffer.subarray(0, length!)), /not understood: a frame of/);
    assert.equal((await collect(path, { command: "status" })).status, 1);
    assert.equal(failures.length, 1);
  });
});

Deno.test("no router: one line that says so", async () => {
  await assert.rejects(collect("/nonexistent/control.sock", { command: "status" }), (error: Error) => {
    assert.ok(error instanceof ControlError);
    assert.equal(error.message, "no router answers at /nonexistent/control.sock: is weir run running?");
    return true;
  });
});

import assert from "node:assert/strict";
import { VirtualClock } from "../../core/clock.ts";
import { portCounters } from "../../core/port.ts";
import type { RouterStatus } from "../status.ts";
import { adminApp } from "./app.ts";
import { listenAdmin } from "./listen.ts";
import { readToken, sameToken } from "./token.ts";

const TOKEN = "0123456789abcdef-XYZ";

const STATUS: RouterStatus = {
  hostname: "weir",
  version: "0.1.0",
  config: { path: "/etc/weir/weir.yaml", loaded: "2026-01-01T00:00:00Z", error: "" },
  generation: 3,
  uptime: 12.5,
  ports: [{
    name: 'w"an',
    kind: "packet",
    device: "eth0",
    up: true,
    ...portCounters(),
    rxPackets: 5,
    rxBytes: 500,
  }],
  interfaces: [],
  batches: 4,
  packets: 5,
  forwarded: 3,
  flows: { count: 2, max: 1000 },
  cpu: { total: 2e9, receive: 0, process: 0, transmit: 0 },
  drops: { policy: 2, "no-route": 0 },
  deaths: 0,
  failed: "",
};

function app() {
  const clock = new VirtualClock();
  const served = adminApp({ token: TOKEN, clock, status: () => STATUS });
  const get = (path: string, token?: string, remote = "192.168.1.9") =>
    served.request(path, token === undefined ? {} : { headers: { authorization: `Bearer ${token}` } }, {
      remote,
    });
  return { clock, get };
}

Deno.test("healthz and the page need no token, everything else does", async () => {
  const { get } = app();
  assert.equal((await get("/healthz")).status, 200);
  assert.equal((await get("/")).status, 200);
  for (const path of ["/metrics", "/api/v1/status"]) {
    assert.equal((await get(path)).status, 401);
    assert.equal((await get(path, "wrong")).status, 401);
    assert.equal((await get(path, TOKEN)).status, 200);
  }
  assert.equal((await get("/etc/passwd", TOKEN)).status, 404);
});

Deno.test("the status is the snapshot, and nothing is kept by caches", async () => {
  const response = await app().get("/api/v1/status", TOKEN);
  assert.deepEqual(await response.json(), STATUS);
  assert.equal(response.headers.get("cache-control"), "no-store");
  assert.equal(response.headers.get("x-content-type-options"), "nosniff");
});

Deno.test("metrics: types, labels escaped, seconds", async () => {
  const text = await (await app().get("/metrics", TOKEN)).text();
  assert.match(text, /^# TYPE weir_port_receive_packets_total counter$/m);
  assert.match(text, /^weir_port_receive_packets_total\{port="w\\"an",device="eth0"\} 5$/m);
  assert.match(text, /^weir_port_up\{port="w\\"an",device="eth0"\} 1$/m);
  assert.match(text, /^weir_dropped_packets_total\{reason="policy"\} 2$/m);
  assert.match(text, /^weir_cpu_seconds_total\{stage="total"\} 2$/m);
  for (const line of text.trim().split("\n")) {
    assert.match(line, /^(# (HELP|TYPE) |[a-z_]+(\{.*\})? [0-9.e+-]+$)/);
  }
});

Deno.test("five wrong tokens lock an address out for a minute, others not", async () => {
  const { get, clock } = app();
  for (let i = 0; i < 5; i++) assert.equal((await get("/metrics", "wrong")).status, 401);
  const refused = await get("/metrics", TOKEN);
  assert.equal(refused.status, 429);
  assert.equal(refused.headers.get("retry-after"), "60");
  assert.equal((await get("/metrics", TOKEN, "192.168.1.10")).status, 200);
  clock.advance(60_001);
  assert.equal((await get("/metrics", TOKEN)).status, 200);
});

Deno.test("the page loads from here alone: every import resolves, the policy allows no inline script", async () => {
  const { get } = app();
  const response = await get("/");
  const page = await response.text(), policy = response.headers.get("content-security-policy")!;
  assert.match(policy, /default-src 'none'; script-src 'self' 'sha256-/);
  assert.doesNotMatch(policy, /unsafe/);
  assert.doesNotMatch(page, /https?:/);
  const map = JSON.parse(/<script type="importmap">(.*?)<\/script>/.exec(page)![1]!) as {
    imports: Record<string, string>;
  };
  const seen = new Set<string>();
  const queue = ["/assets/rates.js"];
  for (let path = queue.pop(); path !== undefined; path = queue.pop()) {
    if (seen.has(path)) continue;
    seen.add(path);
    const script = await get(path);
    assert.equal(script.status, 200, path);
    assert.match(script.headers.get("content-type")!, /^text\/javascript/);
    for (const [, name] of (await script.text()).matchAll(/(?:^|[;\n}])import[^"'()]*["']([^"']+)["']/g)) {
      assert.ok(map.imports[name!] !== undefined, `${path} imports ${name}`);
      queue.push(map.imports[name!]!);
    }
  }
  assert.equal(seen.size, 4);
});

Deno.test("a token file is made once, for its owner alone", () => {
  const path = `${Deno.makeTempDirSync()}/admin.token`;
  const token = readToken(path);
  assert.match(token, /^[A-Za-z0-9_-]{43}$/);
  assert.equal(Deno.statSync(path).mode! & 0o777, 0o600);
  assert.equal(readToken(path), token);
  Deno.chmodSync(path, 0o644);
  assert.throws(() => readToken(path), /open to others/);
  Deno.chmodSync(path, 0o600);
  Deno.writeTextFileSync(path, "short\n");
  assert.throws(() => readToken(path), /too short/);
  assert.throws(() => readToken("/nonexistent/token"), /cannot make the token file/);
});

Deno.test("tokens are compared whole", () => {
  assert.ok(sameToken(TOKEN, TOKEN));
  assert.ok(!sameToken(TOKEN, TOKEN.slice(0, -1)));
  assert.ok(!sameToken("", TOKEN));
});

Deno.test("over a real listener the other end's address is known", async () => {
  const place = { address: { family: 4, words: [0x7f000001, 0, 0, 0] }, port: 0 } as const;
  const served = adminApp({ token: TOKEN, clock: new VirtualClock(), status: () => STATUS });
  const server = listenAdmin(served, place);
  try {
    const { port } = server.addr as Deno.NetAddr;
    const response = await fetch(`http://127.0.0.1:${port}/healthz`);
    assert.equal(await response.text(), "ok\n");
    assert.throws(() => listenAdmin(served, { ...place, port }), /another program listens there/);
  } finally {
    await server.shutdown();
  }
});

import { type Context, Hono, type Next } from "hono";
import type { Clock } from "../../core/clock.ts";
import type { RouterStatus } from "../status.ts";
import { Failures } from "./failures.ts";
import { metrics } from "./metrics.ts";
import { ASSETS, PAGE, PAGE_POLICY } from "./page.ts";
import { sameToken } from "./token.ts";

export interface AdminOptions {
  readonly token: string;
  readonly clock: Clock;
  status(): RouterStatus;
}

/** What the listener knows of a request. */
export interface AdminBindings {
  /** Address of the other end. */
  readonly remote: string;
}

type Env = { Bindings: AdminBindings };

/**
 * The admin interface over HTTP.
 *
 * Overview    `/healthz` and the page itself need no token: they say nothing of the router. `/metrics` and `/api/v1/...`
 *             need `Authorization: Bearer TOKEN`; no cookies, so no other site's page can act for the administrator.
 * Limits      reading only. A wrong token costs; five a minute lock its address out (failures.ts).
 */
export function adminApp({ token, clock, status }: AdminOptions): Hono<Env> {
  const app = new Hono<Env>();
  const failures = new Failures(clock);

  app.use(protect);
  app.get("/healthz", (c) => c.text("ok\n"));
  app.get("/", (c) => c.html(PAGE, 200, { "content-security-policy": PAGE_POLICY }));
  for (const [path, text] of Object.entries(ASSETS)) {
    const type = path.endsWith(".css") ? "text/css" : "text/javascript";
    app.get(path, (c) => c.body(text, 200, { "content-type": `${type}; charset=utf-8` }));
  }

  const authorized = async (c: Context<Env>, next: Next): Promise<Response | void> => {
    const remote = c.env?.remote ?? "";
    const wait = failures.wait(remote);
    if (wait > 0) {
      return c.json({ error: `too many wrong tokens: try again in ${wait} s` }, 429, {
        "retry-after": String(wait),
      });
    }
    const given = /^Bearer +([A-Za-z0-9._~+/=-]+) *$/i.exec(c.req.header("authorization") ?? "")?.[1];
    if (given !== undefined && sameToken(given, token)) return await next();
    if (given !== undefined) failures.failed(remote);
    return c.json({ error: "a token is needed: it is in the token file" }, 401, {
      "www-authenticate": 'Bearer realm="weir"',
    });
  };
  app.get(
    "/metrics",
    authorized,
    (c) => c.body(metrics(status()), 200, { "content-type": "text/plain; version=0.0.4; charset=utf-8" }),
  );
  app.get("/api/v1/status", authorized, (c) => c.json(status()));

  app.notFound((c) => c.json({ error: "nothing here" }, 404));
  app.onError((_error, c) => c.json({ error: "the router could not answer" }, 500));
  return app;
}

/** Headers of every answer: nothing is kept, framed or sniffed. */
async function protect(c: Context<Env>, next: Next): Promise<void> {
  await next();
  const headers = c.res.headers;
  headers.set("cache-control", "no-store");
  headers.set("x-content-type-options", "nosniff");
  headers.set("x-frame-options", "DENY");
  headers.set("referrer-policy", "no-referrer");
  headers.set("cross-origin-resource-policy", "same-origin");
  if (!headers.has("content-security-policy")) headers.set("content-security-policy", "default-src 'none'");
}

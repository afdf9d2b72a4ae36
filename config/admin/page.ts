import { createHash } from "node:crypto";
import signals from "@preact/signals-core" with { type: "text" };
import htm from "htm" with { type: "text" };
import preact from "preact" with { type: "text" };
import script from "./page/rates.js" with { type: "text" };
import style from "./page/rates.css" with { type: "text" };

/** Everything the page loads, by path; nothing comes from elsewhere. */
export const ASSETS: Readonly<Record<string, string>> = {
  "/assets/preact.js": preact,
  "/assets/htm.js": htm,
  "/assets/signals.js": signals,
  "/assets/rates.js": script,
  "/assets/rates.css": style,
};

const IMPORTS = JSON.stringify({
  imports: {
    preact: "/assets/preact.js",
    htm: "/assets/htm.js",
    "@preact/signals-core": "/assets/signals.js",
  },
});

export const PAGE = `<!DOCTYPE html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>weir</title>
<link rel="stylesheet" href="/assets/rates.css">
<script type="importmap">${IMPORTS}</script>
<script type="module" src="/assets/rates.js"></script>
<main id="root"><noscript>This page shows live rates by JavaScript. The same numbers: /api/v1/status</noscript></main>
</html>
`;

/** The import map is the one inline script; its digest lets it pass. */
const importsDigest = createHash("sha256").update(IMPORTS).digest("base64");

export const PAGE_POLICY = [
  "default-src 'none'",
  `script-src 'self' 'sha256-${importsDigest}'`,
  "style-src 'self'",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join("; ");

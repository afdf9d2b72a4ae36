import type { Clock } from "../../core/clock.ts";
import { formatAddress } from "../../core/packet/address.ts";
import { Changes } from "../changes.ts";
import type { Config } from "../config.ts";
import { beside, directoryOf } from "../paths.ts";
import type { RouterStatus } from "../status.ts";
import { adminApp } from "./app.ts";
import { type AdminPlace, adminUrl, DEFAULT_ADMIN_PORT, listenAdmin } from "./listen.ts";
import { readToken } from "./token.ts";

const DEFAULT_TOKEN_FILE = "admin.token";

/**
 * The admin interface's listeners.
 *
 * Overview    `prepare` opens what a configuration wants and is not open yet; what it no longer wants is closed by
 *             `keep`. Without an `admin:` section there are none.
 * Life-cycle  prepare -> keep or undo, with each configuration; `close` at the end.
 * Ownership   control plane.
 */
export class AdminListeners {
  readonly #clock: Clock;
  readonly #status: () => RouterStatus;
  readonly #failed: (error: unknown) => void;
  /** By place and token. */
  readonly #open = new Map<string, Deno.HttpServer>();

  constructor(clock: Clock, status: () => RouterStatus, failed: (error: unknown) => void) {
    this.#clock = clock;
    this.#status = status;
    this.#failed = failed;
  }

  /** Throws one clear line, with nothing changed, when a token or an address cannot be had. */
  prepare(config: Config): Changes {
    const changes = new Changes(this.#failed), wanted = new Set<string>();
    try {
      for (const { place, token } of wantedListeners(config)) {
        const key = `${formatAddress(place.address)} ${place.port} ${token}`;
        wanted.add(key);
        if (this.#open.has(key)) continue;
        const app = adminApp({ token, clock: this.#clock, status: this.#status });
        changes.make(() => this.#open.set(key, listenAdmin(app, place)), () => this.#close(key));
      }
    } catch (error) {
      changes.undo();
      throw error;
    }
    changes.later(() => {
      for (const key of [...this.#open.keys()]) if (!wanted.has(key)) this.#close(key);
    });
    return changes;
  }

  #close(key: string): void {
    this.#open.get(key)?.shutdown().catch(this.#failed);
    this.#open.delete(key);
  }

  close(): void {
    for (const key of [...this.#open.keys()]) this.#close(key);
  }
}

export const adminUrls = (config: Config): string[] => adminPlaces(config).map(adminUrl);

function adminPlaces(config: Config): AdminPlace[] {
  const admin = config.document.admin?.value;
  const port = admin?.port?.value ?? DEFAULT_ADMIN_PORT;
  return (admin?.listen ?? []).map(({ value }) => ({ address: value, port }));
}

function wantedListeners(config: Config): { place: AdminPlace; token: string }[] {
  const places = adminPlaces(config);
  if (places.length === 0) return [];
  const file = config.document.admin?.value.tokenFile?.value ?? DEFAULT_TOKEN_FILE;
  const token = readToken(beside(directoryOf(config.source.name), file));
  return places.map((place) => ({ place, token }));
}

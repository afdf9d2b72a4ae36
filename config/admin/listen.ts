import type { Hono } from "hono";
import { type Address, formatAddress } from "../../core/packet/address.ts";
import type { AdminBindings } from "./app.ts";

/** Where the admin interface listens; two that are equal need no restart. */
export interface AdminPlace {
  readonly address: Address;
  readonly port: number;
}

export const adminUrl = ({ address, port }: AdminPlace): string => {
  const host = formatAddress(address);
  return `http://${address.family === 6 ? `[${host}]` : host}:${port}/`;
};

/** Serves the app at one address. Throws one clear line when that cannot be. */
export function listenAdmin(app: Hono<{ Bindings: AdminBindings }>, place: AdminPlace): Deno.HttpServer {
  const hostname = formatAddress(place.address);
  try {
    return Deno.serve(
      { hostname, port: place.port, onListen: () => {} },
      (request, { remoteAddr }) => app.fetch(request, { remote: (remoteAddr as Deno.NetAddr).hostname }),
    );
  } catch (error) {
    const why = error instanceof Deno.errors.AddrInUse
      ? "another program listens there"
      : error instanceof Error
      ? error.message
      : String(error);
    throw new Error(`the admin interface cannot listen at ${adminUrl(place)}: ${why}`);
  }
}

/** TCP port of the admin interface when the configuration gives none. */
export const DEFAULT_ADMIN_PORT = 8080;

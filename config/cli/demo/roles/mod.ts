import { ipv6State } from "./host.ts";
import { fetchBody, probe, served, serveHttp } from "./http.ts";
import { pathMtu, trace } from "./path.ts";
import { echoSources, ping, watchEchoes } from "./ping.ts";
import { echo, serveEcho } from "./udp.ts";

/** What a client of the demo can be asked to do, by name. Arguments and results are JSON. */
export const roles = {
  echo,
  echoSources,
  fetchBody,
  ipv6State,
  pathMtu,
  ping,
  probe,
  serveEcho,
  served,
  serveHttp,
  trace,
  watchEchoes,
} as const;

export type Roles = typeof roles;
export type RoleName = keyof Roles;
export type RoleArguments<N extends RoleName> = Parameters<Roles[N]>[0];
export type RoleResult<N extends RoleName> = Awaited<ReturnType<Roles[N]>>;

/** Where a router's files are, unless a flag or the environment says otherwise. */
export const configPath = (given?: string): string =>
  given ?? Deno.env.get("WEIR_CONFIG") ?? "/etc/weir/weir.yaml";

/** Lock and state file lie beside the control socket. */
export const socketPath = (given?: string): string =>
  given ?? Deno.env.get("WEIR_SOCKET") ?? "/run/weir/control.sock";

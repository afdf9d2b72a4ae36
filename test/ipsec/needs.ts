import { root } from "../topology.ts";
import { hasLocalDevices } from "../../config/cli/demo/files.ts";
import { isInstalled } from "../needs.ts";

/** What strongSwan's side needs and this machine has not, in a line; undefined when all is there. */
export function strongswanLacks(...programs: readonly string[]): string | undefined {
  const lacking = [
    ...(root ? [] : ["root"]),
    ...(hasLocalDevices() ? [] : ["/dev/net/tun"]),
    ...["charon-systemd", "swanctl", ...programs].filter((program) => !isInstalled(program)),
    ...PLUGINS.filter((plugin) => !exists(`/usr/lib/ipsec/plugins/libstrongswan-${plugin}.so`)),
  ];
  return lacking.length === 0
    ? undefined
    : `${
      lacking.join(", ")
    } (packages charon-systemd, libcharon-extra-plugins, libstrongswan-standard-plugins)`;
}

/** ESP in user space; AES-GCM and AES-NI by OpenSSL. */
const PLUGINS = ["kernel-libipsec", "openssl"];

function exists(path: string): boolean {
  try {
    return Deno.statSync(path).isFile;
  } catch {
    return false;
  }
}

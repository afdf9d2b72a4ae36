/** What two ends agree on: addresses of the tunnel's ends, networks behind them, algorithms of ESP. */
export interface Connection {
  readonly local: string;
  readonly remote: string;
  readonly localNetwork: string;
  readonly remoteNetwork: string;
  /** An ESP proposal in strongSwan's words: `aes128gcm16`, `aes128-sha256`. */
  readonly proposal: string;
}

/** Name of the only connection and of its CHILD_SA. */
export const CONNECTION = "tunnel", CHILD = "net";

/** swanctl.conf(5): IKEv2 by a shared secret, ESP always in UDP, never rekeyed. */
export const swanctlConfiguration = (
  { local, remote, localNetwork, remoteNetwork, proposal }: Connection,
): string => `
connections {
  ${CONNECTION} {
    version = 2
    local_addrs = ${local}
    remote_addrs = ${remote}
    proposals = aes128-sha256-ecp256
    encap = yes
    mobike = no
    rekey_time = 0
    dpd_delay = 0
    local {
      auth = psk
      id = ${local}
    }
    remote {
      auth = psk
      id = ${remote}
    }
    children {
      ${CHILD} {
        local_ts = ${localNetwork}
        remote_ts = ${remoteNetwork}
        esp_proposals = ${proposal}
        rekey_time = 0
        replay_window = 64
      }
    }
  }
}
secrets {
  ike {
    secret = "known to both ends"
  }
}
`;

/** strongswan.conf(5) of a daemon that keeps its files in `directory` and takes no route of its host. */
export const daemonConfiguration = (directory: string): string => `
charon-systemd {
  load = random nonce aesni openssl hmac kdf gcm kernel-libipsec kernel-netlink socket-default vici
  install_routes = no
  filelog {
    log {
      path = ${directory}/log
      default = 1
      # raw keys
      chd = 4
      flush_line = yes
    }
  }
  plugins {
    vici {
      socket = unix://${directory}/vici
    }
  }
}
swanctl {
  load = random openssl hmac
}
`;

/** A CHILD_SA as `swanctl --list-sas --raw` tells of it. */
export interface ChildSa {
  readonly spiIn: number;
  readonly spiOut: number;
  readonly algorithm: string;
  readonly packetsIn: number;
  readonly packetsOut: number;
  readonly bytesIn: number;
  readonly bytesOut: number;
}

export function parseChildSa(raw: string): ChildSa | undefined {
  const at = raw.indexOf(`${CHILD}-`);
  if (at < 0) return undefined;
  const fields = new Map([...raw.slice(at).matchAll(/([a-z-]+)=([^ \]}]+)/g)].map((m) => [m[1]!, m[2]!]));
  const number = (name: string, radix = 10) => parseInt(fields.get(name) ?? "0", radix);
  const words = ["encr-alg", "encr-keysize", "integ-alg"].map((name) => fields.get(name));
  return {
    spiIn: number("spi-in", 16),
    spiOut: number("spi-out", 16),
    algorithm: words.filter((word) => word !== undefined).join(" "),
    packetsIn: number("packets-in"),
    packetsOut: number("packets-out"),
    bytesIn: number("bytes-in"),
    bytesOut: number("bytes-out"),
  };
}

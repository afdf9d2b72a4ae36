import { network, parseMac, type Prefix } from "../core/packet/address.ts";
import {
  type AdvertisedPrefix,
  type AdvertisePlan,
  type InterfacePlan,
  type PolicyRulePlan,
  type RoutePlan,
  type RouterPlan,
  TABLE_MAIN,
} from "../core/plan.ts";
import type { Program } from "../core/classify/program.ts";
import type { Config, InterfaceEntry } from "./config.ts";
import type { RoutedConfig } from "./schema.ts";
import { DEFAULT_ADMIN_PORT } from "./admin/listen.ts";
import { isLinkLocal } from "./validate/addresses.ts";
import { DEFAULT_INTERVAL } from "./validate/advertise.ts";
import { writtenPolicyRules } from "./validate/policy.ts";
import { destinationOf, outgoing, writtenRoutes } from "./validate/routes.ts";
import { xfrmPlan } from "./xfrm.ts";

/** What a plan takes from the machine it is for. */
export interface PlanEnvironment {
  readonly generation: number;
  /** The host's own name, when the file gives none. */
  readonly hostname: string;
  /** Rows of the flow table, when the file gives none. */
  readonly flows: number;
  /** `iif` index of an interface or a bridge's member, 1..250. */
  interfaceIndex(name: string): number;
  /** Number of the wire port behind a name of `ports:`. */
  portNumber(name: string): number;
  /** Hardware address (6 bytes) and MTU of its device. */
  macOf(name: string): Uint8Array;
  mtuOf(name: string): number;
  /** Number of an interface's local device; undefined when it has none. */
  localPort(name: string): number | undefined;
}

/** The plan of a checked configuration: everything by number, nothing left to look up. */
export function buildPlan(config: Config, program: Program, environment: PlanEnvironment): RouterPlan {
  return {
    generation: environment.generation,
    hostname: config.document.hostname?.value ?? environment.hostname,
    interfaces: config.interfaces.map((entry) => planInterface(entry, environment)),
    routes: planRoutes(config, environment),
    policyRules: planPolicyRules(config, environment),
    conntrack: {
      flows: config.document.conntrack?.value.max?.value ?? environment.flows,
      adminPorts: config.document.admin === undefined
        ? [SSH_PORT]
        : [SSH_PORT, config.document.admin.value.port?.value ?? DEFAULT_ADMIN_PORT],
    },
    ...(config.xfrm === undefined ? {} : { xfrm: xfrmPlan(config.xfrm) }),
    program,
  };
}

/** By which this router is administered beside its own page. */
const SSH_PORT = 22;

function planInterface(entry: InterfaceEntry, environment: PlanEnvironment): InterfacePlan {
  const { settings, members, bridge } = entry;
  const name = entry.name.value;
  const local = environment.localPort(name);
  const mtus = members.map((member) => environment.mtuOf(member));
  const mac = settings.macaddress && parseMac(settings.macaddress.value);
  const parameters = bridge?.settings.parameters?.value;
  return {
    name,
    index: environment.interfaceIndex(name),
    mac: mac ?? environment.macOf(members[0]!),
    mtu: settings.mtu?.value ?? Math.min(...mtus),
    ports: members.map((member) => environment.portNumber(member)),
    ...(local === undefined ? {} : { local }),
    ...(bridge === undefined ? {} : {
      bridge: {
        ageing: parameters?.ageingTime?.value ?? 300,
        stp: parameters?.stp?.value ?? "pass",
        members: members.map((member) => ({
          name: member,
          index: environment.interfaceIndex(member),
          port: environment.portNumber(member),
        })),
      },
    }),
    addresses: (settings.addresses ?? []).map(({ value }) => value),
    acceptAdvertisements: settings.acceptRa?.value ?? false,
    ...(settings.ra === undefined ? {} : { advertise: planAdvertisements(settings) }),
  };
}

/** AdvValidLifetime and AdvPreferredLifetime, RFC 4861 6.2.1: 30 and 7 days. */
const VALID_LIFETIME = 2592000, PREFERRED_LIFETIME = 604800;

function planAdvertisements(settings: RoutedConfig): AdvertisePlan {
  const { prefixes, dns, mtu, routerLifetime, interval } = settings.ra!.value;
  const longest = interval?.value ?? DEFAULT_INTERVAL;
  const written = prefixes?.map(({ prefix, validLifetime, preferredLifetime }) => {
    const valid = validLifetime?.value ?? VALID_LIFETIME;
    const preferred = preferredLifetime?.value ?? Math.min(PREFERRED_LIFETIME, valid);
    return advertised(prefix.value, valid, preferred);
  });
  const own = (settings.addresses ?? []).map(({ value }) => value)
    .filter((address) => address.family === 6 && address.length === 64 && !isLinkLocal(address))
    .map((address) => advertised(address, VALID_LIFETIME, PREFERRED_LIFETIME));
  return {
    // AdvDefaultLifetime is three times MaxRtrAdvInterval, and 9000 seconds at most
    routerLifetime: routerLifetime?.value ?? Math.min(9000, 3 * longest),
    interval: longest,
    prefixes: written ?? own,
    dns: (dns ?? []).map(({ value }) => value),
    ...(mtu === undefined ? {} : { mtu: mtu.value }),
  };
}

const advertised = (prefix: Prefix, validLifetime: number, preferredLifetime: number): AdvertisedPrefix => ({
  ...network(prefix),
  validLifetime,
  preferredLifetime,
});

function planRoutes(config: Config, environment: PlanEnvironment): RoutePlan[] {
  return writtenRoutes(config).map((written) => {
    const { via, type, metric, table, mtu } = written.route.value;
    const kind = type?.value ?? "unicast";
    const entry = kind === "unicast" ? outgoing(config, written) : undefined;
    return {
      destination: network(destinationOf(written.route)!),
      type: kind,
      ...(via === undefined ? {} : { via: via.value }),
      ...(entry === undefined ? {} : { interface: environment.interfaceIndex(entry.name.value) }),
      metric: metric?.value ?? 0,
      table: table?.value ?? TABLE_MAIN,
      ...(mtu === undefined ? {} : { mtu: mtu.value }),
    };
  });
}

/** Where rules without a priority are numbered from, in the order of the file; the main table follows at 32766. */
const FIRST_PRIORITY = 10000;

function planPolicyRules(config: Config, environment: PlanEnvironment): PolicyRulePlan[] {
  const rules = writtenPolicyRules(config).flatMap(({ value }, order) => {
    const { from, to, mark, table, priority, incoming } = value;
    const families = from ?? to;
    return (families === undefined ? [4 as const, 6 as const] : [families.value.family]).map((family) => ({
      priority: priority?.value ?? FIRST_PRIORITY + order,
      family,
      ...(from === undefined ? {} : { from: from.value }),
      ...(to === undefined ? {} : { to: to.value }),
      ...(mark === undefined ? {} : { mark: mark.value }),
      ...(incoming === undefined ? {} : { incoming: environment.interfaceIndex(incoming.value) }),
      table: table!.value,
    }));
  });
  return rules.sort((a, b) => a.priority - b.priority);
}

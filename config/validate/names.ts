import { type Config, deviceMatch, type InterfaceEntry, localName } from "../config.ts";
import type { Located, Report, Span } from "../diagnostic.ts";
import type { Check } from "./check.ts";

/** IFNAMSIZ less its closing zero. */
const MOST_BYTES = 15;
/** Interface indexes fill a byte of the packet columns; a few are kept back. */
const MOST_INTERFACES = 250;
const RESERVED = ["lo", "all", "default", ".", ".."];

/** Names fit the kernel's, mean one thing, and no two ports take one device. */
export const checkNames: Check = (config, report) => {
  const seen = new Map<string, Span>();
  for (const entry of [...config.ports, ...config.document.bridges ?? []]) {
    checkName(entry.name, report);
    const also = seen.get(entry.name.value);
    if (also !== undefined) {
      report(entry.name.place, `${entry.name.value} is the name of a port and of a bridge`, { also });
    }
    seen.set(entry.name.value, entry.name.place);
  }
  checkCounts(config, report);
  checkDevices(config, report);
  const locals = new Map<string, InterfaceEntry>();
  for (const entry of config.interfaces) checkLocalName(config, entry, locals, seen, report);
};

function checkName({ value, place }: Located<string>, report: Report): void {
  const bytes = new TextEncoder().encode(value).length;
  if (bytes > MOST_BYTES) {
    report(place, `the name has ${bytes} bytes; an interface name has ${MOST_BYTES} at most`);
  } else if (value === "" || !/^[\x21-\x7e]+$/.test(value) || /[/:"*%]/.test(value)) {
    report(place, "an interface name is made of letters, digits, dots, dashes and underscores");
  } else if (RESERVED.includes(value)) {
    report(place, `${value} means something else to the kernel`, { hints: ["choose another name"] });
  }
}

function checkCounts(config: Config, report: Report): void {
  const bridges = config.interfaces.filter((entry) => entry.bridge !== undefined);
  const most = [...config.ports, ...bridges][MOST_INTERFACES];
  if (most !== undefined) report(most.name.place, `more than ${MOST_INTERFACES} ports and bridges`);
}

function checkDevices({ ports }: Config, report: Report): void {
  const seen = new Map<string, Span>();
  for (const port of ports) {
    const { name, macaddress } = deviceMatch(port);
    const match = port.settings.match?.value;
    const device = name ?? macaddress!;
    const place = match?.name?.place ?? match?.macaddress?.place ?? port.name.place;
    if (match?.name !== undefined) checkName(match.name, report);
    const also = seen.get(device);
    if (also !== undefined) report(place, `two ports take the device ${device}`, { also });
    seen.set(device, place);
  }
}

function checkLocalName(
  config: Config,
  entry: InterfaceEntry,
  locals: Map<string, InterfaceEntry>,
  names: ReadonlyMap<string, Span>,
  report: Report,
): void {
  if (entry.settings.local?.value === "none") return;
  const name = localName(config, entry);
  if (name === entry.name.value) return;
  const hints = ["give the port another name than its device: wan: { match: { name: eth0 } }"];
  if (name.length > MOST_BYTES) {
    report(entry.name.place, `the local device would be ${name}, which is longer than ${MOST_BYTES} bytes`, {
      hints,
    });
  }
  const also = names.get(name) ?? locals.get(name)?.name.place;
  if (also !== undefined) {
    report(entry.name.place, `the local device would be ${name}, a name already taken`, { also, hints });
  }
  locals.set(name, entry);
}

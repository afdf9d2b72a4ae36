import { type Address, formatAddress } from "../../core/packet/address.ts";
import type { PolicyOptions, Template } from "../../core/xfrm/policy.ts";
import { sameAddress, sameSelector } from "../../core/xfrm/selector.ts";
import type { Mark, StateOptions } from "../../core/xfrm/state.ts";
import { type Config, deviceNames } from "../config.ts";
import { closest, type Located, type Report } from "../diagnostic.ts";
import type { Check } from "./check.ts";

/** States and policies stand once; tunnels end here, templates find states, selectors name interfaces that exist. */
export const checkXfrm: Check = (config, report) => {
  const { states, policies, complete } = config.xfrm ?? NOTHING;
  once(states, sameState, "this state stands twice: one destination, SPI and mark", report);
  once(policies, samePolicy, "this policy stands twice: one selector, direction and mark", report);
  for (const { value, place } of states) {
    checkDevice(config, value.selector?.device, place, report);
    if (isOwn(config, value.source) || isOwn(config, value.destination)) continue;
    report(place, `neither ${formatAddress(value.source)} nor ${formatAddress(value.destination)} is here`, {
      severity: "warning",
      hints: ["one end of a state is an address of this router"],
    });
  }
  for (const { value, place } of policies) {
    checkDevice(config, value.selector.device, place, report);
    for (const template of value.templates ?? []) {
      checkEnd(config, { value, place }, template, report);
      if (!complete || template.level === "use" || states.some((state) => fits(template, state.value))) {
        continue;
      }
      report(
        place,
        "no state in this file fits this policy's template: its packets are dropped until one is added",
        {
          severity: "warning",
          hints: ["weir xfrm state add ..., or a state under states:"],
        },
      );
    }
  }
};

const NOTHING = { states: [], policies: [], complete: true };

function once<T>(
  entries: readonly Located<T>[],
  same: (a: T, b: T) => boolean,
  message: string,
  report: Report,
): void {
  entries.forEach(({ value, place }, i) => {
    const also = entries.slice(0, i).find((before) => same(before.value, value));
    if (also !== undefined) report(place, message, { also: also.place });
  });
}

const sameState = (a: StateOptions, b: StateOptions): boolean =>
  a.spi === b.spi && sameAddress(a.destination, b.destination) && sameMark(a.mark, b.mark);

const samePolicy = (a: PolicyOptions, b: PolicyOptions): boolean =>
  a.direction === b.direction && sameSelector(a.selector, b.selector) && sameMark(a.mark, b.mark);

const sameMark = (a: Mark | undefined, b: Mark | undefined): boolean =>
  a?.value === b?.value && a?.mask === b?.mask;

function checkDevice(
  config: Config,
  device: string | undefined,
  place: Located<unknown>["place"],
  report: Report,
): void {
  const names = deviceNames(config);
  if (device === undefined || names.has(device)) return;
  const near = closest(device, names);
  report(place, `no interface is named ${device}`, {
    hints: near === undefined ? [] : [`did you mean ${near}?`],
  });
}

/** A tunnel's near end: where its packets leave from, or come to. */
function checkEnd(
  config: Config,
  { value: { direction }, place }: Located<PolicyOptions>,
  { mode, source, destination }: Template,
  report: Report,
): void {
  const near = direction === "out" ? source : destination;
  if (mode !== "tunnel" || near === undefined || isOwn(config, near)) return;
  report(place, `the tunnel's near end ${formatAddress(near)} is no address of this router`, {
    severity: "warning",
  });
}

/** Whether an interface has this address; one that learns addresses may. */
const isOwn = ({ interfaces }: Config, address: Address): boolean =>
  interfaces.some(({ settings }) =>
    (address.family === 6 && settings.acceptRa?.value === true) ||
    (settings.addresses ?? []).some(({ value }) => sameAddress(value, address))
  );

const fits = ({ source, destination, spi = 0, reqid = 0, mode }: Template, state: StateOptions): boolean =>
  mode === state.mode && (spi === 0 || spi === state.spi) && (reqid === 0 || reqid === (state.reqid ?? 0)) &&
  (source === undefined || isAny(source) || sameAddress(source, state.source)) &&
  (destination === undefined || isAny(destination) || sameAddress(destination, state.destination));

const isAny = ({ words }: Address): boolean => words.every((word) => word === 0);

import { formatAddress, formatPrefix } from "../packet/address.ts";
import { algorithmName, keptBits } from "./algorithms.ts";
import { LIMITS } from "./limit_words.ts";
import type { Policy, PolicyOptions, Template } from "./policy.ts";
import type { Selector } from "./selector.ts";
import { portWords, prefixesOf, protocolName } from "./selector_words.ts";
import {
  ADDED,
  BYTES,
  EXTRA_FLAGS,
  INTEGRITY_ERRORS,
  type Limits,
  PACKETS,
  REPLAY_ERRORS,
  REPLAY_WINDOW_ERRORS,
  type State,
  STATE_FLAGS,
  type StateOptions,
  USED,
} from "./state.ts";
import type { ListingStyle } from "./state_listing.ts";
import { hexKey } from "./words.ts";

/**
 * States and policies as JSON: objects whose keys are the words of `ip xfrm`, numbers as numbers, addresses and keys
 * as text. What is not set is not there.
 */
export type Json = Readonly<Record<string, unknown>>;

export function stateOptionsJson(options: StateOptions, keys: boolean): Json {
  const { algorithms: { aead, authentication, encryption }, encapsulation, flags = [] } = options;
  const key = (bytes: Uint8Array) => keys ? { key: hexKey(bytes) } : {};
  const extra = EXTRA_FLAGS.filter((flag) => flags.includes(flag));
  const listed = STATE_FLAGS.filter((flag) => flags.includes(flag));
  return defined({
    src: formatAddress(options.source),
    dst: formatAddress(options.destination),
    proto: "esp",
    spi: options.spi,
    reqid: options.reqid ?? 0,
    mode: options.mode,
    "replay-window": options.replayWindow ?? 0,
    flag: listed.length === 0 ? undefined : listed,
    "extra-flag": extra.length === 0 ? undefined : extra,
    mark: options.mark,
    "output-mark": options.outputMark,
    "auth-trunc": authentication &&
      {
        name: algorithmName(authentication.name),
        ...key(authentication.key),
        bits: keptBits(authentication),
      },
    aead: aead && { name: aead.name, ...key(aead.key), bits: aead.bits },
    enc: encryption && { name: algorithmName(encryption.name), ...key(encryption.key) },
    encap: encapsulation &&
      { type: "espinudp", sport: encapsulation.sourcePort, dport: encapsulation.destinationPort },
    sel: options.selector && selectorJson(options.selector),
    df: options.df,
    limit: limitsJson(options.limits),
  });
}

/** With what its packets have done; times are milliseconds since 1970, 0: never. */
export function stateJson(
  state: State,
  { keys = false }: ListingStyle,
  { now, wall }: { readonly now: number; readonly wall: number },
): Json {
  const { lives, replay, sequence } = state;
  const time = (at: number): number => at === 0 ? 0 : Math.round(wall - (now - at));
  return {
    ...stateOptionsJson(state.options, keys),
    seq: replay.top[0],
    "seq-hi": replay.top[1],
    oseq: sequence[0],
    "oseq-hi": sequence[1],
    current: {
      bytes: lives[BYTES],
      packets: lives[PACKETS],
      add: Math.round(wall - (now - lives[ADDED]!)),
      use: time(lives[USED]!),
    },
    stats: {
      "replay-window": lives[REPLAY_WINDOW_ERRORS],
      replay: lives[REPLAY_ERRORS],
      failed: lives[INTEGRITY_ERRORS],
    },
  };
}

export function policyOptionsJson(options: PolicyOptions): Json {
  const { action = "allow", priority = 0, templates = [] } = options;
  return defined({
    ...selectorJson(options.selector),
    dir: options.direction,
    action,
    priority,
    mark: options.mark,
    flag: options.flags,
    limit: limitsJson(options.limits),
    tmpl: templates.map(templateJson),
  });
}

export const policyJson = ({ options, index }: Policy): Json => ({ ...policyOptionsJson(options), index });

const templateJson = ({ source, destination, spi, reqid, mode, level }: Template): Json =>
  defined({
    src: source && formatAddress(source),
    dst: destination && formatAddress(destination),
    proto: "esp",
    spi,
    reqid: reqid ?? 0,
    mode,
    level: level ?? "required",
  });

export function selectorJson(selector: Selector): Json {
  const { source, destination } = prefixesOf(selector), [first, second] = portWords(selector);
  return defined({
    src: formatPrefix(source),
    dst: formatPrefix(destination),
    proto: selector.protocol === undefined ? undefined : protocolName(selector.protocol),
    [first]: selector.sourcePort,
    [second]: selector.destinationPort,
    dev: selector.device,
  });
}

function limitsJson(limits: Limits | undefined): Json | undefined {
  return limits &&
    Object.fromEntries(
      LIMITS.filter(([, key]) => limits[key] !== undefined).map(([name, key]) => [name, limits[key]]),
    );
}

const defined = (object: Json): Json =>
  Object.fromEntries(Object.entries(object).filter(([, value]) => value !== undefined));

import { formatAddress } from "../packet/address.ts";
import { algorithmName, keptBits } from "./algorithms.ts";
import { lifetimeConfig, lifetimeCurrent } from "./limit_words.ts";
import { Replay } from "./replay.ts";
import { formatSelector } from "./selector_words.ts";
import {
  ADDED,
  BYTES,
  EXTRA_FLAGS,
  INTEGRITY_ERRORS,
  PACKETS,
  REPLAY_ERRORS,
  REPLAY_WINDOW_ERRORS,
  type State,
  STATE_FLAGS,
  type StateOptions,
  USED,
} from "./state.ts";
import { hex, hex32, hexKey } from "./words.ts";

/** How `ip xfrm` is asked to list. */
export interface ListingStyle {
  /** False: `nokeys`. */
  readonly keys?: boolean;
  /** `-s`; with what wall clock (milliseconds since 1970) and monotonic clock say now, to tell times by. */
  readonly statistics?: { readonly now: number; readonly wall: number };
}

/** What a listing shows of a state. */
export type ListedState = Pick<State, "options" | "replay" | "sequence" | "lives">;

/** A state that no packet has used yet. */
export function listedState(options: StateOptions): ListedState {
  const replay = new Replay(options.replayWindow ?? 0, options.flags?.includes("esn") ?? false);
  replay.top.set(options.inSequence ?? [0, 0]);
  return {
    options,
    replay,
    sequence: Uint32Array.from(options.outSequence ?? [0, 0]),
    lives: new Float64Array(8),
  };
}

/** A state as `ip xfrm state` lists it; `df`, weir's own word, is the last line. */
export function formatState(state: ListedState, { keys = true, statistics }: ListingStyle = {}): string {
  const { options } = state, all = statistics !== undefined;
  let text = stateHead(state, all);
  const { authentication, aead, encryption } = options.algorithms;
  const key = (bytes: Uint8Array): string =>
    (keys ? hexKey(bytes) : "<<Keys hidden>>") + (all ? ` (${bytes.length * 8} bits)` : "");
  if (authentication !== undefined) {
    const name = algorithmName(authentication.name);
    text += `\tauth-trunc ${name} ${key(authentication.key)} ${keptBits(authentication)}\n`;
  }
  if (aead !== undefined) text += `\taead ${aead.name} ${key(aead.key)} ${aead.bits}\n`;
  if (encryption !== undefined) text += `\tenc ${algorithmName(encryption.name)} ${key(encryption.key)}\n`;
  const encap = options.encapsulation;
  if (encap !== undefined) {
    text += `\tencap type espinudp sport ${encap.sourcePort} dport ${encap.destinationPort} addr ` +
      `${options.destination.family === 4 ? "0.0.0.0" : "::"}\n`;
  }
  text += antiReplay(state) + selectorLine(options, all);
  if (statistics !== undefined) text += lifetimeConfig(options.limits) + useOf(state, statistics);
  return options.df === undefined ? text : `${text}\tdf ${options.df}\n`;
}

/** What is told of a state that came to its end: no keys, no numbers. */
export const formatExpired = (options: StateOptions): string =>
  stateHead(listedState(options), false) + selectorLine(options, false);

function stateHead({ options, replay }: ListedState, all: boolean): string {
  const { spi, reqid = 0, mark, outputMark } = options;
  let text = `src ${formatAddress(options.source)} dst ${formatAddress(options.destination)}\n` +
    `\tproto esp spi ${hex32(spi)}${all ? `(${spi})` : ""} reqid ${reqid}${all ? `(${hex32(reqid)})` : ""} ` +
    `mode ${options.mode}\n` +
    `\treplay-window ${wide(replay) ? 0 : replay.window} ${flagText(options, all)}\n`;
  const output = outputMark && `output-mark ${hex(outputMark.value)}/${hex(outputMark.mask)}`;
  if (mark !== undefined) text += `\tmark ${hex(mark.value)}/${hex(mark.mask)} ${output ?? ""}\n`;
  else if (output !== undefined) text += `\t${output}\n`;
  return text;
}

/** Flags behind `replay-window`; ip lists extra ones with `-s` only, and puts no space before them. */
function flagText({ flags = [] }: StateOptions, all: boolean): string {
  const listed = STATE_FLAGS.filter((flag) => flags.includes(flag));
  const text = listed.length > 0 || all ? `flag ${listed.join(" ")}` : "";
  if (!all) return text;
  const extra = EXTRA_FLAGS.filter((flag) => flags.includes(flag));
  const bits = listed.reduce((sum, flag) => sum | FLAG_BITS[flag], 0).toString(2).padStart(8, "0");
  return `seq 0x00000000 ${text}${extra.length === 0 ? "" : `extra_flag ${extra.join(" ")}`} (0x${bits})`;
}

/** XFRM_STATE_* */
const FLAG_BITS: Readonly<Record<typeof STATE_FLAGS[number], number>> = {
  "noecn": 1,
  "decap-dscp": 2,
  "nopmtudisc": 4,
  "icmp": 16,
  "af-unspec": 32,
  "align4": 64,
  "esn": 128,
};

/** The kernel gives a state without a selector one of its own family, unless af-unspec is set (copy_from_user_state). */
function selectorLine({ selector, destination, flags }: StateOptions, all: boolean): string {
  if (selector === undefined && flags?.includes("af-unspec")) return "";
  return `\tsel ${formatSelector(selector ?? { family: destination.family }, all)}\n`;
}

function useOf({ lives }: ListedState, { now, wall }: NonNullable<ListingStyle["statistics"]>): string {
  const time = (at: number): number => at === 0 ? 0 : wall - (now - at);
  return lifetimeCurrent({
    bytes: lives[BYTES]!,
    packets: lives[PACKETS]!,
    added: wall - (now - lives[ADDED]!),
    used: time(lives[USED]!),
  }) + `\tstats:\n\t  replay-window ${lives[REPLAY_WINDOW_ERRORS]} replay ${lives[REPLAY_ERRORS]} ` +
    `failed ${lives[INTEGRITY_ERRORS]}\n`;
}

/** Its window is listed with its bitmap, as it is an xfrm_replay_state_esn's; `replay-window` then says 0. */
const wide = ({ esn, window }: Replay): boolean => esn || window > 32;

function antiReplay({ replay, sequence }: ListedState): string {
  const words = replay.bitmap(), word = (n: number): string => n.toString(16).padStart(8, "0");
  const [seq, high, oseq, ohigh] = [replay.top[0]!, replay.top[1]!, sequence[0]!, sequence[1]!].map((n) =>
    `0x${n.toString(16)}`
  );
  if (!wide(replay)) {
    return `\tanti-replay context: seq ${seq}, oseq ${oseq}, bitmap 0x${word(words[0] ?? 0)}\n`;
  }
  let text = `\tanti-replay esn context:\n\t seq-hi ${high}, seq ${seq}, oseq-hi ${ohigh}, oseq ${oseq}\n` +
    `\t replay_window ${replay.window}, bitmap-length ${words.length}\n`;
  for (let i = 0; i < words.length; i += 8) {
    text += `\t ${Array.from(words.subarray(i, i + 8), word).join(" ")} \n`;
  }
  return text;
}

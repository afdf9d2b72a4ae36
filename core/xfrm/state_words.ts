import { formatAddress } from "../packet/address.ts";
import type { StateAlgorithms } from "./algorithms.ts";
import { formatLimits, formatSelector, limitWords, selectorWords } from "./selector_words.ts";
import {
  EXTRA_FLAGS,
  type Mode,
  type State,
  STATE_FLAGS,
  type StateFlag,
  type StateOptions,
} from "./state.ts";
import { hex, hex32, hexKey, Words, WordsError } from "./words.ts";

/**
 * A state from the words behind `ip xfrm state add`, or as listed.
 * @throws WordsError
 */
export function parseState(text: string): StateOptions {
  const words = new Words(text), s: { -readonly [K in keyof StateOptions]?: StateOptions[K] } = {};
  const algorithms: { -readonly [K in keyof StateAlgorithms]: StateAlgorithms[K] } = {},
    flags: StateFlag[] = [];
  let esp = false, out: [number, number] = [0, 0], came: [number, number] = [0, 0];
  while (!words.done) {
    const word = words.word("a word of a state");
    if (word === "src") s.source = words.address("a source address");
    else if (word === "dst") s.destination = words.address("a destination address");
    else if (word === "proto") esp = words.oneOf(["esp"], "a protocol") === "esp";
    else if (word === "spi") s.spi = words.number("an SPI");
    else if (word === "reqid") s.reqid = words.number("a reqid");
    else if (word === "mode") s.mode = words.oneOf<Mode>(["tunnel", "transport"], "a mode");
    else if (word === "mark") s.mark = words.mark();
    else if (word === "output-mark") s.outputMark = words.mark();
    else if (word === "replay-window") s.replayWindow = words.number("a replay window", 4096);
    else if (word === "replay-oseq") out = [words.number("a sequence number"), out[1]];
    else if (word === "replay-oseq-hi") out = [out[0], words.number("a sequence number")];
    else if (word === "replay-seq") came = [words.number("a sequence number"), came[1]];
    else if (word === "replay-seq-hi") came = [came[0], words.number("a sequence number")];
    else if (word === "seq") words.number("a number");
    else if (word === "flag") takeFlags(words, STATE_FLAGS, flags);
    else if (word === "extra-flag" || word === "extra_flag") takeFlags(words, EXTRA_FLAGS, flags);
    else if (word === "df") s.df = words.oneOf(["copy", "set", "clear"], "a rule for don't-fragment");
    else if (word === "enc") {
      algorithms.encryption = { name: words.word("an algorithm"), key: words.key("a key") };
    } else if (word === "auth") {
      algorithms.authentication = { name: words.word("an algorithm"), key: words.key("a key") };
    } else if (word === "auth-trunc") {
      algorithms.authentication = {
        name: words.word("an algorithm"),
        key: words.key("a key"),
        bits: words.number("bits kept"),
      };
    } else if (word === "aead") {
      algorithms.aead = {
        name: words.word("an algorithm"),
        key: words.key("a key"),
        bits: words.number("bits of ICV"),
      };
    } else if (word === "encap") s.encapsulation = encapsulation(words);
    else if (word === "sel") s.selector = selectorWords(words);
    else if (word === "limit") s.limits = limitWords(words, s.limits);
    else if (word === "anti-replay") s.replayWindow = context(words, out, came) ?? s.replayWindow ?? 0;
    else words.fail("a word of a state", word);
  }
  if (s.source === undefined || s.destination === undefined) {
    throw new WordsError("a state needs src and dst", 0);
  }
  if (!esp) throw new WordsError("a state needs proto esp", 0);
  if (s.spi === undefined) throw new WordsError("a state needs spi", 0);
  const unique = [...new Set(flags)];
  return {
    ...s,
    source: s.source,
    destination: s.destination,
    spi: s.spi,
    mode: s.mode ?? "transport",
    algorithms,
    ...(unique.length === 0 ? {} : { flags: unique }),
    ...(out[0] === 0 && out[1] === 0 ? {} : { outSequence: out }),
    ...(came[0] === 0 && came[1] === 0 ? {} : { inSequence: came }),
  };
}

function takeFlags(words: Words, known: readonly StateFlag[], flags: StateFlag[]): void {
  flags.push(words.oneOf(known, "a flag"));
  while (known.some((name) => name === words.peek())) flags.push(words.oneOf(known, "a flag"));
}

function encapsulation(words: Words): NonNullable<StateOptions["encapsulation"]> {
  words.skip("type");
  const type = words.oneOf(["espinudp"], "an encapsulation");
  words.skip("sport");
  const sourcePort = words.number("a source port", 65535);
  words.skip("dport");
  const destinationPort = words.number("a destination port", 65535);
  words.skip("addr");
  words.address("an original address");
  return { type, sourcePort, destinationPort };
}

/** `anti-replay [esn] context: ...` of a listing: the numbers, not the bitmap. The window where it is said here. */
function context(words: Words, out: [number, number], came: [number, number]): number | undefined {
  let window: number | undefined;
  words.skip("esn");
  if (!words.skip("context:")) words.fail("context:", words.peek());
  for (;;) {
    const name = words.peek(), value = words.peek(1).replace(/,$/, "");
    if (words.skip("replay_window")) {
      // the comma behind it is no part of the number
      window = Number.parseInt(words.word("a window"), 10);
      if (!(window <= 4096)) words.fail("a window of at most 4096", value);
    } else if (name === "bitmap-length" || name === "bitmap") {
      words.skip(name);
      words.word("a number");
    } else if (name === "seq" || name === "oseq" || name === "seq-hi" || name === "oseq-hi") {
      words.skip(name);
      words.word("a number");
      if (!/^0x[0-9a-f]{1,8}$/.test(value)) words.fail("a number", value);
      (name.startsWith("o") ? out : came)[name.endsWith("hi") ? 1 : 0] = Number(value);
    } else if (/^[0-9a-f]{8}$/.test(name)) words.skip(name);
    else return window;
  }
}

/** A state as `ip xfrm state` lists it. `keys` false: `nokeys`. Limits and `df` follow in words of a command. */
export function formatState(state: State, keys = true): string {
  const { options } = state, { algorithms } = options, flags = options.flags ?? [];
  const key = (bytes: Uint8Array): string => keys ? hexKey(bytes) : "<<Keys hidden>>";
  const listed = flags.filter((flag) => STATE_FLAGS.some((name) => name === flag));
  const extra = flags.filter((flag) => EXTRA_FLAGS.some((name) => name === flag));
  let text = `src ${formatAddress(options.source)} dst ${formatAddress(options.destination)}\n` +
    `\tproto esp spi ${hex32(options.spi)} reqid ${options.reqid ?? 0} mode ${options.mode}\n` +
    `\treplay-window ${wide(state) ? 0 : state.replay.window} ${
      listed.length > 0 ? `flag ${listed.join(" ")}` : ""
    }` +
    `${extra.length > 0 ? ` extra_flag ${extra.join(" ")}` : ""}\n`;
  if (options.mark !== undefined) text += `\tmark ${hex(options.mark.value)}/${hex(options.mark.mask)} \n`;
  const { authentication, aead, encryption } = algorithms;
  if (authentication !== undefined) {
    const bits = authentication.bits ?? state.transform.icvSize * 8;
    text += `\tauth-trunc ${authentication.name} ${key(authentication.key)} ${bits}\n`;
  }
  if (aead !== undefined) text += `\taead ${aead.name} ${key(aead.key)} ${aead.bits}\n`;
  if (encryption !== undefined) text += `\tenc ${encryption.name} ${key(encryption.key)}\n`;
  const encap = options.encapsulation;
  if (encap !== undefined) {
    text += `\tencap type espinudp sport ${encap.sourcePort} dport ${encap.destinationPort} addr ` +
      `${state.family === 4 ? "0.0.0.0" : "::"}\n`;
  }
  text += antiReplay(state);
  const { outputMark } = options;
  if (outputMark !== undefined) text += `\toutput-mark ${hex(outputMark.value)}/${hex(outputMark.mask)} \n`;
  if (options.selector !== undefined) text += `\tsel ${formatSelector(options.selector)}\n`;
  if (options.df !== undefined) text += `\tdf ${options.df}\n`;
  return text + formatLimits(options.limits);
}

/** Its window is listed with its bitmap, as it is an xfrm_replay_state_esn's; `replay-window` then says 0. */
const wide = (state: State): boolean => state.esn || state.replay.window > 32;

function antiReplay(state: State): string {
  const { top } = state.replay, { sequence } = state, words = state.replay.bitmap();
  const word = (n: number): string => n.toString(16).padStart(8, "0");
  if (!wide(state)) {
    return `\tanti-replay context: seq 0x${top[0]!.toString(16)}, oseq 0x${sequence[0]!.toString(16)}, ` +
      `bitmap 0x${word(words[0] ?? 0)}\n`;
  }
  const [seq, high, oseq, ohigh] = [top[0]!, top[1]!, sequence[0]!, sequence[1]!].map((n) =>
    `0x${n.toString(16)}`
  );
  let text = `\tanti-replay esn context:\n\t seq-hi ${high}, seq ${seq}, oseq-hi ${ohigh}, oseq ${oseq}\n` +
    `\t replay_window ${state.replay.window}, bitmap-length ${words.length}\n`;
  for (let i = 0; i < words.length; i += 8) {
    text += `\t  ${Array.from(words.subarray(i, i + 8), word).join(" ")} \n`;
  }
  return text;
}

import type { StateAlgorithms } from "./algorithms.ts";
import { limitWords } from "./limit_words.ts";
import type { Selector } from "./selector.ts";
import { selectorWords } from "./selector_words.ts";
import { EXTRA_FLAGS, type Mode, STATE_FLAGS, type StateFlag, type StateOptions } from "./state.ts";
import { Words, WordsError } from "./words.ts";

/**
 * A state from the words behind `ip xfrm state add`, or as listed.
 * @throws WordsError
 */
export const parseState = (text: string): StateOptions => stateWords(new Words(text));

/** Words that may begin something in a state. */
export const STATE_WORDS: readonly string[] = [
  ..."src dst proto spi reqid mode mark output-mark replay-window replay-oseq replay-oseq-hi replay-seq"
    .split(" "),
  ..."replay-seq-hi seq flag extra-flag df enc auth auth-trunc aead encap sel limit".split(" "),
];

export const MODES: readonly Mode[] = ["transport", "tunnel"];
const NOT_BUILT = ["coa", "ctx", "offload", "if_id", "tfcpad", "comp", "dir"];

/** The words left are a state. */
export function stateWords(words: Words): StateOptions {
  const s: { -readonly [K in keyof StateOptions]?: StateOptions[K] } = {}, begin = words.at;
  const algorithms: { -readonly [K in keyof StateAlgorithms]: StateAlgorithms[K] } = {},
    flags: StateFlag[] = [];
  let esp = false, out: [number, number] = [0, 0], came: [number, number] = [0, 0];
  const algorithm = (before: unknown) => {
    if (before !== undefined) {
      throw new WordsError("an algorithm of this kind stands before it", words.at - 1);
    }
    return { name: words.word("an algorithm"), key: words.key("a key") };
  };
  while (!words.done) {
    const word = words.word("a word of a state");
    if (word === "src") s.source = words.address("a source address");
    else if (word === "dst") s.destination = words.address("a destination address");
    else if (word === "proto") esp = words.oneOf(["esp"], "a protocol") === "esp";
    else if (word === "spi") s.spi = words.number("an SPI");
    else if (word === "reqid") s.reqid = words.number("a reqid");
    else if (word === "mode") s.mode = words.abbreviated(MODES, "a mode");
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
    else if (word === "df") {
      s.df = words.oneOf<"copy" | "set" | "clear">(["copy", "set", "clear"], "a rule for don't-fragment");
    } else if (word === "enc") algorithms.encryption = algorithm(algorithms.encryption);
    else if (word === "auth") algorithms.authentication = algorithm(algorithms.authentication);
    else if (word === "auth-trunc") {
      algorithms.authentication = {
        ...algorithm(algorithms.authentication),
        bits: words.number("bits kept"),
      };
    } else if (word === "aead") {
      algorithms.aead = { ...algorithm(algorithms.aead), bits: words.number("bits of ICV") };
    } else if (word === "encap") s.encapsulation = encapsulation(words);
    else if (word === "sel") s.selector = selectorWords(words);
    else if (word === "limit") s.limits = limitWords(words, s.limits);
    else if (word === "anti-replay") s.replayWindow = context(words, out, came) ?? s.replayWindow ?? 0;
    else if (NOT_BUILT.includes(word)) words.notBuilt(word);
    else words.fail("a word of a state", word);
  }
  const { source, destination, spi, mark, selector, ...rest } = s;
  if (source === undefined || destination === undefined) {
    throw new WordsError("a state needs src and dst", begin);
  }
  if (!esp) throw new WordsError("a state needs proto esp", begin);
  if (spi === undefined) throw new WordsError("a state needs spi", begin);
  const sorted = [...STATE_FLAGS, ...EXTRA_FLAGS].filter((flag) => flags.includes(flag));
  return {
    ...rest,
    source,
    destination,
    spi,
    mode: s.mode ?? "transport",
    algorithms,
    // as ip: a mark without a mask is none
    ...(mark === undefined || mark.mask === 0 ? {} : { mark }),
    ...(selector === undefined || isAny(selector) ? {} : { selector }),
    ...(sorted.length === 0 ? {} : { flags: sorted }),
    ...(out[0] === 0 && out[1] === 0 ? {} : { outSequence: out }),
    ...(came[0] === 0 && came[1] === 0 ? {} : { inSequence: came }),
  };
}

/** What the kernel lists for a state without a selector. */
const isAny = ({ source, destination, ...rest }: Selector): boolean =>
  (source?.length ?? 0) === 0 && (destination?.length ?? 0) === 0 && Object.keys(rest).length === 0;

export function takeFlags(words: Words, known: readonly StateFlag[], flags: StateFlag[]): void {
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

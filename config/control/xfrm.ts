import { explainXfrm, type XfrmAnswer } from "../../core/xfrm/commands.ts";
import { formatEvent, isMonitor, monitorWords } from "../../core/xfrm/monitor.ts";
import type { ControlPlane } from "../control_plane.ts";
import { eventStream } from "./event_stream.ts";
import type { Request } from "./request.ts";
import type { Reply } from "./server.ts";

type XfrmRequest = Extract<Request, { command: "xfrm" }>;

/**
 * A command of `ip xfrm`, or its monitor, which goes on until the peer has gone. Exit statuses are ip's: 2 what cannot
 * be done, 255 what is not understood; 1 where nobody could be asked.
 */
export async function xfrm(
  router: ControlPlane,
  { words, json = false }: XfrmRequest,
  reply: Reply,
): Promise<number> {
  if (isMonitor(words)) return await monitor(router, words, json, reply);
  const { dataPlane } = router, failed = dataPlane?.status().failed;
  if (dataPlane === undefined || failed !== undefined) {
    await reply.err(`weir xfrm: ${failed ?? "the data plane does not run"}\n`);
    return 1;
  }
  let answer: XfrmAnswer;
  try {
    answer = await dataPlane.xfrm(words, json);
  } catch (error) {
    await reply.err(`weir xfrm: ${error instanceof Error ? error.message : String(error)}\n`);
    return 1;
  }
  const { output, error } = answer;
  if (error !== undefined) return await refused({ ...answer, error }, words, reply);
  if (output !== "") await reply.out(output);
  return 0;
}

async function refused(
  { error, word, misunderstood }: Omit<XfrmAnswer, "output"> & { readonly error: string },
  words: readonly string[],
  reply: Reply,
): Promise<number> {
  await reply.err(`Error: ${error}\n${word === undefined ? "" : underlined(words, word)}`);
  return misunderstood ? 255 : 2;
}

async function monitor(
  router: ControlPlane,
  words: readonly string[],
  json: boolean,
  reply: Reply,
): Promise<number> {
  let selection: ReturnType<typeof monitorWords>;
  try {
    selection = monitorWords(words, json);
  } catch (error) {
    return await refused(explainXfrm(error, words), words, reply);
  }
  const events = eventStream(reply, "#");
  const stop = router.listenToXfrm((event) => {
    const text = formatEvent(event, selection);
    if (text !== "") events.tell(text);
  });
  await events.end;
  stop();
  return 0;
}

/** The command with carets under one of its words, or behind the last; keys are hidden. */
export function underlined(words: readonly string[], word: number): string {
  let line = "xfrm", from = 0, to = 0;
  for (const [i, text] of [...words, ""].entries()) {
    if (i < words.length || word >= words.length) line += " ";
    if (i === Math.min(word, words.length)) from = line.length;
    line += hidden(text);
    if (i === Math.min(word, words.length)) to = line.length;
  }
  return `${line.trimEnd()}\n${" ".repeat(from)}${"^".repeat(Math.max(1, to - from))}\n`;
}

/** Long numbers are keys. */
const hidden = (word: string): string =>
  /^0[xX]\w{9,}$/.test(word) ? `0x${"*".repeat(word.length - 2)}` : word;

import { complete, type Surroundings } from "../../../core/nft/complete/complete.ts";
import { NAME_LISTINGS, namesOfListing } from "../../../core/nft/complete/names.ts";
import { openBrackets } from "../../../core/nft/complete/probe.ts";
import { ControlError } from "../../control/client.ts";
import { complain, print } from "../output.ts";
import type { NftRequest, Session } from "../session.ts";
import { LineEditor } from "./editor.ts";
import { History, historyPath, makeHistoryDirectory } from "./history.ts";
import { ProcessTerminal } from "./terminal.ts";

const PROMPTS = { first: "weir> ", more: "....> " };

/** Whether a text goes on: a brace is open, or a backslash ends it. */
export const unfinished = (text: string): boolean =>
  /\\[ \t]*$/.test(text) || openBrackets(text).includes("{");

/** `quit` and `exit` end; they are no words of the language. */
const ends = (text: string): boolean => /^\s*(?:quit|exit)\s*;?\s*$/.test(text);

/**
 * `weir nft -i`: commands as they are typed, one transaction each. What they say is what they say as arguments. A
 * terminal has a line editor, a history and completion; from a pipe the lines are just read. Always ends with 0.
 */
export async function interactive(session: Session, request: NftRequest): Promise<number> {
  if (!Deno.stdin.isTerminal() || !Deno.stdout.isTerminal()) return await fromPipe(session, request);
  const path = historyPath((name) => Deno.env.get(name)), history = new History(path);
  makeHistoryDirectory(path);
  let trouble = history.load();
  const terminal = new ProcessTerminal();
  const surroundings = namesKept(session, request);
  const editor = new LineEditor(terminal, {
    prompts: PROMPTS,
    history,
    unfinished,
    complete: async (before) => complete(before, await surroundings.get()),
  });
  const resized = () => editor.redraw();
  Deno.addSignalListener("SIGWINCH", resized);
  try {
    for (;;) {
      if (trouble !== undefined) {
        complain(`weir nft: the history is not kept: ${trouble}\n`);
        trouble = undefined;
      }
      const entered = await editor.read();
      if (entered === "ended") return 0;
      if (entered === "dropped") continue;
      trouble = history.add(entered.text);
      if (ends(entered.text)) return 0;
      if (entered.text.trim() === "") continue;
      await interruptibly((stop) => execute(session, { ...request, text: entered.text }, stop));
      surroundings.forget();
    }
  } finally {
    Deno.removeSignalListener("SIGWINCH", resized);
    terminal.close();
  }
}

/** Runs a command; one that cannot be asked is told and forgotten: the router may be back for the next. */
async function execute(session: Session, request: NftRequest, stop?: AbortSignal): Promise<void> {
  try {
    await session.run(request, print, complain, stop);
  } catch (error) {
    if (!(error instanceof ControlError)) throw error;
    complain(`weir: ${error.message}\n`);
  }
}

/** Ctrl-C while a command runs: its answer is no longer waited for. `monitor` ends so. */
async function interruptibly(run: (stop: AbortSignal) => Promise<void>): Promise<void> {
  const stop = new AbortController(), interrupt = () => stop.abort();
  Deno.addSignalListener("SIGINT", interrupt);
  try {
    await run(stop.signal);
  } finally {
    Deno.removeSignalListener("SIGINT", interrupt);
  }
}

/** Names for completion, asked for once between two commands. */
function namesKept(session: Session, { dialect }: NftRequest) {
  let known: Promise<Surroundings> | undefined;
  const ask = async (): Promise<Surroundings> => {
    let listing = "";
    const request: NftRequest = {
      command: "nft",
      text: NAME_LISTINGS.join("\n"),
      name: "",
      json: true,
      terse: true,
      ...(dialect === undefined ? {} : { dialect }),
    };
    try {
      await session.run(request, (text) => listing += text, () => {});
      return { names: namesOfListing(listing), interfaces: await session.interfaces() };
    } catch (error) {
      if (!(error instanceof ControlError)) throw error;
      return { names: [], interfaces: [] };
    }
  };
  return { get: () => known ??= ask(), forget: () => known = undefined };
}

async function fromPipe(session: Session, request: NftRequest): Promise<number> {
  const decoder = new TextDecoder();
  let text = "", rest = "";
  const line = async (next: string, last: boolean): Promise<boolean> => {
    text += next;
    if (!last && unfinished(text)) {
      text += "\n";
      return true;
    }
    const whole = text;
    text = "";
    if (ends(whole)) return false;
    if (whole.trim() !== "") await execute(session, { ...request, text: whole });
    return true;
  };
  for await (const chunk of Deno.stdin.readable) {
    const lines = (rest + decoder.decode(chunk, { stream: true })).split("\n");
    rest = lines.pop()!;
    for (const each of lines) if (!await line(each, false)) return 0;
  }
  await line(rest, true);
  return 0;
}

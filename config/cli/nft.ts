import { directoryOf, whyUnreadable } from "../paths.ts";
import { VERSION } from "../version.ts";
import { type NftArguments, nftArguments, nftHelp } from "./nft_options.ts";
import { complain, print } from "./output.ts";
import { socketPath } from "./place.ts";
import { type NftRequest, offlineSession, routerSession } from "./session.ts";

/**
 * `weir nft`: commands of the rule language, as arguments, from a file, from standard input (`-f -`) or typed
 * (`-i`). Options, exit status (0 or 1) and what goes to which stream are nft's.
 */
export async function nft(args: readonly string[]): Promise<number> {
  const given = nftArguments(args);
  if ("error" in given) return refused(given.error);
  if (given.show !== undefined) {
    print(given.show === "help" ? nftHelp() : versionText(given.show === "extended-version"));
    return 0;
  }
  const session = given.offline ? offlineSession() : routerSession(socketPath(given.socket));
  try {
    // as nft: a command wins over a file, a file over -i
    if (given.command.length === 0 && given.file === undefined && given.interactive) {
      const { interactive } = await import("./interactive/interactive.ts");
      return await interactive(session, requestOf(given, "", ""));
    }
    const request = given.command.length > 0
      ? requestOf(given, given.command.join(" "), "")
      : requestOfFile(given);
    return request === undefined ? 1 : await session.run(request, print, complain);
  } catch (error) {
    if (!(error instanceof Error) || error.name !== "ControlError") throw error;
    complain(`weir: ${error.message}\n`);
    return 1;
  }
}

function refused(error: string): number {
  complain(`weir nft: ${error}\n(weir nft --help shows how it is used)\n`);
  return 1;
}

const versionText = (extended: boolean): string =>
  `weir v${VERSION} (the language of nftables v1.0.6)\n` +
  (extended ? "  cli:\t\tweir\n  json:\t\tyes\n  minigmp:\tno\n  libxtables:\tno\n" : "");

/** The commands of a file or of standard input; what is wrong where there are none has been said. */
function requestOfFile(given: NftArguments): NftRequest | undefined {
  const { file } = given;
  if (file === undefined) {
    refused("no command specified: try weir nft list ruleset, or -f FILE, or -i");
    return undefined;
  }
  try {
    return requestOf(given, readText(file), file === "-" ? "<stdin>" : file);
  } catch (error) {
    complain(`Error: Could not open file "${file}": ${whyNot(error)}\n`);
    return undefined;
  }
}

/** strerror(3)'s words, which nft uses. */
function whyNot(error: unknown): string {
  if (error instanceof Deno.errors.NotFound) return "No such file or directory";
  if (error instanceof Deno.errors.PermissionDenied) return "Permission denied";
  if (error instanceof Deno.errors.IsADirectory) return "Is a directory";
  return whyUnreadable(error);
}

function requestOf(given: NftArguments, text: string, name: string): NftRequest {
  const { file, flags, dialect, defines, includePaths } = given;
  const inFile = given.command.length === 0 && file !== undefined && file !== "-";
  return {
    command: "nft",
    text,
    name,
    directory: absolute(inFile ? directoryOf(file) : "."),
    workingDirectory: Deno.cwd(),
    ...flags,
    ...(dialect === undefined ? {} : { dialect }),
    ...(Object.keys(defines).length === 0 ? {} : { defines: { ...defines } }),
    ...(includePaths.length === 0 ? {} : { includePaths: includePaths.map(absolute) }),
  };
}

function readText(file: string): string {
  if (file !== "-") return Deno.readTextFileSync(file);
  const chunks: Uint8Array[] = [], buffer = new Uint8Array(65536);
  for (let got = Deno.stdin.readSync(buffer); got !== null; got = Deno.stdin.readSync(buffer)) {
    chunks.push(buffer.slice(0, got));
  }
  const decoder = new TextDecoder();
  return chunks.map((chunk) => decoder.decode(chunk, { stream: true })).join("") + decoder.decode();
}

const absolute = (path: string): string =>
  path.startsWith("/") ? path : path === "." ? Deno.cwd() : `${Deno.cwd()}/${path}`;

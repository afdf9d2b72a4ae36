import {
  bytes,
  checked,
  cstring,
  libc,
  O_CREAT,
  O_RDONLY,
  O_TRUNC,
  O_WRONLY,
  openFile,
  SystemError,
} from "./libc.ts";

/**
 * Small state kept over a SIGKILL, as JSON under /run. Written whole beside the old file and renamed over it, so that
 * a reader sees one or the other.
 */
export function writeState(path: string, state: unknown): void {
  const text = new TextEncoder().encode(JSON.stringify(state) + "\n"), b = bytes(text.length);
  b.set(text);
  const directory = path.slice(0, path.lastIndexOf("/"));
  if (directory !== "") libc.mkdir(cstring(directory), 0o755);
  const beside = `${path}.new`, fd = openFile(beside, O_WRONLY | O_CREAT | O_TRUNC, 0o600);
  try {
    for (let at = 0; at < b.length;) {
      at += checked(libc.write(fd, b.subarray(at), b.length - at), `write ${beside}`);
    }
  } finally {
    libc.close(fd);
  }
  checked(libc.rename(cstring(beside), cstring(path)), `write ${path}`);
}

/** What `writeState` wrote; undefined when there is no file or it does not hold JSON. */
export function readState(path: string): unknown {
  let fd: number;
  try {
    fd = openFile(path, O_RDONLY);
  } catch (error) {
    if (error instanceof SystemError && error.code === "ENOENT") return undefined;
    throw error;
  }
  try {
    const decoder = new TextDecoder(), b = bytes(65536);
    let text = "";
    for (let got = libc.read(fd, b, b.length); got > 0; got = libc.read(fd, b, b.length)) {
      text += decoder.decode(b.subarray(0, got), { stream: true });
    }
    return JSON.parse(text + decoder.decode());
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  } finally {
    libc.close(fd);
  }
}

export const removeState = (path: string): void => void libc.unlink(cstring(path));

import { encodeFrame, FrameError, FrameReader } from "./frame.ts";
import type { Request, Response } from "./request.ts";

/** Why there is no answer, in one line for the terminal. */
export class ControlError extends Error {
  override readonly name = "ControlError";
}

/**
 * Sends one request and passes on what comes back. Resolves to the exit status, 130 where `stop` ended the
 * connection; throws `ControlError`.
 */
export async function ask(
  path: string,
  request: Request,
  receive: (response: Exclude<Response, { end: number }>) => void | Promise<void>,
  stop?: AbortSignal,
): Promise<number> {
  using connection = await connect(path);
  const close = () => connection.close();
  stop?.addEventListener("abort", close, { once: true });
  const reader = new FrameReader();
  const buffer = new Uint8Array(65536);
  try {
    await writeAll(connection, encodeFrame(request));
    for (;;) {
      const length = await connection.read(buffer);
      if (length === null) throw new ControlError("the router ended the connection before its answer");
      for (const value of reader.push(buffer.subarray(0, length))) {
        const response = value as Response;
        if ("end" in response) return response.end;
        await receive(response);
      }
    }
  } catch (error) {
    if (stop?.aborted === true) return 130;
    if (error instanceof FrameError) {
      throw new ControlError(`what answers at ${path} is no router: ${error.message}`);
    }
    if (error instanceof Deno.errors.ConnectionReset || error instanceof Deno.errors.BrokenPipe) {
      throw new ControlError("the router ended the connection before its answer");
    }
    throw error;
  } finally {
    stop?.removeEventListener("abort", close);
  }
}

/** The one value of a request that answers with data. */
export async function askValue<T>(path: string, request: Request): Promise<T> {
  let value: unknown, error = "";
  const status = await ask(path, request, (response) => {
    if ("value" in response) value = response.value;
    if ("err" in response) error += response.err;
  });
  if (status !== 0 || value === undefined) {
    throw new ControlError(error.trim() || "the router gave no answer");
  }
  return value as T;
}

async function connect(path: string): Promise<Deno.Conn> {
  try {
    return await Deno.connect({ transport: "unix", path });
  } catch (error) {
    if (error instanceof Deno.errors.PermissionDenied || error instanceof Deno.errors.NotCapable) {
      throw new ControlError(`no permission for ${path}: run this as root`);
    }
    if (error instanceof Deno.errors.NotFound || error instanceof Deno.errors.ConnectionRefused) {
      throw new ControlError(`no router answers at ${path}: is weir run running?`);
    }
    throw new ControlError(`${path}: ${error instanceof Error ? error.message : String(error)}`);
  }
}

async function writeAll(connection: Deno.Conn, bytes: Uint8Array): Promise<void> {
  for (let at = 0; at < bytes.length;) at += await connection.write(bytes.subarray(at));
}

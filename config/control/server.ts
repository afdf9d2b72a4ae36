import { createServer, type Server, type Socket } from "node:net";
import type { PeerCredentials } from "../../drivers/sys/peer_credentials.ts";
import { encodeFrame, FrameError, FrameReader } from "./frame.ts";
import { checkRequest, type Request, type Response } from "./request.ts";

/** Answers go here as they come; each call resolves when the peer has taken enough for more to follow. */
export interface Reply {
  out(text: string): Promise<void>;
  err(text: string): Promise<void>;
  value(value: unknown): Promise<void>;
  /** Number of the peer's process, as the kernel tells it. */
  readonly pid?: number;
  /** Resolves when the peer has gone. */
  readonly gone?: Promise<void>;
}

export interface ControlOptions {
  readonly path: string;
  /** Carries a request out; its result is the exit status the client ends with. */
  handle(request: Request, reply: Reply): Promise<number>;
  /** Credentials of the peer of a connected socket's descriptor; undefined when they cannot be had. */
  credentials(fd: number): PeerCredentials | undefined;
  allowed(peer: PeerCredentials): boolean;
  /** Told of what a handler threw: a bug, not the peer's fault. */
  failed(error: unknown): void;
}

/**
 * Server of the control socket.
 *
 * Overview    one unix socket; each connection sends requests and gets their answers in order, one at a time.
 * Access      the file is its owner's alone (0600), and the kernel's word for who is at the other end
 *             (SO_PEERCRED) is asked before the first byte is read.
 * Life-cycle  `listen` takes the path over when nobody answers there; `close` ends connections and removes the file.
 * Limits      32 connections; a frame of 16 MiB. The peer of a wrong frame is told so and cut off.
 */
export class ControlServer {
  readonly #server: Server;
  readonly #options: ControlOptions;
  readonly #sockets = new Set<Socket>();

  constructor(options: ControlOptions) {
    this.#options = options;
    this.#server = createServer((socket) => void this.#serve(socket));
    this.#server.maxConnections = 32;
  }

  /** Throws when the path cannot be used, `AlreadyRunning` when another router answers there. */
  async listen(): Promise<void> {
    const { path } = this.#options;
    if (await answers(path)) throw new AlreadyRunning(path);
    removeSocket(path);
    // The file is made by bind(2) and must never be open to others, not even for a moment.
    const mask = Deno.umask(0o177);
    try {
      await new Promise<void>((resolve, reject) => {
        this.#server.once("error", reject);
        this.#server.listen(path, resolve);
      });
    } finally {
      Deno.umask(mask);
    }
  }

  async close(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    await new Promise<void>((resolve) => this.#server.close(() => resolve()));
    removeSocket(this.#options.path);
  }

  async #serve(socket: Socket): Promise<void> {
    this.#sockets.add(socket);
    socket.on("close", () => this.#sockets.delete(socket));
    socket.on("error", () => socket.destroy());
    const peer = this.#options.credentials(descriptorOf(socket));
    if (peer === undefined || !this.#options.allowed(peer)) {
      socket.write(encodeFrame({ err: "only root and the user who runs the router may ask it\n" }));
      socket.end(encodeFrame({ end: 1 }));
      return;
    }
    const reader = new FrameReader();
    try {
      // Left open on an error, so that the peer can be told of it.
      for await (const chunk of socket.iterator({ destroyOnReturn: false })) {
        for (const value of reader.push(chunk as Uint8Array)) await this.#answer(socket, value, peer.pid);
      }
    } catch (error) {
      if (error instanceof FrameError && !socket.destroyed) {
        await refuse(socket, error.message).catch(() => {});
      }
    } finally {
      socket.end();
    }
  }

  async #answer(socket: Socket, value: unknown, pid: number): Promise<void> {
    const checked = checkRequest(value);
    if (!checked.ok) return refuse(socket, checked.error);
    let status = 1;
    try {
      status = await this.#options.handle(checked.request, {
        out: (text) => send(socket, { out: text }),
        err: (text) => send(socket, { err: text }),
        value: (value) => send(socket, { value }),
        pid,
        gone: new Promise((resolve) => {
          for (const event of ["end", "close"]) socket.once(event, () => resolve());
        }),
      });
    } catch (error) {
      if (socket.destroyed) return;
      this.#options.failed(error);
      await send(socket, { err: "the router failed on this request; its log says more\n" });
    }
    if (!socket.destroyed) await send(socket, { end: status });
  }
}

export class AlreadyRunning extends Error {
  override readonly name = "AlreadyRunning";
  constructor(path: string) {
    super(`a router is running already: it answers at ${path}`);
  }
}

async function refuse(socket: Socket, error: string): Promise<void> {
  await send(socket, { err: `not understood: ${error}\n` });
  await send(socket, { end: 1 });
}

function send(socket: Socket, response: Response): Promise<void> {
  if (socket.destroyed) return Promise.reject(new Error("the peer has gone"));
  if (socket.write(encodeFrame(response))) return Promise.resolve();
  return new Promise((resolve, reject) => {
    const gone = () => reject(new Error("the peer has gone"));
    socket.once("close", gone);
    socket.once("drain", () => {
      socket.off("close", gone);
      resolve();
    });
  });
}

/** node:net keeps the descriptor in its handle; -1 when this runtime does not say it. */
function descriptorOf(socket: Socket): number {
  const { _handle: handle } = socket as Socket & { _handle?: { fd?: number } };
  return handle?.fd ?? -1;
}

async function answers(path: string): Promise<boolean> {
  try {
    (await Deno.connect({ transport: "unix", path })).close();
    return true;
  } catch {
    return false;
  }
}

/** Removes a socket left behind; anything else at the path is somebody's file, and listening fails on it. */
function removeSocket(path: string): void {
  try {
    if (Deno.lstatSync(path).isSocket) Deno.removeSync(path);
  } catch {
    // nothing there
  }
}

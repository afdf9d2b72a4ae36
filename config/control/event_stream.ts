import type { Reply } from "./server.ts";

/**
 * Events on their way to a peer that monitors, until it goes away. A peer that does not read misses events, and is told
 * how many: it does not fill this process.
 */
export function eventStream(reply: Reply, comment: string): {
  tell(lines: string): void;
  /** Resolves when the peer has gone. */
  readonly end: Promise<void>;
} {
  let fail: () => void = () => {};
  const failed = new Promise<void>((resolve) => fail = resolve);
  let waiting = 0, lost = 0;
  return {
    tell(lines) {
      if (waiting >= MOST_WAITING) return void lost++;
      waiting++;
      const first = lost === 0
        ? ""
        : `${comment} ${lost} events are lost: they came faster than they were read\n`;
      lost = 0;
      reply.out(first + lines).then(() => waiting--, fail);
    },
    end: Promise.race([reply.gone ?? failed, failed]),
  };
}

const MOST_WAITING = 4096;

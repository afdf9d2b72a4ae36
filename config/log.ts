import { configureSync, getLogger } from "@logtape/logtape";
import type { Log } from "./control_plane.ts";

export type LogLevel = Parameters<Log>[0];

/** The router's log, one line a message; `write` takes lines with their newline. A journal puts the time before. */
export function startLog(level: LogLevel, write: (line: string) => void): Log {
  configureSync({
    reset: true,
    sinks: {
      lines: ({ level, message }) =>
        write(`weir: ${level === "info" ? "" : `${level}: `}${message.join("")}\n`),
    },
    loggers: [
      { category: "weir", lowestLevel: level, sinks: ["lines"] },
      { category: ["logtape", "meta"], lowestLevel: "error", sinks: ["lines"] },
    ],
  });
  const logger = getLogger("weir");
  return (level, message) => logger[level]("{message}", { message });
}

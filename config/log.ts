import { configureSync, getConsoleSink, getLogger, type LogLevel } from "@logtape/logtape";
import type { Log } from "./control_plane.ts";

/** The router's log on standard error, one line a message; a journal puts the time before it. */
export function startLog(level: LogLevel = "info"): Log {
  configureSync({
    reset: true,
    sinks: {
      console: getConsoleSink({
        formatter: ({ level, message }) => `weir: ${level === "info" ? "" : `${level}: `}${message.join("")}`,
        levelMap: { trace: "error", debug: "error", info: "error", warning: "error", error: "error", fatal: "error" },
      }),
    },
    loggers: [
      { category: "weir", lowestLevel: level, sinks: ["console"] },
      { category: ["logtape", "meta"], lowestLevel: "error", sinks: ["console"] },
    ],
  });
  const logger = getLogger("weir");
  return (level, message) => logger[level]("{message}", { message });
}

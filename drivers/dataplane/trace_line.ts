import type { TraceEvent } from "../../core/expr/trace_event.ts";

/** A trace event as the text of a ring record. */
export function traceLine(event: TraceEvent): string {
  return JSON.stringify(event, (_, value) => (value instanceof Uint8Array ? { hex: hex(value) } : value));
}

/** The event of a line that `traceLine` wrote. */
export function traceEvent(line: string): TraceEvent {
  return JSON.parse(line, (_, value) => (isHex(value) ? bytes(value.hex) : value)) as TraceEvent;
}

const isHex = (value: unknown): value is { hex: string } =>
  typeof value === "object" && value !== null && "hex" in value;

const hex = (all: Uint8Array): string => [...all].map((byte) => byte.toString(16).padStart(2, "0")).join("");

const bytes = (text: string): Uint8Array =>
  Uint8Array.from({ length: text.length / 2 }, (_, i) => parseInt(text.slice(2 * i, 2 * i + 2), 16));

import type { MachineState } from "./state.ts";

/** A number for a packet: nothing but different from its neighbours', and never 0. */
export function nextTrace(state: MachineState): number {
  state.traces = (state.traces + 1) | 0;
  return (Math.imul(state.traces, 0x9e3779b1) ^ state.environment.random.u32()) >>> 0 || 1;
}

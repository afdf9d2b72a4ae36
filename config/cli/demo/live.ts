import { tallies, type Tally } from "./summary.ts";
import type { Demo } from "./demo_state.ts";
import { HTTP_PORT, PAGE_BYTES, WAN } from "./settings.ts";

/**
 * Keeps the router up with a little traffic and prints its rates once a second, in place on a terminal, until
 * `stop` is aborted.
 */
export async function live(demo: Demo, stop: AbortSignal): Promise<void> {
  try {
    await rounds(demo, stop);
  } catch (e) {
    // Ctrl-C reaches the whole process group: the router may have gone before we heard of it
    await pause(300, stop);
    if (!stop.aborted) throw e;
  }
}

async function rounds(demo: Demo, stop: AbortSignal): Promise<void> {
  const terminal = Deno.stdout.isTerminal();
  const write = (text: string) => Deno.stdout.writeSync(new TextEncoder().encode(text));
  let last = await tallies(demo), at = performance.now(), shown = 0;
  while (!stop.aborted) {
    trickle(demo);
    await pause(1000, stop);
    if (stop.aborted) break;
    const now = await tallies(demo), time = performance.now(), seconds = (time - at) / 1000;
    const lines = now.map((tally, i) => rates(tally, last[i]!, seconds));
    if (terminal || shown === 0) {
      if (terminal && shown > 0) write(`\x1b[${lines.length}A`);
      write(lines.map((line) => `${terminal ? "\x1b[2K" : ""}${line}\n`).join(""));
    }
    shown++;
    [last, at] = [now, time];
  }
}

/** A ping and a page, so that there is something to see. */
function trickle({ hosts }: Demo): void {
  const nothing = () => {};
  hosts.lan.call("ping", { to: WAN.ipv4, count: 1 }).then(nothing, nothing);
  const page = { to: WAN.ipv6, port: HTTP_PORT, bytes: PAGE_BYTES, timeout: 5000 };
  hosts.lan.call("fetchBody", page).then(nothing, nothing);
}

function rates({ port, router }: Tally, { router: before }: Tally, seconds: number): string {
  const direction = (packets: number, bytes: number) =>
    `${Math.round(packets / seconds).toString().padStart(7)} packets/s ${
      (bytes * 8 / seconds / 1000).toFixed(0).padStart(8)
    } kbit/s`;
  const rx = direction(router.rxPackets - before.rxPackets, router.rxBytes - before.rxBytes);
  const tx = direction(router.txPackets - before.txPackets, router.txBytes - before.txBytes);
  return `${port.padEnd(6)} in ${rx}   out ${tx}   total ${router.rxPackets} in, ${router.txPackets} out`;
}

/** Waits, or until `stop`. */
export function pause(milliseconds: number, stop: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const end = () => {
      clearTimeout(timer);
      stop.removeEventListener("abort", end);
      resolve();
    };
    const timer = setTimeout(end, milliseconds);
    if (stop.aborted) end();
    else stop.addEventListener("abort", end);
  });
}

/** What the kernel says of a process; every figure of the whole process, all its threads. */

/** CPU seconds, user and system. Granularity is a tick of 10 ms. */
export function cpuSeconds(pid: number): number {
  const stat = Deno.readTextFileSync(`/proc/${pid}/stat`);
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return (Number(fields[11]) + Number(fields[12])) / TICKS;
}

/** Resident and proportional set size, megabytes. */
export function memory(pid: number): { readonly rss: number; readonly pss: number } {
  const text = Deno.readTextFileSync(`/proc/${pid}/smaps_rollup`);
  const field = (name: string) =>
    Number(new RegExp(`^${name}:\\s+(\\d+) kB`, "m").exec(text)?.[1] ?? 0) / 1024;
  return { rss: field("Rss"), pss: field("Pss") };
}

/** USER_HZ. */
const TICKS = 100;

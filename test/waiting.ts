export const pause = (milliseconds: number): Promise<void> =>
  new Promise((resolve) => setTimeout(resolve, milliseconds));

/** Waits until `holds` does, looking every 10 ms; throws what was waited for when it takes longer than `seconds`. */
export async function until(
  what: string,
  holds: () => boolean | Promise<boolean>,
  seconds = 5,
): Promise<void> {
  for (const end = performance.now() + seconds * 1000; !(await holds());) {
    if (performance.now() > end) throw new Error(`not within ${seconds} s: ${what}`);
    await pause(10);
  }
}

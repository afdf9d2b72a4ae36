/** What only this needs of libc: close(2) on a pool thread, and dup(2). */
const { close, dup } = Deno.dlopen("libc.so.6", {
  close: { parameters: ["i32"], result: "i32", nonblocking: true },
  dup: { parameters: ["i32"], result: "i32" },
}).symbols;

/**
 * Closes many descriptors whose release waits inside the kernel (a packet ring, a TUN: some 20 ms each for a grace
 * period), so that they wait at the same time. Keeps them open by duplicates while `closeEach` lets its owners close
 * theirs, which is then instant; resolves when the last one is gone.
 */
export async function closeTogether(descriptors: readonly number[], closeEach: () => void): Promise<void> {
  const held = descriptors.filter((fd) => fd >= 0).map((fd) => dup(fd)).filter((fd) => fd >= 0);
  closeEach();
  await Promise.all(held.map((fd) => close(fd)));
}

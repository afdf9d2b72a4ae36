import { bytes, checked, libc, O_RDONLY, O_WRONLY, openFile } from "./libc.ts";

/**
 * Small kernel files (/proc/sys, /sys/class/net) by plain calls on this thread, so that they are those of the
 * thread's network namespace. Both throw `SystemError`.
 */
export function readKernelFile(path: string): string {
  const fd = openFile(path, O_RDONLY);
  try {
    const b = bytes(4096);
    const length = checked(libc.read(fd, b, b.length), `read ${path}`);
    return new TextDecoder().decode(b.subarray(0, length)).trimEnd();
  } finally {
    libc.close(fd);
  }
}

export function writeKernelFile(path: string, value: string): void {
  const fd = openFile(path, O_WRONLY);
  try {
    const encoded = new TextEncoder().encode(value);
    const b = bytes(encoded.length);
    b.set(encoded);
    checked(libc.write(fd, b, b.length), `write ${value} to ${path}`);
  } finally {
    libc.close(fd);
  }
}

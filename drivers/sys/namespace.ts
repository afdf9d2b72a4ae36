import {
  bytes,
  checked,
  cstring,
  errno,
  libc,
  O_CREAT,
  O_EXCL,
  O_RDONLY,
  openFile,
  SystemError,
} from "./libc.ts";
import { EINVAL, ENOENT } from "./errno.ts";

/**
 * Network namespaces with names, as `ip netns` makes them: a namespace lives as long as something is mounted at
 * /run/netns/NAME, and both tools see each other's.
 *
 * Threads     setns(2) acts on the calling thread. `inNamespace` therefore takes a function that runs in one
 *             synchronous stretch: nothing asynchronous may start there except what inherits (Deno.Command, a
 *             Worker). Asynchronous file calls run on pool threads, in the old namespace.
 * Limits      needs CAP_SYS_ADMIN.
 */

/** Makes a namespace; only `lo`, and that down. Throws `SystemError`, EEXIST when the name is taken. */
export function createNamespace(name: string): void {
  prepareDirectory();
  const path = pathOf(name);
  libc.close(openFile(path, O_RDONLY | O_CREAT | O_EXCL, 0o444));
  const home = openFile(THREAD_NAMESPACE, O_RDONLY);
  try {
    checked(libc.unshare(CLONE_NEWNET), `make network namespace ${name}`);
    try {
      const bound = libc.mount(cstring(THREAD_NAMESPACE), cstring(path), cstring("none"), MS_BIND, null);
      checked(bound, `mount network namespace at ${path}`);
    } finally {
      goHome(home);
    }
  } catch (error) {
    libc.unlink(cstring(path));
    throw error;
  } finally {
    libc.close(home);
  }
}

/** Takes the name away; the namespace goes with its last process and socket. A name that is not there is no error. */
export function deleteNamespace(name: string): void {
  const path = cstring(pathOf(name));
  libc.umount2(path, MNT_DETACH);
  if (libc.unlink(path) < 0 && errno() !== ENOENT) throw new SystemError(`remove ${pathOf(name)}`, errno());
}

/** Runs `run` with this thread inside the named namespace and comes back, whatever happens. */
export function inNamespace<T>(name: string, run: () => T): T {
  const there = openNamespace(name);
  try {
    return inNamespaceOf(there, run);
  } finally {
    libc.close(there);
  }
}

/** As `inNamespace`, by descriptor. */
export function inNamespaceOf<T>(fd: number, run: () => T): T {
  const home = openFile(THREAD_NAMESPACE, O_RDONLY);
  try {
    checked(libc.setns(fd, CLONE_NEWNET), "enter network namespace");
    try {
      return run();
    } finally {
      goHome(home);
    }
  } finally {
    libc.close(home);
  }
}

/** Descriptor of a named namespace, for rtnetlink's "move to". The caller closes it. */
export const openNamespace = (name: string): number => openFile(pathOf(name), O_RDONLY);

/** Starts a program inside the namespace. */
export const spawnInNamespace = (
  name: string,
  program: string,
  options: Deno.CommandOptions,
): Deno.ChildProcess => inNamespace(name, () => new Deno.Command(program, options).spawn());

/** Runs a program inside the namespace to its end. */
export const runInNamespace = (
  name: string,
  program: string,
  options: Deno.CommandOptions,
): Deno.CommandOutput => inNamespace(name, () => new Deno.Command(program, options).outputSync());

/** A thread that cannot go back would configure the wrong host: nothing sensible can follow. */
function goHome(fd: number): void {
  checked(libc.setns(fd, CLONE_NEWNET), "return to the own network namespace");
}

/** /run/netns as a shared mount of its own, so that new namespaces show in every mount namespace (ip-netns(8)). */
function prepareDirectory(): void {
  const directory = cstring(DIRECTORY), none = cstring("none");
  libc.mkdir(directory, 0o755);
  if (libc.mount(bytes(1), directory, none, MS_SHARED | MS_REC, null) === 0) return;
  if (errno() !== EINVAL) throw new SystemError(`share ${DIRECTORY}`, errno());
  checked(libc.mount(directory, directory, none, MS_BIND | MS_REC, null), `mount ${DIRECTORY}`);
  checked(libc.mount(bytes(1), directory, none, MS_SHARED | MS_REC, null), `share ${DIRECTORY}`);
}

const DIRECTORY = "/run/netns";
const pathOf = (name: string): string => `${DIRECTORY}/${name}`;
const THREAD_NAMESPACE = "/proc/thread-self/ns/net";
const CLONE_NEWNET = 0x40000000;
const MS_BIND = 0x1000, MS_REC = 0x4000, MS_SHARED = 0x100000;
const MNT_DETACH = 2;

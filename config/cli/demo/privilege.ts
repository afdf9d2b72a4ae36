import { createNamespace, deleteNamespace } from "../../../drivers/sys/namespace.ts";
import { SystemError } from "../../../drivers/sys/libc.ts";

/** Whether this process may make network namespaces with names: it tries. */
export function mayMakeNamespaces(): boolean {
  const name = `weir-try-${Deno.pid}`;
  try {
    createNamespace(name);
  } catch (e) {
    if (e instanceof SystemError) return false;
    throw e;
  }
  deleteNamespace(name);
  return true;
}

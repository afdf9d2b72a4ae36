/** Paths as the configuration and the command line mean them. */
export const directoryOf = (path: string): string => {
  const slash = path.lastIndexOf("/");
  return slash < 0 ? "." : slash === 0 ? "/" : path.slice(0, slash);
};

/** A path as the file in `directory` means it. */
export const beside = (directory: string, path: string): string =>
  path.startsWith("/") || directory === "." ? path : `${directory}/${path}`;

/** What is wrong with a file that could not be read, in words that follow its path. */
export function whyUnreadable(error: unknown): string {
  if (error instanceof Deno.errors.NotFound) return "there is no such file";
  if (error instanceof Deno.errors.PermissionDenied) return "no permission to read it";
  if (error instanceof Deno.errors.IsADirectory) return "it is a directory";
  return error instanceof Error ? error.message : String(error);
}

/** A test file's run as a guest's command; `environment`: words for env(1). */
export function denoTest(file: string, environment = ""): string {
  const checkout = new URL("../..", import.meta.url).pathname;
  const cache = Deno.env.get("DENO_DIR") ?? `${Deno.env.get("HOME") ?? "/root"}/.cache/deno`;
  return `cd ${checkout} && NO_COLOR=1 DENO_DIR=${cache} env ${environment} ` +
    `${Deno.execPath()} test --no-lock --no-check --allow-all ${file} 2>&1`;
}

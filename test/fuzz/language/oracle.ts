/**
 * The other side of the comparison: libnftables in a process of its own, inside a network namespace of its own.
 *
 * Overview    one line of JSON a case in, one line out. In a process of its own because what is tried makes nft 1.0.6
 *             stop at its assertions now and then.
 * Limits      needs root and libnftables.so.1; started by `kernel_nft.ts`.
 */
const lib = Deno.dlopen("libnftables.so.1", {
  nft_ctx_new: { parameters: ["u32"], result: "pointer" },
  nft_ctx_buffer_output: { parameters: ["pointer"], result: "i32" },
  nft_ctx_buffer_error: { parameters: ["pointer"], result: "i32" },
  nft_ctx_get_output_buffer: { parameters: ["pointer"], result: "pointer" },
  nft_ctx_get_error_buffer: { parameters: ["pointer"], result: "pointer" },
  nft_ctx_output_set_flags: { parameters: ["pointer", "u32"], result: "void" },
  nft_ctx_output_set_debug: { parameters: ["pointer", "u32"], result: "void" },
  nft_run_cmd_from_buffer: { parameters: ["pointer", "buffer"], result: "i32" },
}).symbols;

const DEBUG_NETLINK = 8, STATELESS = 4;

const context = lib.nft_ctx_new(0);
lib.nft_ctx_buffer_output(context);
lib.nft_ctx_buffer_error(context);
lib.nft_ctx_output_set_flags(context, STATELESS);

const read = (pointer: Deno.PointerValue): string =>
  pointer === null ? "" : new Deno.UnsafePointerView(pointer).getCString();

/** What nft answers to these commands. */
function run(commands: string, debug = 0): { ok: boolean; output: string; error: string } {
  lib.nft_ctx_output_set_debug(context, debug);
  const ok = lib.nft_run_cmd_from_buffer(context, new TextEncoder().encode(commands + "\0")) === 0;
  return {
    ok,
    output: read(lib.nft_ctx_get_output_buffer(context)),
    error: read(lib.nft_ctx_get_error_buffer(context)),
  };
}

/** Commands of a case: first those that must succeed, then the one under test, then what is listed. */
export interface Question {
  readonly before: string;
  readonly command: string;
  readonly list: string;
}

export interface Answer {
  readonly ok: boolean;
  readonly output: string;
  readonly error: string;
  readonly listing: string;
}

if (import.meta.main) {
  const lines = Deno.stdin.readable.pipeThrough(new TextDecoderStream());
  let rest = "";
  for await (const chunk of lines) {
    const whole = (rest + chunk).split("\n");
    rest = whole.pop()!;
    for (const line of whole) {
      const { before, command, list } = JSON.parse(line) as Question;
      if (before !== "") {
        const made = run(before);
        if (!made.ok) console.error(made.error);
      }
      const answer = run(command, DEBUG_NETLINK);
      const listing = answer.ok ? run(list).output : "";
      console.log(JSON.stringify({ ...answer, listing }));
    }
  }
}

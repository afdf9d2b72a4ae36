/**
 * `weir nft` as a program of its own: what `deno task bundle` puts into a few files, because reading two hundred modules
 * one by one is a good part of checking a small ruleset.
 *
 * @module
 */
import { nft } from "./nft.ts";

Deno.exit(await nft(Deno.args));

import { serve } from "./character_device.ts";
import { ServedCrypto } from "./served_crypto.ts";

/** `deno run --allow-all test/cuse/main.ts`: serves /dev/crypto until it is killed. Needs root and the module cuse. */
serve(new ServedCrypto());

import { CryptoError } from "../../core/crypto/engine.ts";
import { openDevices } from "../../drivers/crypto/devices.ts";
import { Engine } from "../../drivers/crypto/engine.ts";
import { clock } from "../../drivers/sys/clock.ts";
import { complain } from "./output.ts";
import { KeyPlaceError } from "./volume_status.ts";

/** What the user can mend. */
export class Complaint extends Error {}

/** Runs a command of `weir disk` with the machine's crypto devices. The exit status. */
export async function disk(run: (engine: Engine) => void): Promise<number> {
  const { devices } = openDevices(), engine = new Engine(devices, { clock });
  try {
    run(engine);
    return await Promise.resolve(0);
  } catch (error) {
    const known = error instanceof Complaint || error instanceof CryptoError ||
      error instanceof KeyPlaceError ||
      error instanceof Deno.errors.NotFound ||
      error instanceof Deno.errors.PermissionDenied ||
      (error instanceof Error && /re-keying/.test(error.message));
    if (!known) throw error;
    complain(`weir disk: ${(error as Error).message}\n`);
    return 1;
  } finally {
    engine.shutdown();
  }
}

/** Tells every twentieth of a re-keying. */
export function progressOf(name: string): (done: number, of: number) => void {
  let told = -1;
  return (done, of) => {
    const percent = Math.floor(done * 100 / of);
    if (percent !== told && percent % 5 === 0) complain(`\r${name}: ${percent} %`);
    told = percent;
  };
}

import type { CryptoEngine } from "../../core/crypto/engine.ts";
import type { BlockFile } from "./block_file.ts";
import { Journal, keyCheck } from "./journal.ts";
import { CHUNK, Volume, type VolumeOptions } from "./volume.ts";

/**
 * Gives a volume another key or cipher, in place.
 *
 * Overview    step by step: sectors are decrypted with the old key, sealed with the new one, put into the journal, and
 *             only then written where they belong. Whatever ends it, at any sector and in the middle of any write, the
 *             same call goes on where it was: the step in the journal is written again, then the next one is begun.
 * Life-cycle  the caller removes the journal when this has returned.
 * Failure     an error leaves volume and journal such that the next call goes on.
 */
export function rekey(
  file: BlockFile,
  journalFile: BlockFile,
  engine: CryptoEngine,
  from: VolumeOptions,
  to: VolumeOptions,
  progress: (sectors: number, of: number) => void = () => {},
): void {
  const before = new Volume(file, engine, from, "rekey, old key");
  const after = new Volume(file, engine, to, "rekey, new key");
  const journal = new Journal(journalFile, keyCheck(from, to, before.size));
  try {
    let { sequence, next } = resume(journal, after);
    while (next < before.size) {
      const count = Math.min(CHUNK, before.size - next);
      const sealed = after.seal(next, before.read(next, count)).slice();
      journal.put({ sequence: ++sequence, sector: next, sealed });
      after.writeSealed(next, sealed);
      after.sync();
      next += count;
      progress(next, before.size);
    }
  } finally {
    before.close();
    after.close();
  }
}

/** Writes the journal's last step again: it may be half written. Where to go on. */
function resume(journal: Journal, volume: Volume): { sequence: number; next: number } {
  const step = journal.last();
  if (step === undefined) return { sequence: 0, next: 0 };
  volume.writeSealed(step.sector, step.sealed);
  volume.sync();
  return { sequence: step.sequence, next: step.sector + step.sealed.length / 512 };
}

import {
  COMMAND_AREA,
  COMMAND_BYTES,
  COMMAND_RING,
  DESCRIPTOR_BYTES,
  DESTINATION_RING,
  DMA_AREA,
  EVENT,
  POWER,
  REGISTER_BYTES,
  RESULT_AREA,
  RESULT_BYTES,
  RESULT_RING,
  SESSION_BYTES,
  SESSIONS,
  SLOT_BYTES,
  SOURCE_RING,
} from "./registers.ts";

export interface BusSizes {
  /** Descriptors of the command and result rings. */
  readonly commands: number;
  /** Descriptors of the source and destination rings. */
  readonly segments: number;
  readonly sessions: number;
}

/** Numbers of the HIFN driver (hifn_795x.c: HIFN_D_CMD_RSIZE, HIFN_D_SRC_RSIZE), sessions apart. */
export const HIFN_SIZES: BusSizes = { commands: 24, segments: 80, sessions: 128 };

/** Memory both sides see: registers, rings, commands, results, sessions, and room for bytes that are bounced. */
export interface Bus {
  readonly memory: SharedArrayBuffer;
  readonly words: Int32Array;
  readonly bytes: Uint8Array;
}

export const busOf = (memory: SharedArrayBuffer): Bus => ({
  memory,
  words: new Int32Array(memory),
  bytes: new Uint8Array(memory),
});

/** Lays out bus memory and writes the registers that tell where everything lies. */
export function makeBus({ commands, segments, sessions }: BusSizes): Bus {
  const registers: [word: number, base: number, size: number][] = [];
  let at = REGISTER_BYTES;
  const lay = (word: number, size: number, bytes: number): void => {
    registers.push([word, at, size]);
    at = (at + bytes + 63) & ~63;
  };
  for (const ring of [COMMAND_RING, RESULT_RING]) lay(ring, commands, (commands + 1) * DESCRIPTOR_BYTES);
  for (const ring of [SOURCE_RING, DESTINATION_RING]) lay(ring, segments, (segments + 1) * DESCRIPTOR_BYTES);
  lay(COMMAND_AREA, commands * COMMAND_BYTES, commands * COMMAND_BYTES);
  lay(RESULT_AREA, commands * RESULT_BYTES, commands * RESULT_BYTES);
  lay(SESSIONS, sessions, sessions * SESSION_BYTES);
  lay(DMA_AREA, 2 * commands * SLOT_BYTES, 2 * commands * SLOT_BYTES);
  const bus = busOf(new SharedArrayBuffer(at));
  for (const [word, base, size] of registers) {
    bus.words[word] = base;
    bus.words[word + 1] = size;
  }
  bus.words[EVENT] = -1;
  bus.words[POWER] = 1;
  return bus;
}

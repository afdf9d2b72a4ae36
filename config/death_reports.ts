/**
 * What a data plane had in work when it died: the batch as a capture, the error with its trace beside it. Whoever
 * mends the crash replays the one (`weir simulate`) and reads the other.
 *
 * Limits      the latest eight, in a directory in RAM; older ones are written over.
 */
export class DeathReports {
  readonly #directory: string;
  #count = 0;

  constructor(directory: string) {
    this.#directory = directory;
  }

  /** Path of the capture; empty when it could not be written, for the router matters more than its reports. */
  keep(error: string, pcap: Uint8Array): string {
    const path = `${this.#directory}/death-${1 + this.#count++ % MOST}`;
    try {
      Deno.writeTextFileSync(`${path}.txt`, `${error}\n`, { mode: 0o600 });
      Deno.writeFileSync(`${path}.pcap`, pcap, { mode: 0o600 });
      return `${path}.pcap`;
    } catch {
      return "";
    }
  }
}

const MOST = 8;

import { HOOK_PREROUTING } from "../hook.ts";
import { udp } from "../packet/build.ts";
import { putPacket, testBatch } from "../packet/test_batch.ts";
import { CHECKSUM_VALID } from "../packet/columns.ts";
import { below, SeededRandom } from "../random.ts";
import { Conntrack } from "./track.ts";

/**
 * Nanoseconds of `track` for an established UDP packet: `deno bench core/conntrack`. One iteration is a batch of
 * 64 packets of random flows; the number in the name is how many flows the table holds.
 */
for (const flows of [1000, 1_000_000]) {
  for (const ahead of [false, true]) {
    const random = new SeededRandom(1), conntrack = new Conntrack({ flows, random });
    const batch = testBatch(64, 1), rows = new Uint16Array(64);
    for (let row = 0; row < 64; row++) {
      rows[row] = putPacket(batch, udp({ from: "10.0.0.1", to: "198.51.100.2" }, 1, 53));
      batch.checksum[row] = CHECKSUM_VALID;
    }
    const forget = (row: number, n: number) => {
      batch.source[row * 4] = 0x0a000000 + n;
      batch.flow[row] = -1;
    };
    let made = 0;
    const pass = () => {
      if (ahead) conntrack.lookAhead(batch, rows, 64);
      for (let row = 0; row < 64; row++) conntrack.track(batch, row, HOOK_PREROUTING);
    };
    const fill = () => {
      while (made < flows) {
        for (let row = 0; row < 64; row++) forget(row, made++ % flows);
        pass();
        for (let row = 0; row < 64; row++) conntrack.confirm(batch, row);
        conntrack.expire(batch.now, 0);
      }
    };
    const name = `${flows} flows${ahead ? ", looking ahead" : ""}`;
    Deno.bench(name, { group: String(flows), baseline: !ahead }, () => {
      fill();
      for (let row = 0; row < 64; row++) forget(row, below(random, flows));
      pass();
    });
  }
}

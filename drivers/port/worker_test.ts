import assert from "node:assert/strict";
import { WakeEvent } from "../sys/event.ts";
import { lacks, TestNetwork } from "../sys/test_namespaces.ts";
import { adoptPort, openPort, type PortDescription } from "./registry.ts";

/** Runs the cable in a Worker of its own while `work` goes on. */
async function withWorker(ports: PortDescription[], work: () => Promise<void>): Promise<void> {
  const worker = new Worker(new URL("./test_cable_worker.ts", import.meta.url), { type: "module" });
  const wake = WakeEvent.create(), stop = new Int32Array(new SharedArrayBuffer(4));
  const told = () => new Promise<string>((resolve) => worker.onmessage = ({ data }) => resolve(data));
  worker.postMessage({ ports, stop, wake: wake.fd });
  assert.equal(await told(), "running");
  await work();
  const stopped = told(), since = performance.now();
  Atomics.store(stop, 0, 1);
  wake.signal();
  assert.equal(await stopped, "stopped");
  assert.ok(performance.now() - since < 500, "the event ended the sleep");
  worker.terminate();
  wake.close();
}

Deno.test({
  name: "ports opened here work in a Worker, and in the next one after its end",
  ignore: lacks("namespaces", "ping"),
  async fn() {
    using net = new TestNetwork("a", "b", "r");
    net.veth("a", "wire", "r", "port-a");
    net.veth("b", "wire", "r", "port-b");
    net.address("a", "wire", "192.0.2.1/24");
    net.address("b", "wire", "192.0.2.2/24");
    const ports = ["port-a", "port-b"].map((device) =>
      net.inside("r", () => openPort({ kind: "packet", name: device, device, promiscuous: true }))
    );
    const here = ports.map(adoptPort);
    for (let round = 1; round <= 2; round++) {
      await withWorker(ports, async () => {
        const output = await net.spawn("a", "ping", "-c2", "-i0.2", "-W1", "192.0.2.2").output();
        assert.match(new TextDecoder().decode(output.stdout), / 0% packet loss/);
      });
      assert.ok(here[0]!.counters.rxPackets >= 2 * round, "counters are shared");
    }
    for (const port of here) port.close();
  },
});

/// <reference no-default-lib="true" />
/// <reference lib="deno.worker" />
import { testBatch } from "../../core/packet/test_batch.ts";
import { Waiter } from "../sys/waiter.ts";
import { Cable } from "./cable.ts";
import type { PortDescription } from "./registry.ts";
import { adoptPort } from "./registry.ts";

/** A data plane in small: adopts two ports, joins them, loops until the stop word; leaves the ports open then. */
interface Start {
  readonly ports: readonly [PortDescription, PortDescription];
  readonly stop: Int32Array;
  readonly wake: number;
}

self.onmessage = ({ data }: MessageEvent<Start>) => {
  const [a, b] = [adoptPort(data.ports[0]), adoptPort(data.ports[1])];
  const cable = new Cable(a, b, testBatch()), waiter = new Waiter();
  for (const fd of [a.fd, b.fd, data.wake]) waiter.add(fd);
  self.postMessage("running");
  while (Atomics.load(data.stop, 0) === 0) if (cable.turn() === 0) waiter.wait(1000);
  self.postMessage("stopped");
};

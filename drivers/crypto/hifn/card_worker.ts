import { WakeEvent } from "../../sys/event.ts";
import { libcrypto } from "../libcrypto/library.ts";
import { SoftwareDevice } from "../libcrypto/device.ts";
import { NodeDevice } from "../software/node_device.ts";
import { HifnCard } from "./card.ts";
import type { CardMessage } from "./card_slot.ts";

/** Runs the card in this Worker: sleeps on the doorbell, and looks at messages only when memory is to be mapped. */
export function hifnCard(): void {
  let card: HifnCard | undefined, wake: WakeEvent | undefined;
  const signal = (fd: number): void => {
    if (wake === undefined || wake.fd !== fd) wake = new WakeEvent(fd);
    wake.signal();
  };
  const scope = globalThis as unknown as { onmessage: (event: MessageEvent<CardMessage>) => void };
  scope.onmessage = ({ data }) => {
    if ("bus" in data) {
      const engine = libcrypto() === undefined ? new NodeDevice() : new SoftwareDevice();
      card = new HifnCard(data.bus, engine, signal);
    } else card?.map(data.regions, data.mappings);
    card?.run();
  };
}

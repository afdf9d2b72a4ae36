import { testBatch } from "../../core/packet/test_batch.ts";
import { TestNetwork } from "../sys/test_namespaces.ts";
import { Waiter } from "../sys/waiter.ts";
import { Cable } from "./cable.ts";
import { openPacketPort, PacketPort, type PacketPortOptions } from "./packet.ts";

/**
 * Two hosts `a` (192.0.2.1, 2001:db8::1) and `b` (.2, ::2), each in a namespace of its own, and a third namespace `r`
 * where two packet ports join them as a cable. The kernel's stacks talk through our ports.
 */
export class CableNetwork implements Disposable {
  readonly net = new TestNetwork("a", "b", "r");
  readonly ports: readonly [PacketPort, PacketPort];
  readonly cable: Cable;
  readonly #waiter = new Waiter();

  constructor(options: Omit<PacketPortOptions, "name" | "device"> = {}) {
    const { net } = this;
    net.veth("a", "wire", "r", "port-a");
    net.veth("b", "wire", "r", "port-b");
    net.address("a", "wire", "192.0.2.1/24", "2001:db8::1/64");
    net.address("b", "wire", "192.0.2.2/24", "2001:db8::2/64");
    const open = (device: string) =>
      net.inside(
        "r",
        () => new PacketPort(openPacketPort({ name: device, device, promiscuous: true, ...options })),
      );
    this.ports = [open("port-a"), open("port-b")];
    this.cable = new Cable(this.ports[0], this.ports[1], testBatch());
    for (const port of this.ports) this.#waiter.add(port.fd);
  }

  /** Carries frames until the promise settles, leaving the event loop a turn every 5 ms. */
  async during<T>(work: Promise<T>): Promise<T> {
    let settled = false;
    const done = work.finally(() => settled = true);
    while (!settled) {
      const until = performance.now() + 5;
      while (performance.now() < until) {
        if (this.cable.turn() === 0) this.#waiter.wait(2);
      }
      await new Promise((resolve) => setTimeout(resolve, 0));
    }
    return await done;
  }

  /** Output of a program run in a namespace while frames are carried. */
  async run(short: string, program: string, ...args: string[]): Promise<string> {
    const output = await this.during(this.net.spawn(short, program, ...args).output());
    return new TextDecoder().decode(output.stdout);
  }

  /**
   * Sends `bytes` bytes by TCP from the kernel of `a` to that of `b` at `address`; resolves to how many arrived
   * unharmed.
   */
  async transfer(address: string, bytes: number): Promise<number> {
    const receive = `
      const listener = Deno.listen({ hostname: ${JSON.stringify(address)}, port: 7000 });
      console.log("listening");
      const connection = await listener.accept(), buffer = new Uint8Array(65536);
      let count = 0, wrong = 0;
      for (let n = await connection.read(buffer); n !== null; n = await connection.read(buffer)) {
        for (let i = 0; i < n; i++) if (buffer[i] !== ((count + i) % 251)) wrong++;
        count += n;
      }
      console.log(count - wrong);`;
    const send = `
      const connection = await Deno.connect({ hostname: ${JSON.stringify(address)}, port: 7000 });
      const data = Uint8Array.from({ length: 251 * 256 }, (_, i) => i % 251);
      for (let left = ${bytes}; left > 0;) left -= await connection.write(data.subarray((${bytes} - left) % 251, Math.min(data.length, (${bytes} - left) % 251 + left)));
      connection.close();`;
    const receiver = this.net.spawn("b", Deno.execPath(), "eval", receive);
    const reader = receiver.stdout.pipeThrough(new TextDecoderStream()).getReader();
    let said = "";
    const hear = async (enough: (text: string) => boolean) => {
      while (!enough(said)) {
        const { value, done } = await reader.read();
        if (done) break;
        said += value;
      }
    };
    await this.during(hear((text) => text.includes("listening")));
    const sender = this.net.spawn("a", Deno.execPath(), "eval", send);
    const arrived = hear((text) => /listening\n\d+\n/.test(text)).then(() => Number(said.split("\n")[1]));
    const [count] = await this.during(Promise.all([arrived, sender.output(), receiver.status]));
    await reader.cancel();
    return count;
  }

  [Symbol.dispose](): void {
    for (const port of this.ports) port.close();
    this.net[Symbol.dispose]();
  }
}

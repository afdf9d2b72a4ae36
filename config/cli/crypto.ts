import { CryptoRequests } from "../../core/crypto/requests.ts";
import { DEVICE_NAMES, type FoundDevices, openDevices } from "../../drivers/crypto/devices.ts";
import { type BreakEven, breakEvens } from "../../drivers/crypto/break_even.ts";
import { Engine } from "../../drivers/crypto/engine.ts";
import { measureDirect, measureQueued, SIZES, type Speed } from "../../drivers/crypto/speed.ts";
import { corpora, corpusVectors } from "../../drivers/crypto/vectors/corpora.ts";
import { PUBLISHED } from "../../drivers/crypto/vectors/published.ts";
import { runVectors } from "../../drivers/crypto/vectors/run.ts";
import { clock, threadCpu } from "../../drivers/sys/clock.ts";
import { routerCrypto, routerCryptoText } from "./crypto_router.ts";
import { complain, print, table } from "./output.ts";
import { configPath } from "./place.ts";
import { configuredVolumes, volumesText } from "./volume_status.ts";

interface JsonOption {
  readonly json?: boolean;
  /** Names of devices, by commas; all of them without. */
  readonly devices?: string;
}

/** Devices of the names given; undefined, and told, when one is no device's. */
function asked({ devices }: JsonOption): FoundDevices | undefined {
  const names = devices?.split(",") ?? DEVICE_NAMES;
  const unknown = names.find((name) => !DEVICE_NAMES.includes(name));
  if (unknown === undefined) return openDevices(names);
  complain(`weir crypto: no device is called ${unknown}: there are ${DEVICE_NAMES.join(", ")}\n`);
  return undefined;
}

/** `weir crypto list`: what devices this machine has, what they offer, and what the running router does with them. */
export async function cryptoList(
  options: JsonOption & { readonly socket?: string; readonly config?: string },
): Promise<number> {
  const found = asked(options);
  if (found === undefined) return 1;
  const { devices, missing } = found, engine = new Engine(devices, { clock });
  const rows = engine.registry.entries.map(({ device, algorithm, selftest }) => ({
    algorithm: algorithm.name,
    driver: algorithm.driverName,
    device: device.name,
    kind: algorithm.kind,
    priority: algorithm.priority,
    blockSize: algorithm.blockSize,
    ivSize: algorithm.ivSize,
    keySizes: algorithm.keySizes,
    tagSize: algorithm.tagSize,
    selftest,
  }));
  const thresholds = engine.queues.map(({ device, threshold }) => ({ device: device.name, threshold }));
  const volumes = configuredVolumes(configPath(options.config), engine);
  engine.shutdown();
  const router = await routerCrypto(options.socket);
  if (options.json) {
    print(
      JSON.stringify(
        { algorithms: rows, thresholds: thresholds.map(inJson), volumes, missing, router },
        null,
        2,
      ) +
        "\n",
    );
  } else {
    print(table([
      ["algorithm", "driver", "priority", "block", "iv", "keys", "selftest"],
      ...rows.map((row) => [
        row.algorithm,
        row.driver,
        `${row.priority}`,
        `${row.blockSize}`,
        `${row.ivSize}`,
        row.keySizes.join(",") || "any",
        row.selftest,
      ]),
    ]));
    for (const each of thresholds) print(`${each.device}: ${thresholdText(each.threshold)}\n`);
    tellMissing({ devices, missing });
    if (volumes.length > 0) print("\nVolumes:\n" + volumesText(volumes));
    if (router !== undefined) print(routerCryptoText(router));
  }
  return 0;
}

/** From which size on requests go to a device rather than to software. */
const thresholdText = (bytes: number): string =>
  bytes === 0
    ? "requests of every size"
    : bytes === Infinity
    ? "slower than software at every size"
    : `requests of ${bytes} bytes and more`;

/** JSON has no Infinity: -1 says that software is quicker at every size. */
const inJson = ({ device, threshold }: { device: string; threshold: number }) => ({
  device,
  threshold: threshold === Infinity ? -1 : threshold,
});

/** `weir crypto selftest [--vectors DIR]`: known answers through every device. */
export function cryptoSelftest(options: JsonOption & { readonly vectors?: string }): number {
  const found = asked(options), directory = options.vectors ?? corpora();
  if (found === undefined) return 1;
  const vectors = [...PUBLISHED, ...corpusVectors(directory)];
  const results = found.devices.map((device) => {
    const { passed, notOffered, failures } = runVectors(device, vectors);
    device.shutdown();
    return { device: device.name, passed, failed: failures.length, notOffered, failures };
  });
  const ok = results.every(({ failed }) => failed === 0);
  if (options.json) {
    print(JSON.stringify({ vectors: vectors.length, results, missing: found.missing }, null, 2) + "\n");
    return ok ? 0 : 1;
  }
  for (const { device, passed, failed, notOffered, failures } of results) {
    for (const failure of failures) complain(`${failure}\n`);
    print(`${device}: ${passed} passed, ${failed} failed, ${notOffered} of algorithms it has not\n`);
  }
  tellMissing(found);
  return ok ? 0 : 1;
}

/** `weir crypto speed [ALGORITHM...]`. */
export function cryptoSpeed(
  names: readonly string[],
  options: JsonOption & { readonly svg?: boolean },
): number {
  const found = asked(options), speeds: Speed[] = [];
  if (found === undefined) return 1;
  const wanted = names.length > 0 ? names : ["cbc(aes)", "rfc4106(gcm(aes))", "xts(aes)", "hmac(sha256)"];
  for (const device of found.devices) {
    const algorithms = device.algorithms.filter(({ name }) => wanted.includes(name));
    for (const algorithm of algorithms) {
      for (const size of sizesOf(algorithm)) {
        speeds.push(measureDirect(device, algorithm, size, threadCpu, ROUND));
      }
    }
    const engine = new Engine([device], { clock, rows: 64 });
    for (const algorithm of algorithms) {
      for (const size of sizesOf(algorithm)) {
        speeds.push(measureQueued(engine, device, algorithm, size, threadCpu, ROUND));
      }
    }
    device.attach(new CryptoRequests(0));
    engine.shutdown();
  }
  if (speeds.length === 0) {
    complain(
      `weir crypto speed: no device offers ${
        wanted.join(" or ")
      }\nhint: weir crypto list names what there is\n`,
    );
    return 1;
  }
  if (options.json) {
    const evens = breakEvens(speeds).map(({ bytes, ...even }) => ({ ...even, bytes: bytes ?? null }));
    print(JSON.stringify({ speeds, breakEven: evens }, null, 2) + "\n");
  } else if (options.svg) print(speedSvg(speeds));
  else {
    print(speedText(speeds) + breakEvenText(breakEvens(speeds)));
    tellMissing(found);
  }
  return 0;
}

/** Sizes a device takes, with room for associated data. */
const sizesOf = ({ mostBytes }: { readonly mostBytes: number }): readonly number[] =>
  SIZES.filter((size) => size + 16 <= mostBytes);

/** CPU milliseconds a figure takes. */
const ROUND = 60;

const curves = (speeds: readonly Speed[]): Map<string, Speed[]> =>
  Map.groupBy(speeds, ({ device, algorithm, way }) => `${algorithm} ${device} ${way}`);

/** From which size on a device pays; the empty string where there is none beside software. */
const breakEvenText = (evens: readonly BreakEven[]): string =>
  evens.length === 0 ? "" : "\nCheaper for this thread than software\n" + table([
    ["algorithm", "device", "way", "from"],
    ...evens.map(({ algorithm, device, way, bytes }) => [
      algorithm,
      device,
      way,
      bytes === undefined ? "never" : `${bytes} bytes`,
    ]),
  ]);

function speedText(speeds: readonly Speed[]): string {
  return "CPU microseconds a request, and megabytes a second at the largest\n" + table([
    ["algorithm", "device", "way", ...SIZES.map((size) => `${size}`), "MB/s"],
    ...[...curves(speeds).values()].map((curve) => {
      const { algorithm, device, way } = curve[0]!, last = curve.at(-1)!;
      const figures = curve.map(({ microseconds }) => microseconds.toFixed(2));
      return [
        algorithm,
        device,
        way,
        ...figures,
        ...Array(SIZES.length - figures.length).fill("-"),
        (last.bytes / last.microseconds).toFixed(0),
      ];
    }),
  ]);
}

/** Both axes logarithmic: bytes to the right, microseconds upwards. */
function speedSvg(speeds: readonly Speed[]): string {
  const x = (bytes: number) => 60 + 110 * Math.log2(bytes / 16) / 2,
    y = (us: number) => 330 - 90 * Math.log10(us * 10);
  const lines = [...curves(speeds)].map(([name, curve], i) => {
    const colour = `hsl(${i * 137 % 360} 60% 40%)`;
    const points = curve.map(({ bytes, microseconds }) =>
      `${x(bytes).toFixed(0)},${y(microseconds).toFixed(0)}`
    );
    const dash = curve[0]!.way === "queued" ? ' stroke-dasharray="5 3"' : "";
    return `<polyline fill="none" stroke="${colour}"${dash} points="${points.join(" ")}"/>` +
      `<text x="740" y="${20 + 16 * i}" fill="${colour}">${name}</text>`;
  });
  const evens = breakEvens(speeds).flatMap(({ device, algorithm, way, bytes }) => {
    const at = speeds.find((s) =>
      s.device === device && s.algorithm === algorithm && s.way === way && s.bytes === bytes
    );
    if (at === undefined) return [];
    const title = `${algorithm} ${device} ${way}: cheaper than software from ${bytes} bytes on`;
    return [
      `<circle cx="${x(at.bytes).toFixed(0)}" cy="${
        y(at.microseconds).toFixed(0)
      }" r="4"><title>${title}</title></circle>`,
    ];
  });
  const sizes = SIZES.map((size) => `<text x="${x(size)}" y="350">${size}</text>`);
  const times = [0.1, 1, 10, 100].map((us) => `<text x="5" y="${y(us)}">${us} us</text>`);
  return `<svg xmlns="http://www.w3.org/2000/svg" width="1100" height="370" font-family="sans-serif" font-size="12">\n${
    [...lines, ...evens, ...sizes, ...times].join("\n")
  }\n</svg>\n`;
}

function tellMissing({ missing }: FoundDevices): void {
  for (const { name, reason } of missing) print(`${name}: not here: ${reason}\n`);
}

import { ENDED, initramfs } from "./initramfs.ts";

/**
 * A virtual machine with Debian's kernel, for what the kernel of this machine lacks: AF_ALG, ESP, dm-crypt, virtio-crypto.
 *
 * Overview    qemu boots the kernel of the package linux-image-amd64 with a first file system made here; from there on
 *             the guest sees the host's files as its own, over 9p, and what it writes is forgotten. One command runs,
 *             then it is over.
 * Life-cycle  `runInGuest` -> the command's output and exit status; the machine ends by itself, or when its time is up.
 * Speed       the processor is emulated: a guest within a guest often has no KVM that works. WEIR_KVM=1 uses it.
 * Ownership   a temporary directory for the archive, removed at the end; the qemu process.
 */
export async function runInGuest(command: string, options: GuestOptions = {}): Promise<GuestResult> {
  const { modules = [], devices = [], seconds = 120, memory = 1024 } = options;
  const release = guestKernel();
  if (release === undefined) throw new Error(`a guest needs ${guestLacks()}`);
  const directory = Deno.makeTempDirSync({ prefix: "weir-guest-" });
  try {
    const first = `${directory}/initramfs`;
    Deno.writeFileSync(first, initramfs(release, [...BASE, ...modules], command));
    const child = new Deno.Command("qemu-system-x86_64", {
      args: [
        ...(Deno.env.has("WEIR_KVM") ? ["-enable-kvm", "-cpu", "host"] : ["-cpu", "max"]),
        ...[
          "-m",
          `${memory}`,
          "-smp",
          "1",
          "-nodefaults",
          "-display",
          "none",
          "-no-reboot",
          "-serial",
          "stdio",
        ],
        ...["-kernel", `/boot/vmlinuz-${release}`, "-initrd", first],
        ...["-append", "console=ttyS0 quiet panic=-1"],
        ...["-virtfs", "local,path=/,mount_tag=host,security_model=none,readonly=on,multidevs=remap"],
        ...devices,
      ],
      stdin: "null",
      stdout: "piped",
      stderr: "piped",
    }).spawn();
    const timer = setTimeout(() => child.kill("SIGKILL"), seconds * 1000);
    const { stdout, stderr } = await child.output();
    clearTimeout(timer);
    const text = new TextDecoder().decode(stdout).replaceAll("\r", "");
    const ended = text.lastIndexOf(ENDED);
    const said = new TextDecoder().decode(stderr);
    if (ended < 0) return { status: -1, output: `${text}${said}guest: no end within ${seconds} s\n` };
    return { status: parseInt(text.slice(ended + ENDED.length)), output: text.slice(0, ended) };
  } finally {
    Deno.removeSync(directory, { recursive: true });
  }
}

export interface GuestOptions {
  /** Modules loaded before the command, with those they need. */
  readonly modules?: readonly string[];
  /** Further arguments of qemu: `["-device", "..."]`. */
  readonly devices?: readonly string[];
  /** After so many seconds it is ended. */
  readonly seconds?: number;
  /** Megabytes. */
  readonly memory?: number;
}

export interface GuestResult {
  /** Exit status of the command; -1 when the machine did not come to its end. */
  readonly status: number;
  /** What the command wrote, both streams. */
  readonly output: string;
}

/** What a guest needs and this machine has not, in a line; undefined when all is there. */
export function guestLacks(): string | undefined {
  if (guestKernel() === undefined) return "a kernel in /boot with its modules (package linux-image-amd64)";
  if (!exists("/bin/busybox")) return "/bin/busybox (package busybox-static)";
  if (!exists("/usr/bin/qemu-system-x86_64")) return "qemu-system-x86_64 (package qemu-system-x86)";
  return undefined;
}

/** Release of the newest kernel in /boot that has its modules. */
function guestKernel(): string | undefined {
  if (!exists("/lib/modules") || !exists("/boot")) return undefined;
  return [...Deno.readDirSync("/lib/modules")].map(({ name }) => name).sort().reverse()
    .find((name) => exists(`/boot/vmlinuz-${name}`) && exists(`/lib/modules/${name}/modules.dep`));
}

function exists(path: string): boolean {
  try {
    Deno.statSync(path);
    return true;
  } catch {
    return false;
  }
}

const BASE = ["virtio_pci", "9pnet_virtio", "9p", "overlay"];

/**
 * The first file system of a guest, as a cpio archive ("newc", Documentation/driver-api/early-userspace/buffer-format.rst):
 * busybox, the modules it takes to reach the host's own file system over 9p, and an init that goes there.
 */
export function initramfs(release: string, modules: readonly string[], command: string): Uint8Array {
  const entries: Entry[] = ["bin", "sbin", "dev", "proc", "sys", "lib", "host", "top", "whole"]
    .map((name) => ({ name, mode: DIRECTORY }));
  entries.push({ name: "bin/busybox", mode: PROGRAM, bytes: Deno.readFileSync("/bin/busybox") });
  const loads: string[] = [];
  for (const path of withDependencies(release, modules)) {
    const name = `lib/${path.split("/").at(-1)!}`;
    entries.push({ name, mode: PROGRAM, bytes: Deno.readFileSync(`/lib/modules/${release}/${path}`) });
    loads.push(`insmod /${name} || echo "guest: ${name} cannot be loaded"`);
  }
  // The kernel asks for modules in the first file system's name.
  const modprobe = '#!/bin/busybox sh\nexec /bin/busybox chroot /whole /sbin/modprobe "$@"\n';
  entries.push({ name: "sbin/modprobe", mode: PROGRAM, bytes: new TextEncoder().encode(modprobe) });
  entries.push({ name: "init", mode: PROGRAM, bytes: new TextEncoder().encode(init(loads, command)) });
  return archive([...entries, { name: "TRAILER!!!", mode: 0 }]);
}

/** The line of an exit status on the guest's console. */
export const ENDED = "guest: ended with status";

const init = (loads: readonly string[], command: string): string =>
  `#!/bin/busybox sh
/bin/busybox --install -s /bin
mount -t proc proc /proc; mount -t sysfs sysfs /sys; mount -t devtmpfs dev /dev
${loads.join("\n")}
mount -t 9p -o trans=virtio,version=9p2000.L,msize=262144,ro,cache=loose host /host
mount -t tmpfs tmpfs /top; mkdir /top/upper /top/work
mount -t overlay -o lowerdir=/host,upperdir=/top/upper,workdir=/top/work overlay /whole
for directory in proc sys dev; do mount -o move /$directory /whole/$directory; done
mount -t tmpfs tmpfs /whole/run
ip link set lo up
cat > /whole/run/command <<'WEIR_END'
${command}
WEIR_END
chroot /whole /bin/bash /run/command
echo "${ENDED} $?"
poweroff -f
`;

/** Paths of modules below /lib/modules/RELEASE, each behind those it needs. Names built in are passed over. */
function withDependencies(release: string, modules: readonly string[]): string[] {
  const needs = new Map<string, string[]>(), paths = new Map<string, string>();
  for (const line of Deno.readTextFileSync(`/lib/modules/${release}/modules.dep`).split("\n")) {
    const [path, rest] = line.split(":");
    if (rest === undefined) continue;
    needs.set(path!, rest.trim() === "" ? [] : rest.trim().split(" "));
    paths.set(moduleName(path!), path!);
  }
  const ordered = new Set<string>();
  const visit = (path: string): void => {
    if (ordered.has(path)) return;
    for (const need of needs.get(path) ?? []) visit(need);
    ordered.add(path);
  };
  for (const name of modules) {
    const path = paths.get(name);
    if (path !== undefined) visit(path);
  }
  return [...ordered];
}

const moduleName = (path: string): string =>
  path.split("/").at(-1)!.replace(/\.ko(\.xz|\.zst)?$/, "").replaceAll("-", "_");

interface Entry {
  readonly name: string;
  readonly mode: number;
  readonly bytes?: Uint8Array;
}

const DIRECTORY = 0o040755;
const PROGRAM = 0o100755;

function archive(entries: readonly Entry[]): Uint8Array {
  const parts: Uint8Array[] = [], encoder = new TextEncoder();
  let length = 0, inode = 1;
  const push = (part: Uint8Array): void => {
    const padded = new Uint8Array(Math.ceil((length + part.length) / 4) * 4 - length);
    padded.set(part);
    parts.push(padded);
    length += padded.length;
  };
  for (const { name, mode, bytes = new Uint8Array() } of entries) {
    // inode, mode, uid, gid, links, mtime, size, device major and minor, special major and minor, name length, check
    const fields = [inode++, mode, 0, 0, 1, 0, bytes.length, 0, 0, 0, 0, name.length + 1, 0];
    const header = `070701${fields.map((field) => field.toString(16).padStart(8, "0")).join("")}`;
    push(encoder.encode(`${header}${name}\0`));
    push(bytes);
  }
  const result = new Uint8Array(length);
  let at = 0;
  for (const part of parts) {
    result.set(part, at);
    at += part.length;
  }
  return result;
}

import { CryptoError } from "../../../core/crypto/engine.ts";
import { EACCES, EINVAL, ENODEV, ENOENT, ENOTTY, ENXIO, EPERM } from "../../sys/errno.ts";
import { cstring, errno, libc, O_CLOEXEC, O_RDWR, SystemError } from "../../sys/libc.ts";
import { bytes } from "../../sys/libc.ts";
import { CIOCASYNCFETCH, CRYPT } from "./ioctl.ts";

/** Where the module puts its device (misc_register of cryptodev-linux). */
export const CRYPTO_NODE = "/dev/crypto";

/**
 * A file of /dev/crypto. Sessions and asynchronous requests belong to the file, so that an `open` is what CRIOGET is
 * elsewhere (CRIOGET_NOT_NEEDED).
 * @throws CryptoError that says what is missing and what to do.
 */
export function openCryptoNode(path: string): number {
  const fd = libc.open(cstring(path), O_RDWR | O_CLOEXEC, 0);
  if (fd >= 0) return fd;
  throw new CryptoError(nodeLacks(path, errno()));
}

/** What an error number of `open` means for whoever wants the device. */
export function nodeLacks(path: string, number: number): string {
  const said = new SystemError(`open ${path}`, number).message;
  if (number === ENOENT) {
    return `${said}; expected the device of the module cryptodev (cryptodev-linux): modprobe cryptodev`;
  }
  if (number === EACCES || number === EPERM) {
    return `${said}; expected to read and write it: run as root or chmod 0666 ${path}`;
  }
  if (number === ENODEV || number === ENXIO) {
    return `${said}; expected a driver behind it: modprobe cryptodev`;
  }
  return `${said}; expected a device that can be read and written`;
}

/** Whether requests may be handed over and fetched later. Asked before any is under way: EBUSY says that none is. */
export function isAsynchronous(fd: number): boolean {
  if (libc.ioctl(fd, CIOCASYNCFETCH, bytes(CRYPT.size)) === 0) return true;
  const number = errno();
  return number !== ENOTTY && number !== EINVAL;
}

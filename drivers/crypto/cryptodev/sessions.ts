import { CryptoError } from "../../../core/crypto/engine.ts";
import { EINVAL, ENOTTY } from "../../sys/errno.ts";
import { addressOf, bytes, errno, libc, SystemError, textAt } from "../../sys/libc.ts";
import * as id from "./ioctl.ts";
import { SESSION, SESSION2, SESSION_INFO, setPointer } from "./ioctl.ts";

/** A key in the kernel. */
export interface NodeSession {
  readonly cipher: number;
  readonly mac: number;
  /** Our copy: it is told from others by it, and opened anew with it after a reset. Wiped at the end. */
  readonly key: Uint8Array<ArrayBuffer>;
  /** The kernel's number for it; a new one after a reset. */
  ses: number;
  owners: number;
  /** Who does it, cipher or mac: `cbc-aes-aesni`; empty where the kernel does not tell. */
  readonly driver: string;
  readonly alignmask: number;
  readonly kernelDriverOnly: boolean;
}

/**
 * Sessions of one file of /dev/crypto.
 *
 * Overview    an algorithm with a key is one session, however many contexts are opened for it: a cipher key is expanded,
 *             and on a card stored, once.
 * Life-cycle  `open` for each owner -> `close` by each; the last one frees the session and wipes the key. `reopen` gives
 *             all of them to another file.
 * Ownership   the device that made it.
 * Limits      MOST_SESSIONS keys at once, as cards have room for few. Layouts of the structures differ from build to
 *             build: they are found out with a hash, whose session looks the same in all.
 */
export class Sessions {
  /** Sessions the kernel was asked for, and owners that found theirs there. */
  opened = 0;
  reused = 0;
  readonly #sessions: NodeSession[] = [];
  readonly #most: number;
  readonly #session = bytes(SESSION2.size);
  readonly #info = bytes(SESSION_INFO.size + id.ALGORITHM_INFO_BYTES);
  readonly #number = bytes(4);
  #fd: number;
  #request = id.CIOCGSESSION2;
  #keylen: number = SESSION.keylen;
  #infoRequest = id.CIOCGSESSINFO;
  #moreInfo = 0;
  #settled = false;

  /** @throws CryptoError when the file is no cryptodev. */
  constructor(fd: number, most = MOST_SESSIONS) {
    this.#fd = fd;
    this.#most = most;
    const hash = this.#create(0, id.CRYPTO_SHA1, NO_KEY), number = errno();
    if (hash < 0) {
      const said = new SystemError("a session of /dev/crypto", number).message;
      throw new CryptoError(`${said}; expected CIOCGSESSION as of cryptodev-linux: modprobe cryptodev`);
    }
    this.#settled = true;
    this.#learnInfo(hash);
    this.#free(hash);
  }

  /** @throws CryptoError where the kernel refuses algorithm or key, or all sessions are taken. */
  open(cipher: number, mac: number, key: Uint8Array): NodeSession {
    const known = this.#sessions.find((each) =>
      each.cipher === cipher && each.mac === mac && same(each.key, key)
    );
    if (known !== undefined) {
      known.owners++;
      this.reused++;
      return known;
    }
    if (this.#sessions.length === this.#most) {
      throw new CryptoError(`/dev/crypto has ${this.#most} keys open, the most it may: close one`);
    }
    const own = bytes(key.length);
    own.set(key);
    const ses = this.#create(cipher, mac, own), number = errno();
    if (ses < 0) {
      own.fill(0);
      throw new CryptoError(new SystemError(`a key of ${key.length} bytes`, number).message);
    }
    this.opened++;
    const session = { cipher, mac, key: own, ses, owners: 1, ...this.#ask(ses, cipher === 0) };
    this.#sessions.push(session);
    return session;
  }

  close(session: NodeSession): void {
    if (--session.owners > 0) return;
    this.#sessions.splice(this.#sessions.indexOf(session), 1);
    this.#free(session.ses);
    session.key.fill(0);
  }

  get count(): number {
    return this.#sessions.length;
  }

  /** Opens all of them on another file; false when one cannot be. The old file's go with it. */
  reopen(fd: number): boolean {
    this.#fd = fd;
    for (const session of this.#sessions) {
      session.ses = this.#create(session.cipher, session.mac, session.key);
      if (session.ses < 0) return false;
    }
    return true;
  }

  /** The kernel's number of a new session, or -1 and errno. */
  #create(cipher: number, mac: number, key: Uint8Array<ArrayBuffer>): number {
    const view = new DataView(this.#session.buffer), cipherKey = cipher === 0 ? NO_KEY : key;
    const macKey = cipher === 0 ? key : NO_KEY;
    for (;;) {
      this.#session.fill(0);
      view.setUint32(SESSION.cipher, cipher, true);
      view.setUint32(SESSION.mac, mac, true);
      view.setUint32(this.#keylen, cipherKey.length, true);
      setPointer(view, SESSION.key, addressOf(cipherKey));
      view.setUint32(SESSION.mackeylen, macKey.length, true);
      setPointer(view, SESSION.mackey, addressOf(macKey));
      if (this.#request === id.CIOCGSESSION2) view.setUint32(SESSION2.crid, id.ANY_DEVICE, true);
      if (libc.ioctl(this.#fd, this.#request, this.#session) === 0) return view.getUint32(SESSION.ses, true);
      if (this.#request === id.CIOCGSESSION) return -1;
      const number = errno();
      if (this.#settled || (number !== EINVAL && number !== ENOTTY)) return -1;
      this.#request = id.CIOCGSESSION;
    }
  }

  /** A build that compresses tells more of a session, and takes the key's length elsewhere. */
  #learnInfo(hash: number): void {
    if (this.#tell(hash)) return;
    this.#infoRequest = id.CIOCGSESSINFO_WITH_COMPRESSION;
    this.#moreInfo = id.ALGORITHM_INFO_BYTES;
    if (this.#tell(hash)) this.#keylen = SESSION.keylenWithCompression;
  }

  #tell(ses: number): boolean {
    this.#info.fill(0);
    new DataView(this.#info.buffer).setUint32(SESSION_INFO.ses, ses, true);
    return libc.ioctl(this.#fd, this.#infoRequest, this.#info) === 0;
  }

  #ask(ses: number, hash: boolean): Pick<NodeSession, "driver" | "alignmask" | "kernelDriverOnly"> {
    if (!this.#tell(ses)) return { driver: "", alignmask: 0, kernelDriverOnly: false };
    const view = new DataView(this.#info.buffer), more = this.#moreInfo;
    const at = hash ? SESSION_INFO.macDriver : SESSION_INFO.cipherDriver;
    return {
      driver: textAt(this.#info, at, id.ALGORITHM_NAME_BYTES),
      alignmask: view.getUint16(SESSION_INFO.alignmask + more, true),
      kernelDriverOnly: (view.getUint32(SESSION_INFO.flags + more, true) & id.KERNEL_DRIVER_ONLY) !== 0,
    };
  }

  #free(ses: number): void {
    new DataView(this.#number.buffer).setUint32(0, ses, true);
    libc.ioctl(this.#fd, id.CIOCFSESSION, this.#number);
  }
}

export const MOST_SESSIONS = 1024;
const NO_KEY = bytes(0);

const same = (a: Uint8Array, b: Uint8Array): boolean =>
  a.length === b.length && a.every((byte, i) => byte === b[i]);

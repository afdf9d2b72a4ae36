import { createDecipheriv, createHmac, timingSafeEqual } from "node:crypto";
import type { OneWay } from "./keying.ts";

/**
 * ESP in UDP taken apart by node:crypto, apart from what weir itself does: proof that the keys are the tunnel's.
 * AES-128-GCM with an ICV of 16 bytes (RFC 4106) and AES-128-CBC with HMAC-SHA-256-128 (RFC 4868).
 */
export interface EspDatagram {
  readonly spi: number;
  readonly sequence: number;
  /** ESP header and everything behind it. */
  readonly bytes: Uint8Array;
}

/** The ESP packet in an Ethernet frame with IPv4 and UDP on port 4500; undefined for all else, IKE too. */
export function espOf(frame: Uint8Array): EspDatagram | undefined {
  const view = new DataView(frame.buffer, frame.byteOffset, frame.length);
  if (frame.length < 14 + 20 + 8 + 8 || view.getUint16(12) !== 0x0800 || frame[23] !== 17) return undefined;
  const udp = 14 + 4 * (frame[14]! & 15), end = udp + view.getUint16(udp + 4);
  if (view.getUint16(udp + 2) !== 4500 || view.getUint16(udp) !== 4500) return undefined;
  if (end > frame.length || end < udp + 16 || view.getUint32(udp + 8) === 0) return undefined;
  return {
    spi: view.getUint32(udp + 8),
    sequence: view.getUint32(udp + 12),
    bytes: frame.subarray(udp + 8, end),
  };
}

/** What is inside, without padding; undefined when it is not what this direction's keys have made. */
export function open(way: OneWay, { bytes }: EspDatagram): Uint8Array | undefined {
  const plain = way.integrity === undefined
    ? openGcm(way.encryption, bytes)
    : openCbc(way.encryption, way.integrity, bytes);
  if (plain === undefined) return undefined;
  const padding = plain[plain.length - 2]!;
  return plain.subarray(0, plain.length - 2 - padding);
}

function openGcm(key: Uint8Array, esp: Uint8Array): Uint8Array | undefined {
  const nonce = new Uint8Array([...key.subarray(16), ...esp.subarray(8, 16)]);
  const decipher = createDecipheriv("aes-128-gcm", key.subarray(0, 16), nonce, { authTagLength: ICV });
  decipher.setAAD(esp.subarray(0, 8));
  decipher.setAuthTag(esp.subarray(esp.length - ICV));
  const plain = decipher.update(esp.subarray(16, esp.length - ICV));
  try {
    decipher.final();
  } catch {
    return undefined;
  }
  return new Uint8Array(plain);
}

function openCbc(key: Uint8Array, integrity: Uint8Array, esp: Uint8Array): Uint8Array | undefined {
  const covered = esp.subarray(0, esp.length - ICV);
  const icv = createHmac("sha256", integrity).update(covered).digest().subarray(0, ICV);
  if (!timingSafeEqual(icv, esp.subarray(esp.length - ICV))) return undefined;
  const decipher = createDecipheriv("aes-128-cbc", key, covered.subarray(8, 24)).setAutoPadding(false);
  return new Uint8Array([...decipher.update(covered.subarray(24)), ...decipher.final()]);
}

const ICV = 16;

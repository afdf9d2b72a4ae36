import { ARP, ARP_REQUEST } from "../../packet/arp.ts";
import type { PacketBatch } from "../../packet/batch.ts";
import { setU16, setU32 } from "../../packet/bytes.ts";
import { ENTRY_LINK } from "../../packet/columns.ts";
import { copyMac, ETHERNET, ETHERTYPE_ARP, ETHERTYPE_IPV4 } from "../../packet/ethernet.ts";
import type { Link } from "./link.ts";

/**
 * Appends an ARP frame from the link's own address, ready for the wire (ENTRY_LINK). It goes to `mac` at `macAt`,
 * which is a reply's target hardware address too; without one to everybody. Returns the row, -1 when there is no room.
 */
export function makeArp(
  batch: PacketBatch,
  link: Link,
  operation: number,
  sender: number,
  target: number,
  mac: Uint8Array | undefined,
  macAt: number,
): number {
  const row = batch.make(ETHERNET.size + ARP.size);
  if (row < 0) return row;
  const b = batch.bytes(row), frame = batch.start[row]!, at = frame + ETHERNET.size;
  if (mac === undefined) b.fill(255, frame, frame + 6);
  else copyMac(b, frame + ETHERNET.destination, mac, macAt);
  copyMac(b, frame + ETHERNET.source, link.mac, 0);
  setU16(b, frame + ETHERNET.type, ETHERTYPE_ARP);
  setU16(b, at + ARP.hardwareType, 1);
  setU16(b, at + ARP.protocolType, ETHERTYPE_IPV4);
  b[at + ARP.hardwareLength] = 6;
  b[at + ARP.protocolLength] = 4;
  setU16(b, at + ARP.operation, operation);
  copyMac(b, at + ARP.senderMac, link.mac, 0);
  setU32(b, at + ARP.senderAddress, sender);
  if (mac === undefined || operation === ARP_REQUEST) b.fill(0, at + ARP.targetMac, at + ARP.targetMac + 6);
  else copyMac(b, at + ARP.targetMac, mac, macAt);
  setU32(b, at + ARP.targetAddress, target);
  batch.network[row] = at;
  batch.etherType[row] = ETHERTYPE_ARP;
  batch.outInterface[row] = link.index;
  batch.entry[row] = ENTRY_LINK;
  return row;
}

/**
 * A zone a rule chose for a packet that has no flow yet (`ct zone set`), as the kernel's template connection. It
 * stands in the column `flow` below -1, which is plain "no flow", until the packet is tracked.
 */

/** Directions a zone is for. */
export const ZONE_ORIGINAL = 1;
export const ZONE_REPLY = 2;
export const ZONE_BOTH = 3;

/** Value of `batch.flow` for a zone 0..65535 and ZONE_*. */
export const zoneTemplate = (zone: number, directions: number): number => -2 - (zone | (directions << 16));

/** Zone of the key a packet with this value of `batch.flow` has as one of `direction`; 0 by default. */
export function templateZone(flow: number, direction: number): number {
  const chosen = -2 - flow;
  return flow < -1 && ((chosen >>> 16) & (1 << direction)) !== 0 ? chosen & 0xffff : 0;
}

import { HOOK_INPUT, HOOK_POSTROUTING } from "../hook.ts";
import { IPS_DST_NAT, IPS_DST_NAT_DONE, IPS_SRC_NAT, IPS_SRC_NAT_DONE } from "../conntrack/status.ts";

/** Which half of a packet a hook may change (enum nf_nat_manip_type). */
export const MANIP_SOURCE = 0;
export const MANIP_DESTINATION = 1;

/** Sources change where packets leave (input, postrouting), destinations where they come in. */
export const hookManip = (hook: number): number =>
  hook === HOOK_POSTROUTING || hook === HOOK_INPUT ? MANIP_SOURCE : MANIP_DESTINATION;

/** Status bit that says the flow's original direction has this half changed. */
export const natBit = (manip: number): number => manip === MANIP_SOURCE ? IPS_SRC_NAT : IPS_DST_NAT;

/** Status bit that says this half is decided. */
export const doneBit = (manip: number): number =>
  manip === MANIP_SOURCE ? IPS_SRC_NAT_DONE : IPS_DST_NAT_DONE;

/**
 * Error counters, named and meant as in /proc/net/xfrm_stat (linux/snmp.h), and what has no counter there.
 */
export const XFRM_STATISTICS = [
  "XfrmInError",
  "XfrmInBufferError",
  "XfrmInHdrError",
  "XfrmInNoStates",
  "XfrmInStateProtoError",
  "XfrmInStateModeError",
  "XfrmInStateSeqError",
  "XfrmInStateExpired",
  "XfrmInStateMismatch",
  "XfrmInStateInvalid",
  "XfrmInTmplMismatch",
  "XfrmInNoPols",
  "XfrmInPolBlock",
  "XfrmInPolError",
  "XfrmOutError",
  "XfrmOutBundleGenError",
  "XfrmOutBundleCheckError",
  "XfrmOutNoStates",
  "XfrmOutStateProtoError",
  "XfrmOutStateModeError",
  "XfrmOutStateSeqError",
  "XfrmOutStateExpired",
  "XfrmOutPolBlock",
  "XfrmOutPolDead",
  "XfrmOutPolError",
  "XfrmFwdHdrError",
  "XfrmOutStateInvalid",
  "XfrmAcquireError",
  "XfrmOutStateDirError",
  "XfrmInStateDirError",
  "XfrmInIptfsError",
  "XfrmOutNoQueueSpace",
] as const;

export type StatisticName = typeof XFRM_STATISTICS[number];

const NUMBERS = new Map<string, number>(XFRM_STATISTICS.map((name, i) => [name, i]));
const at = (name: StatisticName): number => NUMBERS.get(name)!;

export const IN_ERROR = at("XfrmInError");
export const IN_BUFFER_ERROR = at("XfrmInBufferError");
export const IN_HEADER_ERROR = at("XfrmInHdrError");
export const IN_NO_STATES = at("XfrmInNoStates");
export const IN_PROTOCOL_ERROR = at("XfrmInStateProtoError");
export const IN_MODE_ERROR = at("XfrmInStateModeError");
export const IN_SEQUENCE_ERROR = at("XfrmInStateSeqError");
export const IN_EXPIRED = at("XfrmInStateExpired");
export const IN_MISMATCH = at("XfrmInStateMismatch");
export const IN_INVALID = at("XfrmInStateInvalid");
export const IN_TEMPLATE_MISMATCH = at("XfrmInTmplMismatch");
export const IN_NO_POLICIES = at("XfrmInNoPols");
export const IN_BLOCKED = at("XfrmInPolBlock");
export const OUT_ERROR = at("XfrmOutError");
export const OUT_NO_STATES = at("XfrmOutNoStates");
export const OUT_PROTOCOL_ERROR = at("XfrmOutStateProtoError");
export const OUT_MODE_ERROR = at("XfrmOutStateModeError");
export const OUT_SEQUENCE_ERROR = at("XfrmOutStateSeqError");
export const OUT_EXPIRED = at("XfrmOutStateExpired");
export const OUT_BLOCKED = at("XfrmOutPolBlock");
export const OUT_INVALID = at("XfrmOutStateInvalid");
export const OUT_NO_QUEUE_SPACE = at("XfrmOutNoQueueSpace");

/** Counts of one data plane. */
export class XfrmStatistics {
  readonly counts = new Float64Array(XFRM_STATISTICS.length);

  /** Of all of them. */
  total = 0;

  count(which: number): void {
    this.counts[which]! += 1;
    this.total++;
  }

  get(name: StatisticName): number {
    return this.counts[at(name)]!;
  }

  /** Text as of /proc/net/xfrm_stat. */
  format(): string {
    return XFRM_STATISTICS.map((name, i) => `${name.padEnd(24)}\t${this.counts[i]}\n`).join("");
  }
}

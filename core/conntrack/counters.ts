/** Plain counters under the names of `conntrack -S`. */
export interface ConntrackCounters {
  found: number;
  /** Packets that belong to no flow and cannot open one. */
  invalid: number;
  insert: number;
  insert_failed: number;
  /** Packets dropped for want of a row. */
  drop: number;
  early_drop: number;
  /** ICMP errors that could not be tied to a flow. */
  error: number;
  search_restart: number;
  clash_resolve: number;
  chaintoolong: number;
  expect_new: number;
  /** Flows whose time ran out. */
  expired: number;
}

export const conntrackCounters = (): ConntrackCounters => ({
  found: 0,
  invalid: 0,
  insert: 0,
  insert_failed: 0,
  drop: 0,
  early_drop: 0,
  error: 0,
  search_restart: 0,
  clash_resolve: 0,
  chaintoolong: 0,
  expect_new: 0,
  expired: 0,
});

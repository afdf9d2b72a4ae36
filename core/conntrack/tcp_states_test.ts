import assert from "node:assert/strict";
import { test } from "node:test";
import {
  TCP_CLOSE,
  TCP_CLOSE_WAIT,
  TCP_ESTABLISHED,
  TCP_FIN_WAIT,
  TCP_INDEX_ACK,
  TCP_INDEX_FIN,
  TCP_INDEX_NONE,
  TCP_INDEX_RST,
  TCP_INDEX_SYN,
  TCP_INDEX_SYNACK,
  TCP_LAST_ACK,
  TCP_NONE,
  TCP_STATE_IGNORE,
  TCP_STATE_INVALID,
  TCP_STATES,
  TCP_SYN_RECV,
  TCP_SYN_SENT,
  TCP_SYN_SENT2,
  TCP_TIME_WAIT,
  tcpTransition,
} from "./tcp_states.ts";

/** direction, index, before -> after */
const CASES: readonly [number, number, number, number][] = [
  [0, TCP_INDEX_SYN, TCP_NONE, TCP_SYN_SENT],
  [1, TCP_INDEX_SYNACK, TCP_SYN_SENT, TCP_SYN_RECV],
  [0, TCP_INDEX_ACK, TCP_SYN_RECV, TCP_ESTABLISHED],
  [0, TCP_INDEX_FIN, TCP_ESTABLISHED, TCP_FIN_WAIT],
  [1, TCP_INDEX_ACK, TCP_FIN_WAIT, TCP_CLOSE_WAIT],
  [1, TCP_INDEX_FIN, TCP_CLOSE_WAIT, TCP_LAST_ACK],
  [0, TCP_INDEX_ACK, TCP_LAST_ACK, TCP_TIME_WAIT],
  [0, TCP_INDEX_SYN, TCP_TIME_WAIT, TCP_SYN_SENT],
  [1, TCP_INDEX_SYN, TCP_TIME_WAIT, TCP_SYN_SENT],
  [1, TCP_INDEX_SYN, TCP_SYN_SENT, TCP_SYN_SENT2],
  [0, TCP_INDEX_SYNACK, TCP_SYN_SENT2, TCP_SYN_RECV],
  [0, TCP_INDEX_ACK, TCP_NONE, TCP_ESTABLISHED],
  [0, TCP_INDEX_SYN, TCP_ESTABLISHED, TCP_STATE_IGNORE],
  [1, TCP_INDEX_ACK, TCP_SYN_SENT, TCP_STATE_IGNORE],
  [0, TCP_INDEX_ACK, TCP_SYN_SENT, TCP_STATE_INVALID],
  [1, TCP_INDEX_SYNACK, TCP_NONE, TCP_STATE_INVALID],
  [0, TCP_INDEX_RST, TCP_NONE, TCP_STATE_INVALID],
];

test("transitions of RFC 9293 and their exceptions", () => {
  for (const [direction, index, before, after] of CASES) {
    assert.equal(tcpTransition(direction, index, before), after, `${direction} ${index} ${before}`);
  }
});

test("a reset closes every state but none, no flags are never valid", () => {
  for (let direction = 0; direction < 2; direction++) {
    for (let state = 1; state < TCP_STATES; state++) {
      assert.equal(tcpTransition(direction, TCP_INDEX_RST, state), TCP_CLOSE);
      assert.equal(tcpTransition(direction, TCP_INDEX_NONE, state), TCP_STATE_INVALID);
    }
  }
});

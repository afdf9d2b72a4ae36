import {
  TCP_CLOSE,
  TCP_CLOSE_WAIT,
  TCP_ESTABLISHED,
  TCP_FIN_WAIT,
  TCP_LAST_ACK,
  TCP_STATES,
  TCP_SYN_RECV,
  TCP_SYN_SENT,
  TCP_SYN_SENT2,
  TCP_TIME_WAIT,
} from "./tcp_states.ts";
import { milliseconds, type Timeouts } from "./timeouts.ts";

/** How long a TCP flow may stay in each state, milliseconds. */
export class TcpTimeouts {
  readonly states = new Float64Array(TCP_STATES);
  readonly retransmission: number;
  readonly unacknowledged: number;

  /** `synSent2` in seconds: it has no setting of its own but in policies. */
  constructor(timeouts: Timeouts, synSent2 = timeouts.tcpSynSent) {
    const t = this.states;
    t[TCP_SYN_SENT] = milliseconds(timeouts.tcpSynSent);
    t[TCP_SYN_SENT2] = milliseconds(synSent2);
    t[TCP_SYN_RECV] = milliseconds(timeouts.tcpSynRecv);
    t[TCP_ESTABLISHED] = milliseconds(timeouts.tcpEstablished);
    t[TCP_FIN_WAIT] = milliseconds(timeouts.tcpFinWait);
    t[TCP_CLOSE_WAIT] = milliseconds(timeouts.tcpCloseWait);
    t[TCP_LAST_ACK] = milliseconds(timeouts.tcpLastAck);
    t[TCP_TIME_WAIT] = milliseconds(timeouts.tcpTimeWait);
    t[TCP_CLOSE] = milliseconds(timeouts.tcpClose);
    this.retransmission = milliseconds(timeouts.tcpMaxRetransmission);
    this.unacknowledged = milliseconds(timeouts.tcpUnacknowledged);
  }
}

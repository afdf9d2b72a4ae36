/** What a tracker says of a packet. */
export const TRACK_ACCEPT = 1;
/** The packet belongs to no flow: it goes on as INVALID. */
export const TRACK_INVALID = 0;
/** The flow was closed and the packet opens another: look up again. */
export const TRACK_REPEAT = -1;

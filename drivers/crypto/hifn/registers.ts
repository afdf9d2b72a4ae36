/**
 * What driver and card agree upon: register words, descriptors, commands, results and sessions, all of 32-bit
 * little-endian words. README.md draws them. Numbers of registers are words from the head of bus memory; those
 * written all the time by one side lie in cache lines of their own.
 */

/** Card to driver: bit 0 it runs, bit 1 it takes no command now. */
export const STATUS = 0;
export const STATUS_RUNS = 1, STATUS_FULL = 2;
/**
 * Counts up to an odd number when the driver wants a reset, and to the next even one when the rings are clear again; the card
 * writes the same number to RESET_DONE, and stands still while it is odd.
 */
export const RESET = 1, RESET_DONE = 2;
/** Counts up with whatever the driver has done for the card. */
export const DOORBELL = 64;
/** The card sleeps and is to be notified; the driver clears it when it does. */
export const SLEEPS = 49;
/** Counts up by one a request. */
export const INTERRUPTS = 48;
/** The driver sleeps and is to be signalled, once: the card clears it behind its signal. */
export const WAITS = 80;
/** An eventfd that the card signals when the driver WAITS, or -1. */
export const EVENT = 6;
/** 0 when the card is pulled out: it touches nothing any more. */
export const POWER = 7;
/** Base and descriptors, without the jump, of the rings of commands, sources, destinations and results. */
export const COMMAND_RING = 8, SOURCE_RING = 10, DESTINATION_RING = 12, RESULT_RING = 14;
/** Base and bytes of areas: where commands, results and bounced bytes may lie. */
export const COMMAND_AREA = 16, RESULT_AREA = 18, DMA_AREA = 20;
/** Base and number of sessions; counts up when one was opened or closed. */
export const SESSIONS = 22, SESSIONS_CHANGED = 24;
/** Counts up when memory is about to be mapped; commands behind are begun when it is. */
export const MAPPINGS = 25;
/** Test registers: each is cleared by a reset. */
export const FAULT_FULL = 32, FAULT_LATE = 33, FAULT_REORDER = 34, FAULT_ERROR = 35, FAULT_HANG = 36;
export const REGISTER_BYTES = 384;

/** Descriptors are two words: flags with length, bus address (hifn_795x.c: struct hifn_desc, HIFN_D_*). */
export const DESCRIPTOR_BYTES = 8;
/** The card's; it clears the bit when the descriptor is the driver's again. */
export const VALID = 0x8000_0000 | 0;
/** Goes on at the bus address, the ring's base. */
export const JUMP = 0x4000_0000;
/** Of a request the last one. */
export const LAST = 0x2000_0000;
export const LENGTH = 0xffff;
/** Most bytes the driver lays behind one descriptor. */
export const MOST_LENGTH = 0x8000;

/** Words of a command. */
export const COMMAND_BYTES = 64;
export const COMMAND_ALGORITHM = 0, COMMAND_MODE = 1, COMMAND_SESSION = 2, COMMAND_ASSOC = 3;
export const COMMAND_LENGTH = 4, COMMAND_IV = 8;
/** COMMAND_MODE, bit 0. */
export const MODE_ENCRYPT = 1;

/** Words of a result. */
export const RESULT_BYTES = 16;
export const RESULT_CODE = 0, RESULT_SESSION = 1;
export const OK = 0;
export const BAD_TAG = 1;
/** Lengths that do not fit the algorithm or the segments. */
export const BAD_LENGTH = 2;
/** An address that nobody described to the card. */
export const BAD_ADDRESS = 3;
/** A list of segments without end, or of more than 16. */
export const BAD_LIST = 4;
export const BAD_SESSION = 5;
export const CARD_ERROR = 6;

/** Words of a session, its key behind them. */
export const SESSION_BYTES = 512;
export const SESSION_NUMBER = 0, SESSION_ALGORITHM = 1, SESSION_TAG = 2, SESSION_KEY_LENGTH = 3;
export const SESSION_KEY = 16;
export const MOST_KEY = SESSION_BYTES - SESSION_KEY;

/** Bytes that each side of a request may have; what is bounced lies in slots of this size, two a command. */
export const SLOT_BYTES = 65536 + 4096;

/** Bus address of the first mapped region; below it lies bus memory itself. */
export const MAPPED_FROM = 0x1000_0000;

/**
 * What the served /dev/crypto is told by its tests, besides its own ioctls: _IO('w', n), the value being the argument
 * itself. Results that are no error are counts.
 */
const control = (number: number): number => 0x77 << 8 | number;

/** The next so many requests end with an error number: `number | count << 8 | where << 16`. */
export const FAULT = control(1);
/** Where a fault is: at CIOCCRYPT and CIOCAUTHCRYPT, at CIOCASYNCCRYPT, or in the answer of CIOCASYNCFETCH. */
export const AT_CALL = 0, AT_SUBMIT = 1, AT_FETCH = 2;
/** 1: there is CIOCASYNCCRYPT; 0: it is ENOTTY. */
export const ASYNCHRONOUS = control(2);
/** Sessions that are open; that were opened so far. */
export const OPEN_SESSIONS = control(3), ALL_SESSIONS = control(4);
/** The alignmask of sessions; addresses off it are answered with EFAULT. */
export const ALIGNMASK = control(5);
/** 1: asynchronous requests stay where they are; 0: they go on; UNTIL_ASKED: once somebody polls. */
export const HOLD = control(6), UNTIL_ASKED = 2;
/** Asynchronous requests not yet fetched, of all files. */
export const UNDER_WAY = control(7);
/** 1: structures as of builds that compress. */
export const COMPRESSION = control(8);
/** Ends the program that serves. */
export const END = control(9);

/** Messages of the kernel's protocol for devices in user space (linux/fuse.h), little-endian; offsets are bytes. */

/** struct fuse_in_header, fuse_out_header. */
export const IN = { length: 0, opcode: 4, unique: 8, size: 40 } as const;
export const OUT = { length: 0, error: 4, unique: 8, size: 16 } as const;

export const FUSE_OPEN = 14, FUSE_RELEASE = 18, FUSE_INTERRUPT = 36, FUSE_IOCTL = 39, FUSE_POLL = 40;
export const CUSE_INIT = 4096;
/** Told, not asked: the error field of a header without a number. */
export const FUSE_NOTIFY_POLL = 1;

/** struct cuse_init_out, and its flag: ioctls may name any memory. */
export const INIT_OUT = { major: 0, minor: 4, flags: 12, mostRead: 16, mostWritten: 20, size: 72 } as const;
export const CUSE_UNRESTRICTED_IOCTL = 1;

/** struct fuse_ioctl_in, fuse_ioctl_out; behind the latter come bytes, or with RETRY struct fuse_ioctl_iovec. */
export const IOCTL_IN = { handle: 0, command: 12, argument: 16, inSize: 24, outSize: 28, size: 32 } as const;
export const IOCTL_OUT = { result: 0, flags: 4, inAreas: 8, outAreas: 12, size: 16 } as const;
export const FUSE_IOCTL_RETRY = 4;

/** struct fuse_poll_in, fuse_poll_out. */
export const POLL_IN = { handle: 0, kernelHandle: 8, flags: 16, size: 24 } as const;
export const FUSE_POLL_SCHEDULE_NOTIFY = 1;

/** Room for the longest request: 32 pages of data behind its headers. */
export const MOST_BYTES = 256 * 1024;

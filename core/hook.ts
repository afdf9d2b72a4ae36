/** Hook numbers as the kernel's NF_INET_*. */
export const HOOK_PREROUTING = 0;
export const HOOK_INPUT = 1;
export const HOOK_FORWARD = 2;
export const HOOK_OUTPUT = 3;
export const HOOK_POSTROUTING = 4;
/** NF_INET_INGRESS, and what follows it: a device sends. */
export const HOOK_INGRESS = 5;
export const HOOK_EGRESS = 6;

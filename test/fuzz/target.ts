/** Something that takes bytes from outside and must not throw. */
export interface Target {
  readonly name: string;
  /** Well-formed inputs to start from. */
  readonly seeds: readonly Uint8Array[];
  run(bytes: Uint8Array): void;
}

import type { Node } from "../tree/tree.ts";

/** Variables by name; a block sees those of the blocks around it. */
export class Scope {
  private readonly names = new Map<string, Node>();
  readonly parent: Scope | undefined;

  constructor(parent?: Scope) {
    this.parent = parent;
  }

  find(name: string): Node | undefined {
    return this.names.get(name) ?? this.parent?.find(name);
  }
  /** True when this very block defines it. */
  owns(name: string): boolean {
    return this.names.has(name);
  }
  define(name: string, value: Node): void {
    this.names.set(name, value);
  }
  remove(name: string): boolean {
    return this.names.delete(name);
  }
  known(): string[] {
    return [...this.names.keys(), ...(this.parent?.known() ?? [])];
  }
}

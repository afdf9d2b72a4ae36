import type { Node } from "../tree/tree.ts";

/** Variables by name; a block sees those of the blocks around it. */
export class Scope {
  private readonly names = new Map<string, Node>();
  readonly parent: Scope | undefined;
  private kept = false;

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
  /** What the names stand for now is needed later. */
  keep(): void {
    if (this.kept) return;
    this.kept = true;
    this.parent?.keep();
  }
  /** The scope to write to: this one, or a copy of it where this one must stay as it is. */
  written(): Scope {
    if (!this.kept) return this;
    const copy = new Scope(this.parent);
    for (const [name, value] of this.names) copy.names.set(name, value);
    return copy;
  }
  known(): string[] {
    return [...this.names.keys(), ...(this.parent?.known() ?? [])];
  }
}

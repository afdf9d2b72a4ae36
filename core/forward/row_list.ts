/** Rows of a batch waiting for the same stage, in order. */
export class RowList {
  readonly rows: Uint16Array;
  count = 0;

  constructor(capacity: number) {
    this.rows = new Uint16Array(capacity);
  }
  push(row: number): void {
    this.rows[this.count++] = row;
  }
  clear(): void {
    this.count = 0;
  }
  append(other: RowList): void {
    for (let i = 0; i < other.count; i++) this.push(other.rows[i]!);
  }
}

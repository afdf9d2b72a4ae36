import { ratios, type Spread, spread } from "./statistics.ts";

/** One line of the table. */
export interface Row {
  readonly name: string;
  readonly unit: string;
  readonly weir: Spread;
  /** The other side, measured in the same rounds. */
  readonly kernel?: Spread;
  /** Weir to kernel, round by round. */
  readonly ratio?: Spread;
  /** What is asked of the ratio, or of weir's own figure where there is no other side. */
  readonly aim?: Aim;
}

export interface Aim {
  readonly least?: number;
  readonly most?: number;
}

/** A row of weir's own figures. */
export const single = (name: string, unit: string, values: readonly number[], aim?: Aim): Row => ({
  name,
  unit,
  weir: spread(values),
  ...(aim === undefined ? {} : { aim }),
});

/** A row of paired rounds: `weir[i]` and `kernel[i]` are of the same round. */
export const paired = (
  name: string,
  unit: string,
  weir: readonly number[],
  kernel: readonly number[],
  aim?: Aim,
): Row => ({
  ...single(name, unit, weir, aim),
  kernel: spread(kernel),
  ratio: spread(ratios(weir, kernel)),
});

/** Whether the aim is met: an aim inside the spread counts as reached. */
export function reached(row: Row): boolean | undefined {
  const { aim } = row, of = row.ratio ?? row.weir;
  if (aim === undefined) return undefined;
  return (aim.least === undefined || of.high >= aim.least) && (aim.most === undefined || of.low <= aim.most);
}

/** The table as text; columns of numbers are aligned to the right. `other`: who the other side is. */
export function table(rows: readonly Row[], other = "kernel"): string {
  const lines = [["", "weir", other, `weir / ${other}`, "spread", "aim"], ...rows.map(cells)];
  const widths = lines[0]!.map((_, column) => Math.max(...lines.map((line) => line[column]!.length)));
  return lines.map((line) =>
    line.map((cell, i) => i === 0 ? cell.padEnd(widths[i]!) : cell.padStart(widths[i]!)).join("  ").trimEnd()
  ).join("\n");
}

function cells(row: Row): string[] {
  const of = row.ratio ?? row.weir, met = reached(row), { aim } = row;
  const wanted = aim === undefined ? "" : aim.least === undefined ? `<= ${aim.most}` : `>= ${aim.least}`;
  const digits = row.ratio === undefined ? figure : (n: number) => n.toFixed(2);
  return [
    row.name,
    `${figure(row.weir.median)} ${row.unit}`,
    row.kernel === undefined ? "" : `${figure(row.kernel.median)} ${row.unit}`,
    row.ratio === undefined ? "" : row.ratio.median.toFixed(2),
    of.rounds < 2 ? "" : `${digits(of.low)}..${digits(of.high)}`,
    wanted === "" ? "" : `${wanted} ${met ? "met" : "missed"}`,
  ];
}

/** Three significant digits, at least all before the point. */
function figure(n: number): string {
  return Math.abs(n) >= 100 ? n.toFixed(0) : Math.abs(n) >= 10 ? n.toFixed(1) : n.toFixed(2);
}

/** Where a verb's text goes, and how it looks there: colour and progress only where a person sees them. */

export interface Screen {
  /** A line of standard output. */
  readonly out: (line: string) => void;
  /** A line of standard error. */
  readonly err: (line: string) => void;
  /** Standard output is a terminal, and nobody asked for no colour. */
  readonly colours: boolean;
  /** Writes as it is to a terminal on standard error; undefined where there is none. */
  readonly live: ((text: string) => void) | undefined;
}

export interface Paint {
  readonly bold: (text: string) => string;
  readonly dim: (text: string) => string;
  readonly good: (text: string) => string;
  readonly warn: (text: string) => string;
  readonly bad: (text: string) => string;
}

const code = (open: number, close: number) => (text: string) => `\u001B[${open}m${text}\u001B[${close}m`;
const plain = (text: string): string => text;

const COLOURS: Paint = { bold: code(1, 22), dim: code(2, 22), good: code(32, 39), warn: code(33, 39), bad: code(31, 39) };
const NO_COLOURS: Paint = { bold: plain, dim: plain, good: plain, warn: plain, bad: plain };

export function paintFor({ colours }: Pick<Screen, 'colours'>): Paint {
  return colours ? COLOURS : NO_COLOURS;
}

/** Rows → lines with the columns below each other, two spaces apart. Pad before painting: colour codes have a length, too. */
export function alignRows(rows: readonly (readonly string[])[]): string[] {
  const widths: number[] = [];
  for (const row of rows) for (const [at, cell] of row.entries()) widths[at] = Math.max(widths[at] ?? 0, cell.length);
  return rows.map((row) =>
    row
      .map((cell, at) => cell.padEnd(widths[at] ?? 0))
      .join('  ')
      .trimEnd(),
  );
}

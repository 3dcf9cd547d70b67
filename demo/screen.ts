/**
 * The steps of the job as they happen: on a terminal a table that is drawn again in place, elsewhere one
 * line as each step ends.
 */
import { styleText } from 'node:util';

export interface Step {
  /** Its name in the result's `seconds`. */
  readonly name: string;
  /** What it is about, for a person. */
  readonly title: string;
}

export interface Screen {
  /** Runs one step and shows it; answers its seconds. The step may say what it is doing. */
  run(step: Step, work: (say: (detail: string) => void) => Promise<void>): Promise<number>;
  /** A line below the table. */
  line(text: string): void;
}

export interface ScreenTarget {
  readonly isTTY?: boolean;
  readonly columns?: number;
  write(text: string): unknown;
}

const FRAMES = ['⠋', '⠙', '⠹', '⠸', '⠼', '⠴', '⠦', '⠧', '⠇', '⠏'];
const FRAME_MS = 90;
const DEFAULT_COLUMNS = 80;
/** Mark, time and the blanks between: what a row has beside title and detail, and one to spare. */
const MARGIN = 17;

interface Row {
  readonly step: Step;
  state: 'waiting' | 'running' | 'done' | 'failed';
  seconds: number;
  detail: string;
}

export function openScreen(target: ScreenTarget, steps: readonly Step[]): Screen {
  const rows = steps.map((step): Row => ({ step, state: 'waiting', seconds: 0, detail: '' }));
  const width = Math.max(...steps.map(({ title }) => title.length));
  return target.isTTY === true ? tableScreen(target, rows, width) : lineScreen(target, rows, width);
}

function rowOf(rows: readonly Row[], step: Step): Row {
  const row = rows.find((candidate) => candidate.step === step);
  if (row === undefined) throw new Error(`step ${step.name} was not announced`);
  return row;
}

async function timed(row: Row, work: (say: (detail: string) => void) => Promise<void>, changed: () => void): Promise<number> {
  const started = performance.now();
  row.state = 'running';
  changed();
  try {
    await work((detail) => {
      row.detail = detail;
      changed();
    });
    row.state = 'done';
  } catch (error) {
    row.state = 'failed';
    throw error;
  } finally {
    row.seconds = Math.round(performance.now() - started) / 1000;
    changed();
  }
  return row.seconds;
}

function lineScreen(target: ScreenTarget, rows: readonly Row[], width: number): Screen {
  return {
    run: (step, work) => {
      const row = rowOf(rows, step);
      return timed(row, work, () => {
        if (row.state === 'done' || row.state === 'failed') {
          const mark = row.state === 'done' ? 'ok    ' : 'FAILED';
          target.write(`${mark} ${step.title.padEnd(width)} ${row.seconds.toFixed(2).padStart(7)} s  ${row.detail}\n`);
        }
      });
    },
    line: (text) => void target.write(`${text}\n`),
  };
}

function tableScreen(target: ScreenTarget, rows: readonly Row[], width: number): Screen {
  let frame = 0;
  let drawn = false;
  const draw = (): void => {
    const marks = {
      waiting: styleText('dim', '·'),
      running: styleText('cyan', FRAMES[frame % FRAMES.length] ?? ''),
      done: styleText('green', '✓'),
      failed: styleText('red', '✗'),
    };
    const lines = rows.map(({ step, state, seconds, detail }) => {
      const time = state === 'done' || state === 'failed' ? `${seconds.toFixed(2).padStart(7)} s` : ' '.repeat(9);
      // A line that wraps would be two, and the next drawing would begin one too low.
      const room = Math.max(0, (target.columns ?? DEFAULT_COLUMNS) - width - MARGIN);
      const shown = detail.length > room ? `${detail.slice(0, Math.max(0, room - 1))}…` : detail;
      const title = state === 'waiting' ? styleText('dim', step.title.padEnd(width)) : step.title.padEnd(width);
      return `\u001b[2K  ${marks[state]} ${title} ${time}  ${styleText('dim', shown)}\n`;
    });
    target.write(`${drawn ? `\u001b[${rows.length}A` : ''}${lines.join('')}`);
    drawn = true;
  };
  return {
    run: async (step, work) => {
      const spinner = setInterval(() => {
        frame += 1;
        draw();
      }, FRAME_MS);
      try {
        return await timed(rowOf(rows, step), work, draw);
      } finally {
        clearInterval(spinner);
      }
    },
    line: (text) => void target.write(`${text}\n`),
  };
}

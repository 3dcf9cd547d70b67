/**
 * What a run reaches of the code that is under test, from V8's own counters: functions that ran, and of each the
 * blocks that did not. Starts with the thread, since a function that was compiled before has no counters for its blocks.
 */
import { readFileSync } from 'node:fs';
import { Session } from 'node:inspector';

/** Folders whose branches count. */
const COUNTED = /^(provisioner|snapshotter|lib\/controller)\//;

/** Where a source begins in a bundle: esbuild names it in a line of its own. */
interface Part {
  readonly source: string;
  readonly from: number;
}

/**
 * A function that ran: its place, and the ranges in it that did not run, `from-to` with commas between. Places count from
 * the start of the source, so that they say the same in every bundle of it.
 */
export interface Reached {
  readonly place: string;
  readonly missed: string;
}

export class ReachMeter {
  private readonly session = new Session();
  private readonly parts = new Map<string, readonly Part[]>();

  constructor() {
    this.session.connect();
    this.session.post('Profiler.enable');
    this.session.post('Profiler.startPreciseCoverage', { callCount: true, detailed: true });
  }

  /** What ran since the last time. */
  take(): readonly Reached[] {
    const reached: Reached[] = [];
    // The session answers before it returns.
    this.session.post('Profiler.takePreciseCoverage', (error, { result }) => {
      if (error !== null) throw error;
      for (const { url, functions } of result) {
        if (!url.startsWith('file:') || url.includes('/node_modules/')) continue;
        for (const { functionName, ranges } of functions) {
          const [whole, ...blocks] = ranges;
          if (whole === undefined || whole.count === 0) continue;
          const part = this.partAt(url, whole.startOffset);
          if (part === undefined || !COUNTED.test(part.source)) continue;
          const missed = blocks
            .filter(({ count }) => count === 0)
            .map(({ startOffset, endOffset }) => `${startOffset - part.from}-${endOffset - part.from}`);
          const place = `${part.source} ${functionName} ${whole.startOffset - part.from}-${whole.endOffset - part.from}`;
          reached.push({ place, missed: missed.join() });
        }
      }
    });
    return reached;
  }

  private partAt(url: string, offset: number): Part | undefined {
    let parts = this.parts.get(url);
    if (parts === undefined) {
      const text = readFileSync(new URL(url), 'utf8');
      parts = [...text.matchAll(/^\/\/ ([\w./-]+\.ts)$/gm)].map((match) => ({ source: match[1] ?? '', from: match.index }));
      this.parts.set(url, parts);
    }
    return parts.findLast(({ from }) => from <= offset);
  }
}

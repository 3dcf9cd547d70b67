/** Where a CPU profile of V8 says that the time went. Pure. */

/** As `node --cpu-prof` writes it. */
export interface CpuProfile {
  readonly nodes: readonly { readonly id: number; readonly callFrame: { readonly functionName: string; readonly url: string } }[];
  /** Ids of nodes. */
  readonly samples: readonly number[];
  /** Microseconds from one sample to the next. */
  readonly timeDeltas: readonly number[];
}

export interface Share {
  readonly name: string;
  readonly ms: number;
  /** Of the time in which the thread was not idle. */
  readonly share: number;
}

export interface ProfileSummary {
  readonly busyMs: number;
  /** By function, its callees left out, and by the file that it stands in. */
  readonly functions: readonly Share[];
  readonly files: readonly Share[];
}

const IDLE = '(idle)';

export function summaryOf({ nodes, samples, timeDeltas }: CpuProfile): ProfileSummary {
  const frames = new Map(nodes.map(({ id, callFrame }) => [id, callFrame]));
  const functions = new Map<string, number>();
  const files = new Map<string, number>();
  let busyMs = 0;
  for (const [at, id] of samples.entries()) {
    const { functionName = IDLE, url = '' } = frames.get(id) ?? {};
    if (functionName === IDLE) continue;
    const ms = (timeDeltas[at] ?? 0) / 1000;
    busyMs += ms;
    // What has no file is the engine's own: its collector, calls into C++.
    const file = url === '' ? functionName : (url.split('/dist/').at(-1) ?? url);
    add(files, file, ms);
    add(functions, url === '' ? functionName : `${functionName === '' ? '(anonymous)' : functionName} in ${file}`, ms);
  }
  const shares = (times: ReadonlyMap<string, number>): Share[] =>
    [...times].map(([name, ms]) => ({ name, ms, share: ms / busyMs })).toSorted((a, b) => b.ms - a.ms);
  return { busyMs, functions: shares(functions), files: shares(files) };
}

function add(sums: Map<string, number>, name: string, ms: number): void {
  sums.set(name, (sums.get(name) ?? 0) + ms);
}

const ROWS = 25;

/** `name` is the file of the profile. */
export function profilePage(name: string, { busyMs, functions, files }: ProfileSummary): string {
  const table = (title: string, rows: readonly Share[]): string[] => [
    `| ${title} | ms | share |`,
    '|---|---|---|',
    ...rows.slice(0, ROWS).map((row) => `| ${row.name} | ${row.ms.toFixed(0)} | ${(row.share * 100).toFixed(1)} % |`),
  ];
  return [`## ${name}: ${busyMs.toFixed(0)} ms busy`, '', ...table('file', files), '', ...table('function', functions), ''].join('\n');
}

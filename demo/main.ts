/**
 * `npm run demo -- [--json] [--keep] [--real] [--one-process]`: the main job from nothing, on this machine,
 * with real processes, in seconds. Needs Node and nothing else (with --real also Go, or binaries of it).
 *
 * Whatever happens, everything started is stopped and every file removed before the process ends.
 * Exit 0: the job did what it should. 1: it did not. 2: usage.
 */
import { CLEAN_STEPS, cleanUp, JOB_STEPS, reasonOf, runJob, START } from './job.ts';
import type { JobOptions, Progress } from './job.ts';
import { drawLineage, readLineage } from './lineage.ts';
import { demoOnNode } from './node.ts';
import type { DemoOptions } from './options.ts';
import { readDemoOptions } from './options.ts';
import { openScreen } from './screen.ts';
import type { Screen } from './screen.ts';
import type { World } from './world.ts';
import { openRealWorld, openSandboxWorld } from './world.ts';

/** With --json the last line of stdout is the result's alone. */
function textStream({ json }: DemoOptions): NodeJS.WriteStream {
  return json ? process.stderr : process.stdout;
}

async function main(): Promise<number> {
  const read = readDemoOptions(process.argv.slice(2));
  if (read.kind === 'help') {
    process.stdout.write(read.text);
    return 0;
  }
  if (read.kind === 'wrong') {
    for (const fault of read.faults) process.stderr.write(`demo: ${fault}\n`);
    return 2;
  }
  return read.options.node ? runOnNode(read.options) : run(read.options);
}

async function runOnNode(options: DemoOptions): Promise<number> {
  const stream = textStream(options);
  const result = await demoOnNode((line) => void stream.write(`${line}\n`));
  for (const line of result.leftOnMachine) stream.write(`left on this machine: ${line}\n`);
  stream.write(result.ok ? `restored: ${result.restored ?? ''}, as written\n` : `demo: ${result.error ?? 'something is left'}\n`);
  if (options.json) process.stdout.write(`${JSON.stringify(result)}\n`);
  return result.ok ? 0 : 1;
}

async function run(options: DemoOptions): Promise<number> {
  const stop = new AbortController();
  const onSignal = (signal: NodeJS.Signals): void => stop.abort(new Error(`stopped by ${signal}`));
  process.on('SIGINT', onSignal);
  process.on('SIGTERM', onSignal);

  const screen = openScreen(textStream(options), [START, ...JOB_STEPS, ...(options.keep ? [] : CLEAN_STEPS)]);
  const progress: Progress = { checksums: {}, seconds: {} };
  let world: World | undefined;
  let failure: Error | undefined;
  try {
    progress.seconds[START.name] = await screen.run(START, async (say) => {
      world = options.real ? await openRealWorld(say) : await openSandboxWorld();
      say(options.real ? 'etcd, kube-apiserver, kube-controller-manager, kube-scheduler' : 'the sandbox');
    });
    if (world !== undefined) await act({ options, world, screen, progress, stop: stop.signal });
  } catch (error) {
    failure = error instanceof Error ? error : new Error(String(error));
  }
  try {
    await world?.close();
  } catch (error) {
    failure ??= error instanceof Error ? error : new Error(String(error));
  }
  process.off('SIGINT', onSignal);
  process.off('SIGTERM', onSignal);
  if (failure !== undefined) screen.line(`\ndemo: ${tellFailure(failure)}`);
  if (options.json && !(options.keep && failure === undefined)) process.stdout.write(`${resultLine(progress, failure)}\n`);
  return failure === undefined ? 0 : 1;
}

interface Act {
  readonly options: DemoOptions;
  readonly world: World;
  readonly screen: Screen;
  readonly progress: Progress;
  readonly stop: AbortSignal;
}

async function act({ options, world, screen, progress, stop }: Act): Promise<void> {
  const signal = AbortSignal.any([stop, world.stage.broken]);
  const job: JobOptions = { world, screen, progress, oneProcess: options.oneProcess, signal };
  try {
    await runJob(job);
    // Read before the clean-up, told after it: the table above must stay in one piece.
    const lineage = drawLineage(await readLineage(world.kube));
    if (!options.keep) await cleanUp(job);
    tell(screen, lineage, progress);
  } catch (error) {
    // What stopped the waiting is the news, not what was waited for.
    throw signal.aborted ? reasonOf(signal) : error;
  }
  if (options.keep) await keep(job, options);
}

function tell(screen: Screen, lineage: readonly string[], { checksums }: Progress): void {
  const { atSnapshot = '', sourceNow = '', restored = '' } = checksums;
  screen.line('\nLineage');
  for (const line of lineage) screen.line(line);
  screen.line('\nChecksums');
  screen.line(`  at snapshot  ${atSnapshot}`);
  screen.line(`  source now   ${sourceNow}`);
  screen.line(`  restored     ${restored}  as at snapshot`);
}

async function keep({ world, screen, progress, signal }: JobOptions, { json }: DemoOptions): Promise<void> {
  screen.line('\nEverything keeps running. In another terminal:\n');
  screen.line(`export KUBECONFIG=${world.kubeconfig}`);
  screen.line('kubectl get volumesnapshot,volumesnapshotcontent,pvc,pv');
  screen.line('\nCtrl-C ends it.');
  if (json) process.stdout.write(`${resultLine(progress, undefined)}\n`);
  await new Promise<void>((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });
  if (world.stage.broken.aborted) throw reasonOf(world.stage.broken);
}

function resultLine({ checksums, seconds, left }: Progress, failure: Error | undefined): string {
  return JSON.stringify({
    ok: failure === undefined,
    checksums,
    seconds,
    left,
    ...(failure === undefined ? {} : { error: tellFailure(failure) }),
  });
}

/** The message, and what it was caused by: a program's last log lines are there. */
function tellFailure(error: Error): string {
  const cause = error.cause instanceof Error ? tellFailure(error.cause) : undefined;
  return cause === undefined || error.message.includes(cause) ? error.message : `${error.message}\n${cause}`;
}

process.exitCode = await main();

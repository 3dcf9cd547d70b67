/** `csi-sidecars try` around the mock driver: a sound one, and one for each defect. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { builtProgram } from '../../harness/mock-driver.ts';
import type { RunResult, Stage } from '../../harness/stage.ts';
import { openStage } from '../../harness/stage.ts';
import { eventually } from '../../harness/wait.ts';
import type { Defect } from './try-defects.ts';
import { DEFECTS } from './try-defects.ts';

let stage: Stage;
beforeAll(() => {
  stage = openStage('try');
});
afterAll(() => stage.close());

interface Report {
  readonly ok: boolean;
  readonly error?: string;
  readonly steps: readonly { readonly id: string; readonly verdict: string; readonly detail: string }[];
  readonly clauses: readonly {
    readonly id: string;
    readonly verdict: string;
    readonly breaches: readonly { readonly calls: readonly number[] }[];
  }[];
  readonly calls: readonly { readonly number: number }[];
}

function tryIt(...words: string[]): Promise<RunResult> {
  return stage.run({ name: 'try', file: process.execPath, args: [builtProgram('csi-sidecars'), 'try', ...words] });
}

const COMMAND = `exec ${process.execPath} ${builtProgram('mock-driver')} --endpoint=$CSI_ENDPOINT --state-dir=$CSI_DIR --node-id=node-1 --publish=symlink`;

function reportOf({ stdout }: RunResult): Report {
  return JSON.parse(stdout.trim().split('\n').at(-1) ?? '') as Report;
}

function brokenOf({ clauses }: Report): string[] {
  return clauses.filter(({ verdict }) => verdict === 'broken').map(({ id }) => id);
}

test('a sound driver is tried from end to end and nothing is found', async () => {
  const result = await tryIt(`--driver-command=${COMMAND} --topology=zone=a`, '--output=json');
  const report = reportOf(result);
  expect(report.steps.filter(({ verdict }) => verdict !== 'ok')).toEqual([
    expect.objectContaining({ id: 'modify', verdict: 'skipped', detail: expect.stringContaining('VolumeAttributesClass') }),
  ]);
  expect(report.clauses.filter(({ verdict }) => verdict !== 'kept').map(({ id }) => id)).toEqual(['secrets-stay-secret']);
  expect(report).toMatchObject({ ok: true, calls: [] });
  expect(result.code).toBe(0);
});

test('what a driver does not offer is said and not failed', async () => {
  const disable = '--disable=CREATE_DELETE_SNAPSHOT,LIST_SNAPSHOTS,CLONE_VOLUME,LIST_VOLUMES,PUBLISH_UNPUBLISH_VOLUME';
  const report = reportOf(await tryIt(`--driver-command=${COMMAND} ${disable}`, '--output=json'));
  expect(report.steps.filter(({ verdict }) => verdict === 'failed')).toEqual([]);
  expect(report.steps.find(({ id }) => id === 'snapshot')).toMatchObject({
    verdict: 'skipped',
    detail: 'the driver does not offer CREATE_DELETE_SNAPSHOT',
  });
  expect(brokenOf(report)).toEqual([]);
});

test('a driver that takes its time to introduce itself is not given up when its connection was cut', async () => {
  const scenario = join(stage.dir, 'slow-introduction.json');
  // Longer than the lease of the sidecars of a trial, by which a lost driver would be given up.
  writeFileSync(scenario, JSON.stringify({ faults: [{ rpc: 'GetPluginInfo', delay: '2200ms' }] }));
  const driver = `${COMMAND} --disable=CREATE_DELETE_SNAPSHOT --scenario=${scenario}`;
  const report = reportOf(await tryIt(`--driver-command=${driver}`, '--output=json'));
  expect(report.steps.filter(({ verdict }) => verdict === 'failed')).toEqual([]);
});

test('a trial that is stopped in the middle deletes what it made and ends', async () => {
  const state = join(stage.dir, 'stopped-state');
  const scenario = join(stage.dir, 'stopped.json');
  writeFileSync(scenario, JSON.stringify({ faults: [{ rpc: 'GetCapacity', delay: '600s' }] }));
  const driver = COMMAND.replace('$CSI_DIR', state);
  const file = process.execPath;
  const args = [builtProgram('csi-sidecars'), 'try', `--driver-command=${driver} --scenario=${scenario}`, '--timeout=500s'];
  const program = stage.start({ name: 'try-stopped', file, args, mayEnd: true });
  const ledger = async (): Promise<{ volumes: readonly object[] }> => {
    const words = [builtProgram('mock-driver'), 'ledger', `--state-dir=${state}`, '--json'];
    const { stdout } = await stage.run({ name: 'ledger', file, args: words });
    return JSON.parse(stdout === '' ? '{"volumes":[]}' : stdout) as { volumes: readonly object[] };
  };
  await eventually('a volume', async () => ((await ledger()).volumes.length > 0 ? true : undefined));
  program.signal('SIGINT');
  expect((await program.ended).code).toBe(1);
  expect((await ledger()).volumes).toEqual([]);
  expect(program.log()).toContain('the trial was stopped');
});

describe('a defect is named by its clause, and no other is', () => {
  const run = async (defect: Defect): Promise<Report> => {
    const folder = join(stage.dir, defect.what.replaceAll(' ', '-'));
    mkdirSync(folder);
    const scenario = join(folder, 'scenario.json');
    writeFileSync(scenario, JSON.stringify({ faults: defect.faults }));
    const classes = join(folder, 'classes.yaml');
    if (defect.classes !== undefined) writeFileSync(classes, defect.classes);
    const result = await tryIt(
      `--driver-command=${[COMMAND, `--scenario=${scenario}`, ...(defect.driver ?? [])].join(' ')}`,
      ...(defect.classes === undefined ? [] : [`--class=${classes}`]),
      '--profile=basic',
      '--timeout=4s',
      '--output=json',
    );
    expect(result.code, result.stderr).toBe(1);
    expect(result.stdout + result.stderr).not.toContain('hunter2');
    return reportOf(result);
  };

  test.each(DEFECTS)('$what', async (defect) => {
    const report = await run(defect);
    expect(brokenOf(report)).toEqual(defect.broken);
    // The journal holds the calls that show it.
    const shown = new Set(report.calls.map(({ number }) => number));
    const cited = report.clauses.flatMap(({ breaches }) => breaches.flatMap(({ calls }) => calls));
    expect(cited.filter((number) => !shown.has(number))).toEqual([]);
  });
});

describe('a driver that cannot be tried', () => {
  test.each([
    ['no flag', [], 2, 'name the driver: --csi-address=unix:///PATH'],
    ['no path', ['--csi-address=tcp://1.2.3.4:5'], 2, 'write its absolute path'],
    ['no file', ['--csi-address=unix:///nowhere/csi.sock'], 1, '/nowhere/csi.sock: there is no such socket'],
    ['no socket', [`--csi-address=${builtProgram('mock-driver')}`], 1, 'or it is no socket'],
    ['a command that ends', ['--driver-command=echo no licence; exit 3'], 1, 'no licence'],
  ])('%s is told in a line', async (_what, words, code, text) => {
    const result = await tryIt(...words);
    expect(result.code).toBe(code);
    expect(result.stderr).toContain(text);
    expect(result.stderr).not.toContain('    at ');
  });
});

import { existsSync } from 'node:fs';
import { dirname } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { programFile } from '../../demo/world.ts';
import type { RunResult, Stage } from '../../harness/stage.ts';
import { openStage } from '../../harness/stage.ts';
import { eventually } from '../../harness/wait.ts';

let stage: Stage;
beforeAll(() => {
  stage = openStage('demo-test');
});
afterAll(() => stage.close());

interface DemoResult {
  readonly ok: boolean;
  readonly checksums: { readonly atSnapshot?: string; readonly sourceNow?: string; readonly restored?: string };
  readonly seconds: Readonly<Record<string, number>>;
  readonly left?: { readonly volumes: number; readonly snapshots: number };
  readonly error?: string;
}

function demo(...args: string[]): Promise<RunResult> {
  return stage.run({ name: 'demo', file: process.execPath, args: [programFile('demo'), ...args] });
}
function resultOf({ stdout }: RunResult): DemoResult {
  return JSON.parse(stdout.trim().split('\n').at(-1) ?? '') as DemoResult;
}
function pidOf(program: string, text: string): number {
  return Number(new RegExp(`${program} \\(pid (\\d+)\\)`).exec(text)?.[1]);
}
function lives(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

test.each([
  ['three programs', []],
  ['one process', ['--one-process']],
] as const)('the demo with %s restores the bytes of the snapshot, not those of today, and leaves nothing', async (_, args) => {
  const run = await demo('--json', ...args);
  expect(run.code, run.stderr).toBe(0);
  const { ok, checksums, seconds, left } = resultOf(run);
  expect(ok).toBe(true);
  expect(checksums.atSnapshot).toMatch(/^[0-9a-f]{16}$/);
  expect(checksums.restored).toBe(checksums.atSnapshot);
  expect(checksums.sourceNow).not.toBe(checksums.atSnapshot);
  expect(left).toEqual({ volumes: 0, snapshots: 0 });
  expect(Object.keys(seconds)).toEqual(expect.arrayContaining(['start', 'crds', 'claim', 'snapshot', 'restore', 'delete']));
  // Everything for people went to stderr; stdout has the one line.
  expect(run.stdout.trim().split('\n')).toHaveLength(1);
  for (const word of ['Lineage', 'VolumeSnapshotContent snapcontent-', 'snapshot of the driver', 'as at snapshot'])
    expect(run.stderr).toContain(word);
  for (const program of args.length > 0 ? ['csi-sidecars'] : ['snapshot-controller', 'csi-snapshotter', 'csi-provisioner'])
    expect(lives(pidOf(program, run.stderr)), program).toBe(false);
});

test('the demo with --keep says how to reach the cluster, ends on SIGTERM with 0 and removes its files', async () => {
  const running = stage.start({ name: 'demo-keep', file: process.execPath, args: [programFile('demo'), '--keep'], mayEnd: true });
  const kubeconfig = await eventually('the export line', () => /^export KUBECONFIG=(.+)$/m.exec(running.log())?.[1], {
    signal: stage.broken,
  });
  expect(existsSync(kubeconfig)).toBe(true);
  const controller = pidOf('snapshot-controller', running.log());
  expect(lives(controller)).toBe(true);
  running.signal('SIGTERM');
  expect(await running.ended).toEqual({ code: 0, signal: null });
  expect(existsSync(dirname(kubeconfig))).toBe(false);
  expect(lives(controller)).toBe(false);
});

test('a program that dies under the demo ends it with 1 and the last lines of its log', async () => {
  const running = stage.start({ name: 'demo-death', file: process.execPath, args: [programFile('demo'), '--keep'], mayEnd: true });
  await eventually('the export line', () => (running.log().includes('export KUBECONFIG=') ? true : undefined), { signal: stage.broken });
  process.kill(pidOf('csi-snapshotter', running.log()), 'SIGKILL');
  expect(await running.ended).toEqual({ code: 1, signal: null });
  expect(running.log()).toMatch(/demo: csi-snapshotter ended \(code null, signal SIGKILL\):\n.+/);
  expect(lives(pidOf('csi-provisioner', running.log()))).toBe(false);
});

test('a flag that the demo does not know is named, exit 2', async () => {
  const run = await demo('--frobnicate');
  expect(run.code).toBe(2);
  expect(run.stderr).toContain('--frobnicate');
  expect((await demo('--help')).stdout).toContain('--keep');
});

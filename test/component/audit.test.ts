/** `csi-sidecars audit` on leaks of each kind among healthy objects, and its clean-up, killed in the middle. */
import { afterEach, expect, test } from 'vitest';
import { builtProgram } from '../../harness/mock-driver.ts';
import type { RunResult } from '../../harness/stage.ts';
import { eventually } from '../../harness/wait.ts';
import { SeededRandom } from '../simulation/seeded-random.ts';
import type { AuditWorld } from './audit-world.ts';
import { openAuditWorld } from './audit-world.ts';

let audited: AuditWorld | undefined;
afterEach(async () => {
  await audited?.world.close();
  audited = undefined;
});

const KILLS = 5;

interface Report {
  readonly ok: boolean;
  readonly findings: readonly { readonly id: string; readonly object?: string; readonly cause: string; readonly keep?: string }[];
  readonly deeds?: readonly { readonly result: string }[];
}

function argsOf({ world, driver }: AuditWorld, words: readonly string[]): string[] {
  return [
    builtProgram('csi-sidecars'),
    'audit',
    `--kubeconfig=${world.kubeconfig}`,
    `--csi-address=${driver.address}`,
    '--output=json',
    ...words,
  ];
}

function audit(on: AuditWorld, ...words: string[]): Promise<RunResult> {
  return on.world.stage.run({ name: 'audit', file: process.execPath, args: argsOf(on, words) });
}

function reportOf({ stdout }: RunResult): Report {
  return JSON.parse(stdout.trim().split('\n').at(-1) ?? '') as Report;
}

const byCause = ({ findings }: Report): Record<string, number> =>
  findings.reduce<Record<string, number>>((counts, { cause }) => ({ ...counts, [cause]: (counts[cause] ?? 0) + 1 }), {});

/** How many there are, as the driver's journal of calls tells it: quicker than to ask for the ledger. */
async function held({ control, healthy, leaks }: AuditWorld): Promise<number> {
  const calls = await control.journal();
  const gone = calls.filter(({ rpc, code }) => (rpc === 'DeleteVolume' || rpc === 'DeleteSnapshot') && code === 'OK');
  return healthy.size + leaks.size - gone.length;
}

async function heldBy({ driver }: AuditWorld): Promise<Set<string>> {
  const { volumes, snapshots } = await driver.ledger();
  return new Set([...volumes, ...snapshots].map(({ id }) => id));
}

test('every leak of both directions is found and no healthy object is; without --clean nothing is changed', async () => {
  audited = await openAuditWorld({ healthy: 60, leaks: 10 });
  const before = await heldBy(audited);
  const result = await audit(audited, '--older-than=0');
  const report = reportOf(result);
  expect(result.code, result.stderr).toBe(1);
  expect(new Set(report.findings.map(({ id }) => id))).toEqual(new Set([...audited.leaks, ...audited.lost]));
  expect(byCause(report)).toEqual({ 'volume-of-nobody': 10, 'content-gone': 10, 'volume-lost': 10, 'snapshot-lost': 10 });
  // Nobody said that this cluster is alone: a volume may be another one's. The snapshots are of volumes that were made here.
  const certain = report.findings.filter(({ object, keep }) => object === undefined && keep === undefined);
  expect(new Set(certain.map(({ cause }) => cause))).toEqual(new Set(['content-gone']));
  // They are young, though.
  expect(byCause(reportOf(await audit(audited)))).toEqual({ 'volume-of-nobody': 10, 'volume-lost': 10, 'snapshot-lost': 10 });
  expect(await heldBy(audited)).toEqual(before);
});

test('--clean without a terminal needs --yes, and what leaves a doubt stays', async () => {
  audited = await openAuditWorld({ healthy: 2, leaks: 2 });
  const before = await heldBy(audited);
  const refused = await audit(audited, '--clean', '--sole-cluster', '--older-than=0');
  expect(refused.code).toBe(2);
  expect(refused.stderr).toContain('--yes');
  expect(await heldBy(audited)).toEqual(before);
  const doubtful = reportOf(await audit(audited, '--clean', '--yes', '--older-than=0'));
  expect(doubtful.deeds?.map(({ result }) => result)).toEqual(['deleted', 'deleted']);
  const kept = doubtful.findings.filter(({ cause }) => cause === 'volume-of-nobody').map(({ id }) => id);
  expect(kept).toHaveLength(2);
  expect(await heldBy(audited)).toEqual(new Set([...audited.healthy, ...kept]));
});

test('--clean that is killed at points that chance decides, and run again, deletes every leak and nothing else', async () => {
  audited = await openAuditWorld({ healthy: 10, leaks: 20 });
  const on = audited;
  const { world, control, healthy, leaks } = on;
  const words = ['--clean', '--yes', '--sole-cluster', '--older-than=0'];
  const random = new SeededRandom(17);
  for (let kill = 0; kill < KILLS; kill += 1) {
    // In some rounds it dies while the driver deletes, in others between two deletions.
    const delay = `${1 + random.below(60)}ms`;
    await control.bend([
      { rpc: 'DeleteVolume', delay },
      { rpc: 'DeleteSnapshot', delay },
    ]);
    const before = (await heldBy(on)).size;
    const goal = before - 1 - random.below(5);
    const program = world.stage.start({ name: 'audit-killed', file: process.execPath, args: argsOf(on, words), mayEnd: true });
    await eventually('some leaks are gone', async () => ((await held(on)) <= goal ? true : undefined), { everyMs: 5 });
    await program.kill();
    const left = await heldBy(on);
    expect([...healthy].filter((id) => !left.has(id))).toEqual([]);
    expect(left.size, 'it was killed in the middle').toBeGreaterThan(healthy.size);
  }
  await control.heal();
  const result = await audit(on, ...words);
  expect(await heldBy(on)).toEqual(healthy);
  const report = reportOf(result);
  expect(report.deeds?.filter(({ result: what }) => what !== 'deleted')).toEqual([]);
  expect(report.deeds?.length).toBeLessThan(leaks.size);
  expect(byCause(report)).toMatchObject({ 'volume-lost': 20, 'snapshot-lost': 20 });
});

test('a driver without lists is told in a line, and so is one that is not there', async () => {
  audited = await openAuditWorld({ healthy: 0, leaks: 0 }, ['--disable=LIST_VOLUMES,LIST_SNAPSHOTS']);
  const without = await audit(audited, '--output=text');
  expect(without.stdout).toContain('no list of volumes, no list of snapshots');
  const nobody = await audit(audited, '--csi-address=/nowhere');
  expect(nobody.code).toBe(1);
  expect(nobody.stderr).toContain('/nowhere: there is no such socket');
});

test('a driver that hangs or dies in the middle is told with its call, and nothing is called a leak', async () => {
  audited = await openAuditWorld({ healthy: 1, leaks: 1 });
  const { control } = audited;
  await control.bend([{ rpc: 'ListSnapshots', delay: '600s' }]);
  const hung = await audit(audited, '--timeout=500ms', '--output=text');
  expect(hung).toMatchObject({ code: 1, stdout: '' });
  expect(hung.stderr).toMatch(/^audit: the driver at \S+ failed at ListSnapshots \(.*DeadlineExceeded.*\): see its log, .*\n$/);
  await control.heal();
  await control.bend([{ rpc: 'ListSnapshots', crash: 'before' }]);
  const died = await audit(audited, '--output=text');
  expect(died).toMatchObject({ code: 1, stdout: '' });
  expect(died.stderr).toMatch(/^audit: \S+: nobody serves it \(ECONNREFUSED\): a driver that ended left it behind.*\n$/);
});

/**
 * `csi-sidecars doctor` on the sandbox: nothing is found where all is well, and each of the planted faults is, by the
 * right check and at the right place. It never writes.
 */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { DOCTOR } from '../../csi-sidecars/doctor/verb.ts';
import { exampleFile } from '../../demo/manifests.ts';
import type { World } from '../../demo/world.ts';
import {
  DRIVER,
  installWorldCrds,
  openSandboxWorld,
  programFile,
  startDriver,
  startSidecars,
  untilNodeHasDriver,
} from '../../demo/world.ts';
import type { PersistentVolumeClaim, VolumeSnapshot } from '../../lib/kube/objects.ts';
import { PERSISTENT_VOLUME_CLAIMS, VOLUME_SNAPSHOTS } from '../../lib/kube/resources.ts';
import { askVerb } from '../ask-verb.ts';
import { refusingDoors, watchedDoors } from './doctor-doors.ts';
import { type Fault, FAULTS } from './doctor-faults.ts';
import { planter } from './planter.ts';

interface Finding {
  readonly check: string;
  readonly severity: string;
  readonly what: string;
  readonly where: { readonly kind: string; readonly name: string; readonly namespace?: string };
  readonly since: string | null;
  readonly breaks: string;
  readonly fix: string;
}
interface Report {
  readonly schema: string;
  readonly ok: boolean;
  readonly findings: readonly Finding[];
  readonly unchecked: readonly { readonly what: string; readonly why: string }[];
}

let world: World;
/** `METHOD /path` of everything that was no GET. */
const writes: string[] = [];

async function examine(...flags: string[]): Promise<Report & { readonly code: number }> {
  const asker = { doors: watchedDoors(writes), kubeconfig: world.kubeconfig, signal: world.stage.broken };
  const { code, out, err } = await askVerb(DOCTOR, asker, ['--output=json', ...flags]);
  expect(err).toEqual([]);
  return { ...(JSON.parse(out[0] ?? '') as Report), code };
}

const target = (name: string) => ({ namespace: 'default', name });
const isBound = { what: 'bound', test: ({ status }: PersistentVolumeClaim) => status?.phase === 'Bound' };
const isReady = { what: 'ready', test: ({ status }: VolumeSnapshot) => status?.readyToUse === true };

describe('on a healthy cluster', () => {
  beforeAll(async () => {
    world = await openSandboxWorld('doctor');
    await installWorldCrds(world, world.stage.broken);
    await startDriver(world);
    startSidecars(world, { oneProcess: true });
    for (const file of ['10', '20', '30']) await world.apply(exampleFile(file));
    await world.kube.until(PERSISTENT_VOLUME_CLAIMS, target('data'), isBound);
    await world.apply(exampleFile('40'));
    await world.kube.until(VOLUME_SNAPSHOTS, target('data-snapshot'), isReady);
    await world.apply(exampleFile('50'));
    await world.kube.until(PERSISTENT_VOLUME_CLAIMS, target('data-restored'), isBound);
    await untilNodeHasDriver(world.kube);
  });
  afterAll(() => world.close());

  test('doctor finds nothing, even among what is a moment old, and exits 0', async () => {
    const report = await examine('--stuck-after=0s');
    expect(report.findings).toEqual([]);
    expect(report).toMatchObject({ schema: 'csi-sidecars/doctor.v1', ok: true, code: 0 });
    expect(await examine('--stuck-after=0s', `--driver=${DRIVER}`)).toMatchObject({ ok: true, findings: [] });
  });

  test.each([
    ...[
      'customresourcedefinitions',
      'storageclasses',
      'volumesnapshotclasses',
      'csidrivers',
      'csinodes',
      'nodes',
      'persistentvolumeclaims',
    ],
    ...['persistentvolumes', 'volumesnapshots', 'volumesnapshotcontents', 'leases', 'csistoragecapacities', 'pods'],
  ])('without the right to list %s it invents nothing, and says what it did not see', async (plural) => {
    const asker = { doors: refusingDoors(watchedDoors(writes), plural), kubeconfig: world.kubeconfig, signal: world.stage.broken };
    const { out } = await askVerb(DOCTOR, asker, ['--output=json', '--stuck-after=0s']);
    const { findings, unchecked } = JSON.parse(out[0] ?? '') as Report;
    expect(findings).toEqual([]);
    expect(unchecked.map(({ why }) => why)).toContain(`you may not list ${plural}`);
  });

  test('the built program says so in text', async () => {
    const words = [programFile('csi-sidecars'), 'doctor', `--kubeconfig=${world.kubeconfig}`];
    const { code, stdout, stderr } = await world.stage.run({ name: 'doctor', file: process.execPath, args: words });
    expect(code, stderr).toBe(0);
    expect(stdout).toMatch(/^nothing wrong was found; looked at .*2 claims/m);
    expect(`${stdout}${stderr}`).not.toContain('\u001B');
  });
});

describe('a planted fault is found', () => {
  beforeAll(async () => {
    world = await openSandboxWorld('doctor-faults');
    await installWorldCrds(world, world.stage.broken);
    await startDriver(world);
    await untilNodeHasDriver(world.kube);
  });
  afterAll(() => world.close());

  test('there are at least 25 of them, each seen by its own name', () => {
    expect(FAULTS.length).toBeGreaterThanOrEqual(25);
    expect(new Set(FAULTS.map(({ name }) => name)).size).toBe(FAULTS.length);
  });

  test.each(FAULTS.map((fault): [string, Fault] => [fault.name, fault]))('%s', async (_, fault) => {
    const { plant, undoAll } = planter(world.kube);
    try {
      await fault.plant(plant);
      const report = await examine('--stuck-after=0s', ...(fault.flags ?? []));
      expect(report.code).toBe(1);
      const told = report.findings.map(({ check, where, what }) => `${check} ${where.kind}/${where.name}: ${what}`);
      // This one, and none beside it.
      expect(told).toEqual([expect.stringMatching(fault.finds)]);
      for (const { fix, breaks } of report.findings) expect(`${fix}${breaks}`).not.toBe('');
    } finally {
      await undoAll();
    }
    expect((await examine('--stuck-after=0s')).findings).toEqual([]);
  });

  test('what cannot be looked at is said apart: the sandbox answers no review of rights', async () => {
    const fault = FAULTS.find(({ name }) => name === 'a sidecar does not start') ?? expect.unreachable();
    const { plant, undoAll } = planter(world.kube);
    await fault.plant(plant);
    const { unchecked } = await examine();
    await undoAll();
    expect(unchecked).toContainEqual({ what: expect.stringContaining('rights of '), why: expect.stringContaining('SubjectAccessReview') });
  });
});

test('doctor wrote nothing, in all that came before', () => {
  expect(writes.filter((line) => !line.endsWith('/subjectaccessreviews'))).toEqual([]);
});

import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { World } from '../../demo/world.ts';
import { openSandboxWorld, programFile } from '../../demo/world.ts';
import type { CustomResourceDefinition } from '../../lib/kube/objects.ts';
import { CUSTOM_RESOURCE_DEFINITIONS } from '../../lib/kube/resources.ts';
import type { RunResult } from '../../harness/stage.ts';

let world: World;
beforeAll(async () => {
  world = await openSandboxWorld('install-crds');
});
afterAll(() => world.close());

function installCrds(...args: string[]): Promise<RunResult> {
  const words = [programFile('csi-sidecars'), 'install-crds', `--kubeconfig=${world.kubeconfig}`, ...args];
  return world.stage.run({ name: 'install-crds', file: process.execPath, args: words, timeoutMs: 60_000 });
}
const find = (name: string): Promise<CustomResourceDefinition | undefined> => world.kube.find(CUSTOM_RESOURCE_DEFINITIONS, { name });
const SNAPSHOTS = 'volumesnapshots.snapshot.storage.k8s.io';
const CONTENTS = 'volumesnapshotcontents.snapshot.storage.k8s.io';

test('install-crds --check on an empty cluster names what is missing and changes nothing', async () => {
  const { code, stdout } = await installCrds('--check');
  expect(code).toBe(1);
  expect(stdout).toMatch(new RegExp(`${SNAPSHOTS}\\s+MISSING`));
  expect(await find(SNAPSHOTS)).toBeUndefined();
});

test('install-crds creates all six, and does nothing the second time', async () => {
  const first = await installCrds('--output=json');
  expect(first.code, first.stderr).toBe(0);
  const report = JSON.parse(first.stdout.trim().split('\n').at(-1) ?? '') as { ok: boolean; crds: { action: string }[] };
  expect(report.ok).toBe(true);
  expect(report.crds.map(({ action }) => action)).toEqual(Array.from({ length: 6 }, () => 'created'));
  const before = (await find(SNAPSHOTS))?.metadata?.resourceVersion;
  const second = await installCrds();
  expect(second.code, second.stderr).toBe(0);
  expect(
    second.stdout
      .trim()
      .split('\n')
      .map((line) => line.split(/\s+/)[1]),
  ).toEqual(Array.from({ length: 6 }, () => 'good'));
  expect((await find(SNAPSHOTS))?.metadata?.resourceVersion).toBe(before);
});

test('install-crds replaces an older one, keeps its labels, and says what it lacked', async () => {
  const crd = await world.kube.get(CUSTOM_RESOURCE_DEFINITIONS, { name: CONTENTS });
  const older = structuredClone(crd) as {
    spec: { versions: { schema: { openAPIV3Schema: { properties: { spec: { properties: Record<string, unknown> } } } } }[] };
  };
  delete older.spec.versions[0]?.schema.openAPIV3Schema.properties.spec.properties['sourceVolumeMode'];
  const labelled = {
    ...older,
    metadata: { ...crd.metadata, labels: { 'app.kubernetes.io/managed-by': 'somebody' } },
  } as CustomResourceDefinition;
  await world.kube.delete(CUSTOM_RESOURCE_DEFINITIONS, { name: CONTENTS });
  // Its objects go first, and only then the definition.
  await world.kube.untilGone(CUSTOM_RESOURCE_DEFINITIONS, { name: CONTENTS });
  const { resourceVersion, uid, ...metadata } = labelled.metadata ?? {};
  expect([resourceVersion, uid]).not.toContain(undefined);
  await world.kube.create(CUSTOM_RESOURCE_DEFINITIONS, { ...labelled, metadata });

  const check = await installCrds('--check');
  expect(check.code).toBe(1);
  expect(check.stdout).toContain('NOT GOOD ENOUGH: v1 spec.sourceVolumeMode is not a field');
  const { code, stdout, stderr } = await installCrds();
  expect(code, stderr).toBe(0);
  expect(stdout).toMatch(new RegExp(`${CONTENTS}\\s+replaced: `));
  expect((await find(CONTENTS))?.metadata?.labels).toEqual({ 'app.kubernetes.io/managed-by': 'somebody' });
  expect((await installCrds('--check')).code).toBe(0);
});

test('install-crds tells a cluster that does not answer, and a flag that does not exist, from a missing CRD', async () => {
  const away = await installCrds(`--kubeconfig=${join(world.stage.dir, 'nowhere')}`);
  expect(away.code).toBe(1);
  expect(away.stderr).toContain('nowhere');
  const flag = await installCrds('--frobnicate');
  expect(flag.code).toBe(2);
  expect(flag.stderr).toContain('frobnicate');
});

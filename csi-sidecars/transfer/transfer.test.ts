/** import and export against the sandbox, without a socket: what is printed for one cluster is taken by another. */
import { load, loadAll } from 'js-yaml';
import { beforeEach, describe, expect, test } from 'vitest';
import type { Clock } from '../../lib/doors/clock.ts';
import type { Doors } from '../../lib/doors/doors.ts';
import { openClock } from '../../lib/process/doors/clock.ts';
import { openFiles } from '../../lib/process/doors/files.ts';
import { openRandom } from '../../lib/process/doors/random.ts';
import type { KubeObject, Resource } from '../../lib/kube/objects.ts';
import { PERSISTENT_VOLUME_CLAIMS, PERSISTENT_VOLUMES, VOLUME_SNAPSHOT_CONTENTS, VOLUME_SNAPSHOTS } from '../../lib/kube/resources.ts';
import { runVerb } from '../frame/run-verb.ts';
import { testPlace } from '../frame/testing/place.ts';
import type { Verb } from '../frame/verb.ts';
import type { TryCluster } from '../try/world/cluster.ts';
import { KUBECONFIG, KUBECONFIG_PATH, openCluster } from '../try/world/cluster.ts';
import { EXPORT } from './export-verb.ts';
import { IMPORT } from './import-verb.ts';

const { signal } = new AbortController();
const clock: Clock = openClock();
const base = { clock, random: openRandom(), files: openFiles(), host: { env: () => undefined } } as unknown as Doors;
let cluster: TryCluster;
beforeEach(async () => {
  cluster = await openCluster(base, signal);
});

interface Told {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}
async function run(verb: Verb, ...words: string[]): Promise<Told> {
  const files = { ...base.files, read: async () => new TextEncoder().encode(KUBECONFIG) };
  const place = testPlace({ doors: { ...base, files, http: () => cluster.open() } });
  const code = await runVerb(verb, place, [`--kubeconfig=${KUBECONFIG_PATH}`, ...words]);
  return { code, out: place.out.join('\n'), err: place.err.join('\n') };
}
const create = <T extends KubeObject>(resource: Resource<T>, object: T): Promise<T> => cluster.client.create(resource, object, { signal });
const WORDS = ['--handle=snap-1', '--driver=d.example', '--name=taken', '-n', 'default'];

describe('import', () => {
  test('prints the pair and makes nothing', async () => {
    const { code, out } = await run(IMPORT, ...WORDS);
    expect(code).toBe(0);
    expect(loadAll(out)).toMatchObject([
      {
        kind: 'VolumeSnapshotContent',
        spec: {
          deletionPolicy: 'Retain',
          source: { snapshotHandle: 'snap-1' },
          volumeSnapshotRef: { namespace: 'default', name: 'taken' },
        },
      },
      { kind: 'VolumeSnapshot', metadata: { name: 'taken' } },
    ]);
    expect((await cluster.client.list(VOLUME_SNAPSHOT_CONTENTS, { signal })).items).toEqual([]);
  });

  test('--create makes both, and a second import of the handle names the first', async () => {
    expect((await run(IMPORT, ...WORDS, '--create')).code).toBe(0);
    const snapshot = await cluster.client.get(VOLUME_SNAPSHOTS, { namespace: 'default', name: 'taken' }, signal);
    const name = snapshot.spec?.source?.volumeSnapshotContentName ?? '';
    expect(await cluster.client.get(VOLUME_SNAPSHOT_CONTENTS, { name }, signal)).toMatchObject({ spec: { driver: 'd.example' } });
    const again = await run(IMPORT, ...WORDS.slice(0, 2), '--name=other', '--create');
    expect(again).toMatchObject({
      code: 1,
      err: expect.stringContaining('of VolumeSnapshot default/taken has the snapshot snap-1 already'),
    });
  });

  test('where the name is in use, no half of a pair stays', async () => {
    const source = { persistentVolumeClaimName: 'x' };
    await create(VOLUME_SNAPSHOTS, {
      apiVersion: 'snapshot.storage.k8s.io/v1',
      kind: 'VolumeSnapshot',
      metadata: { namespace: 'default', name: 'taken' },
      spec: { source },
    });
    expect(await run(IMPORT, ...WORDS, '--create')).toMatchObject({
      code: 1,
      err: expect.stringContaining('VolumeSnapshot taken exists already'),
    });
    expect((await cluster.client.list(VOLUME_SNAPSHOT_CONTENTS, { signal })).items).toEqual([]);
  });

  test('where the content cannot be made, the snapshot goes again', async () => {
    const other = {
      driver: 'other',
      deletionPolicy: 'Retain',
      source: { snapshotHandle: 'x' },
      volumeSnapshotRef: { namespace: 'n', name: 'n' },
    };
    const printed = loadAll((await run(IMPORT, ...WORDS)).out) as KubeObject[];
    const name = printed[0]?.metadata?.name ?? '';
    await create(VOLUME_SNAPSHOT_CONTENTS, {
      apiVersion: 'snapshot.storage.k8s.io/v1',
      kind: 'VolumeSnapshotContent',
      metadata: { name },
      spec: other,
    });
    expect((await run(IMPORT, ...WORDS, '--create')).code).toBe(1);
    expect((await cluster.client.list(VOLUME_SNAPSHOTS, { signal })).items).toEqual([]);
  });

  test('what is missing is usage', async () => {
    expect(await run(IMPORT, '--handle=h')).toMatchObject({ code: 2, err: expect.stringContaining('--driver is missing') });
  });
});

describe('export', () => {
  const pv = {
    apiVersion: 'v1',
    kind: 'PersistentVolume',
    metadata: { name: 'pv-1', annotations: { 'pv.kubernetes.io/provisioned-by': 'd.example' }, finalizers: ['keep/me'] },
    spec: {
      capacity: { storage: '1Gi' },
      accessModes: ['ReadWriteOnce'],
      csi: { driver: 'd.example', volumeHandle: 'vol-1' },
      persistentVolumeReclaimPolicy: 'Delete',
      claimRef: { namespace: 'default', name: 'data', uid: 'old' },
    },
  };

  test('a snapshot becomes a pair that this very cluster would take, without the right to delete', async () => {
    await run(IMPORT, ...WORDS, '--create', '--deletion-policy=Delete');
    const [content] = (await cluster.client.list(VOLUME_SNAPSHOT_CONTENTS, { signal })).items;
    const name = content?.metadata?.name ?? '';
    const patch = (body: object) => ({ patch: { type: 'merge', body } as const, subresource: 'status' as const, signal });
    await cluster.client.patch(VOLUME_SNAPSHOT_CONTENTS, { name }, patch({ status: { snapshotHandle: 'snap-1' } }));
    await cluster.client.patch(
      VOLUME_SNAPSHOTS,
      { namespace: 'default', name: 'taken' },
      patch({ status: { boundVolumeSnapshotContentName: name } }),
    );
    const { code, out } = await run(EXPORT, 'volumesnapshot/taken');
    expect(code).toBe(0);
    expect(out).toContain('# the content here has deletionPolicy Delete: set it to Retain before');
    const documents = loadAll(out);
    expect(documents).toMatchObject([
      { spec: { deletionPolicy: 'Retain', source: { snapshotHandle: 'snap-1' } } },
      { kind: 'VolumeSnapshot' },
    ]);
    cluster = await openCluster(base, signal);
    await create(VOLUME_SNAPSHOT_CONTENTS, documents[0] as KubeObject);
    await create(VOLUME_SNAPSHOTS, documents[1] as KubeObject);
  });

  test('a claim becomes a PV and a claim for each other, without what only this cluster means', async () => {
    await create(PERSISTENT_VOLUMES, pv);
    const spec = { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } }, volumeName: 'pv-1' };
    await create(PERSISTENT_VOLUME_CLAIMS, {
      apiVersion: 'v1',
      kind: 'PersistentVolumeClaim',
      metadata: { namespace: 'default', name: 'data' },
      spec,
    });
    const { out } = await run(EXPORT, 'pvc/data', '--output=json');
    const { objects } = load(out) as { objects: object[] };
    expect(objects).toMatchObject([
      { metadata: { name: 'pv-1' }, spec: { persistentVolumeReclaimPolicy: 'Retain', csi: { volumeHandle: 'vol-1' } } },
      { kind: 'PersistentVolumeClaim', spec: { volumeName: 'pv-1' } },
    ]);
    expect(JSON.stringify(objects)).not.toMatch(/uid|finalizers|provisioned-by|resourceVersion/);
  });

  test('what is not there or not ready is told in a line', async () => {
    expect(await run(EXPORT, 'vs/none')).toMatchObject({ code: 1, err: 'export: there is no VolumeSnapshot none in namespace default' });
    await run(IMPORT, ...WORDS, '--create');
    expect(await run(EXPORT, 'vs/taken')).toMatchObject({ code: 1, err: expect.stringContaining('has no content yet') });
    expect((await run(EXPORT, 'pod/x')).code).toBe(2);
  });
});

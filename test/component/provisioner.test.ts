/**
 * The role csi-provisioner against the sandbox and the mock driver, through its main: what it writes, how
 * many calls that takes, what users see, and how it heals. Crashes and races are the simulation's.
 */
import { isJournal, openEntries } from '../../harness/journal-entries.ts';
import { expect, test } from 'vitest';
import { CreateVolumeRequest } from '../../proto/gen/csi.ts';
import type {
  CoreEvent,
  Lease,
  PersistentVolume,
  PersistentVolumeClaim,
  VolumeSnapshot,
  VolumeSnapshotContent,
} from '../../lib/kube/objects.ts';
import type { Stage, StageOptions } from './provisioner-stage.ts';
import { snapshotClass } from '../simulation/manifests.ts';
import { DRIVER, onStage } from './provisioner-stage.ts';

const CLAIMS = '/api/v1/namespaces/shop/persistentvolumeclaims';
const VOLUMES = '/api/v1/persistentvolumes';
const SNAPSHOTS = '/apis/snapshot.storage.k8s.io/v1/namespaces/shop/volumesnapshots';
const CLASSES = '/apis/storage.k8s.io/v1/storageclasses';
const LEASES = '/apis/coordination.k8s.io/v1/namespaces/kube-system/leases';
const VOLUME_FINALIZER = 'external-provisioner.volume.kubernetes.io/finalizer';
const SNAPSHOT_FINALIZER = 'provisioner.storage.kubernetes.io/volumesnapshot-as-source-protection';

const storageClass = (change: object = {}) => ({
  apiVersion: 'storage.k8s.io/v1',
  kind: 'StorageClass',
  metadata: { name: 'fast' },
  provisioner: DRIVER,
  reclaimPolicy: 'Delete',
  volumeBindingMode: 'Immediate',
  ...change,
});

const claim = (name: string, spec: object = {}) => ({
  apiVersion: 'v1',
  kind: 'PersistentVolumeClaim',
  metadata: { name, namespace: 'shop' },
  spec: { accessModes: ['ReadWriteOnce'], storageClassName: 'fast', resources: { requests: { storage: '1Gi' } }, ...spec },
});

const fromSnapshot = (name: string) => ({ dataSource: { apiGroup: 'snapshot.storage.k8s.io', kind: 'VolumeSnapshot', name } });

async function open(options: StageOptions, story: (stage: Stage) => Promise<void>, classChange: object = {}): Promise<void> {
  await onStage(options, async (stage) => {
    await stage.send('POST', '/api/v1/namespaces', { metadata: { name: 'shop' } });
    await stage.create(CLASSES, storageClass(classChange));
    await stage.until('the start', () => Promise.resolve(stage.log.some((line) => line.includes('Working'))));
    stage.forget();
    await story(stage);
  });
}

const getClaim = (stage: Stage, name: string) => stage.get<PersistentVolumeClaim>(`${CLAIMS}/${name}`);

async function bound(stage: Stage, name: string, limitMs?: number): Promise<PersistentVolume> {
  await stage.until(`claim ${name} bound`, async () => (await getClaim(stage, name))?.status?.phase === 'Bound', limitMs);
  const volume = await stage.get<PersistentVolume>(`${VOLUMES}/${(await getClaim(stage, name))?.spec?.volumeName ?? ''}`);
  if (volume === undefined) throw new Error('no PV');
  return volume;
}

async function gone(stage: Stage, path: string): Promise<void> {
  await stage.until(`${path} gone`, async () => (await stage.get(path)) === undefined);
}

async function reasons(stage: Stage, name: string): Promise<readonly string[]> {
  const events = await stage.list<CoreEvent>('/api/v1/namespaces/shop/events');
  return events
    .filter((event) => event.involvedObject?.name === name && (event.source?.component ?? '').startsWith(DRIVER))
    .map((event) => `${event.type ?? ''} ${event.reason ?? ''}: ${event.message ?? ''}`);
}

const ELECTED = ['--leader-election', '--leader-election-namespace=kube-system'];

const settle = (stage: Stage): Promise<void> => stage.pause(3_000);
const entries = async (stage: Stage): Promise<readonly string[]> => openEntries(await stage.list<Lease>(LEASES));
const sorted = (calls: readonly string[]): readonly string[] => [...calls].sort();

test('a volume is made, recorded and deleted in five calls and two', () =>
  open({}, async (stage) => {
    // The journal is made for the first claim of a process.
    await stage.create(CLAIMS, claim('first'));
    await bound(stage, 'first');
    await settle(stage);
    stage.forget();
    await stage.create(CLAIMS, claim('data'));
    const volume = await bound(stage, 'data');
    await settle(stage);
    expect(sorted(stage.calls)).toEqual(['POST events', 'POST events', 'POST persistentvolumes', 'PUT leases', 'PUT leases']);
    expect(volume.metadata?.finalizers).toContain('external-provisioner.volume.kubernetes.io/finalizer');
    expect(volume.spec).toMatchObject({ capacity: { storage: '1Gi' }, persistentVolumeReclaimPolicy: 'Delete', csi: { driver: DRIVER } });
    expect(await reasons(stage, 'data')).toEqual([
      'Normal Provisioning: External provisioner is provisioning volume for claim "shop/data"',
      `Normal ProvisioningSucceeded: Successfully provisioned volume ${volume.metadata?.name ?? ''}`,
    ]);
    stage.forget();
    await stage.send('DELETE', `${CLAIMS}/data`);
    await gone(stage, `${VOLUMES}/${volume.metadata?.name ?? ''}`);
    await settle(stage);
    expect(stage.calls).toEqual(['DELETE persistentvolumes', 'PATCH persistentvolumes']);
    expect(stage.driver.ledger().volumes).toHaveLength(1);
    expect(await entries(stage)).toEqual([]);
  }));

test('without crash safety three calls, and no Lease', () =>
  open({ flags: ['--crash-safe-provisioning=false'] }, async (stage) => {
    await stage.create(CLAIMS, claim('data'));
    await bound(stage, 'data');
    await settle(stage);
    expect(sorted(stage.calls)).toEqual(['POST events', 'POST events', 'POST persistentvolumes']);
  }));

test('a class that retains: no finalizer comes and goes, and the volume stays', () =>
  open(
    {},
    async (stage) => {
      await stage.create(CLAIMS, claim('data'));
      const volume = await bound(stage, 'data');
      await stage.send('DELETE', `${CLAIMS}/data`);
      await stage.until(
        'released',
        async () => (await stage.get<PersistentVolume>(`${VOLUMES}/${volume.metadata?.name ?? ''}`))?.status?.phase === 'Released',
      );
      await settle(stage);
      expect(stage.calls.filter((call) => call.includes('persistentvolumes'))).toEqual(['POST persistentvolumes']);
      expect(stage.driver.ledger().volumes).toHaveLength(1);
    },
    { reclaimPolicy: 'Retain' },
  ));

async function aReadySnapshot(stage: Stage): Promise<void> {
  await stage.create(CLAIMS, claim('data'));
  await bound(stage, 'data');
  await stage.create('/apis/snapshot.storage.k8s.io/v1/volumesnapshotclasses', snapshotClass('snap'));
  await stage.create(SNAPSHOTS, {
    apiVersion: 'snapshot.storage.k8s.io/v1',
    kind: 'VolumeSnapshot',
    metadata: { name: 'monday', namespace: 'shop' },
    spec: { volumeSnapshotClassName: 'snap', source: { persistentVolumeClaimName: 'data' } },
  });
  await stage.until('the snapshot', async () => (await stage.get<VolumeSnapshot>(`${SNAPSHOTS}/monday`))?.status?.readyToUse === true);
  await settle(stage);
  stage.forget();
}

const finalizersOf = async (stage: Stage): Promise<readonly string[]> =>
  (await stage.get<VolumeSnapshot>(`${SNAPSHOTS}/monday`))?.metadata?.finalizers ?? [];

test('the reclaim policy of a PV that somebody made by hand is honoured: it is held, its volume goes, then it goes', () =>
  open({}, async (stage) => {
    const volume = {
      apiVersion: 'v1',
      kind: 'PersistentVolume',
      metadata: { name: 'by-hand' },
      spec: {
        accessModes: ['ReadWriteOnce'],
        capacity: { storage: '1Gi' },
        csi: { driver: DRIVER, volumeHandle: 'found-in-the-storage' },
        persistentVolumeReclaimPolicy: 'Delete',
        storageClassName: 'fast',
      },
    };
    await stage.create(VOLUMES, volume);
    await stage.create(CLAIMS, claim('data', { volumeName: 'by-hand' }));
    await bound(stage, 'data');
    const held = async () => (await stage.get<PersistentVolume>(`${VOLUMES}/by-hand`))?.metadata?.finalizers?.includes(VOLUME_FINALIZER);
    await stage.until('held', async () => (await held()) === true);
    await stage.send('DELETE', `${VOLUMES}/by-hand`);
    await stage.send('DELETE', `${CLAIMS}/data`);
    await gone(stage, `${VOLUMES}/by-hand`);
    expect(stage.rpcs.filter(({ rpc }) => rpc === 'DeleteVolume')).toHaveLength(1);
    expect(stage.rpcs.filter(({ rpc }) => rpc === 'CreateVolume')).toEqual([]);
  }));

test('a restore takes eight calls: the snapshot is protected before the call and let go after it', () =>
  open({ snapshots: true }, async (stage) => {
    await aReadySnapshot(stage);
    await stage.create(CLAIMS, claim('restored', fromSnapshot('monday')));
    await bound(stage, 'restored');
    await settle(stage);
    expect(sorted(stage.calls)).toEqual([
      'GET volumesnapshotcontents',
      'POST events',
      'POST events',
      'POST persistentvolumes',
      'PUT leases',
      'PUT leases',
      'PUT volumesnapshots',
      'PUT volumesnapshots',
    ]);
    expect(stage.calls.indexOf('PUT volumesnapshots')).toBeLessThan(stage.calls.indexOf('PUT leases'));
    expect(await finalizersOf(stage)).not.toContain(SNAPSHOT_FINALIZER);
    const handle = (await stage.list<VolumeSnapshotContent>('/apis/snapshot.storage.k8s.io/v1/volumesnapshotcontents'))[0]?.status
      ?.snapshotHandle;
    const asked = stage.rpcs.find(({ rpc }) => rpc === 'CreateVolume');
    expect(CreateVolumeRequest.decode(asked?.request ?? new Uint8Array()).volumeContentSource?.type).toEqual({
      $case: 'snapshot',
      value: { snapshotId: handle },
    });
  }));

test('opt-ins: a restore into less is made as large as it needs, and labels of the list go along', () =>
  open({ snapshots: true, flags: ['--restore-size-auto-raise', '--copy-labels=team'] }, async (stage) => {
    await aReadySnapshot(stage);
    const small = claim('small', { ...fromSnapshot('monday'), resources: { requests: { storage: '1Mi' } } });
    await stage.create(CLAIMS, { ...small, metadata: { ...small.metadata, labels: { team: 'blue', tier: 'gold' } } });
    const volume = await bound(stage, 'small');
    expect(volume).toMatchObject({ metadata: { labels: { team: 'blue' } }, spec: { capacity: { storage: '1Gi' } } });
    expect(await reasons(stage, 'small')).toContain(
      'Normal RestoreSizeRaised: the claim asks for 1048576 bytes, and VolumeSnapshot monday restores to 1073741824: the volume is made that large',
    );
    const last = CreateVolumeRequest.decode(stage.rpcs.filter(({ rpc }) => rpc === 'CreateVolume').at(-1)?.request ?? new Uint8Array());
    expect(last.parameters).toMatchObject({ 'csi.storage.k8s.io/pvc/labels/team': 'blue' });
    expect(Object.keys(last.parameters)).not.toContain('csi.storage.k8s.io/pvc/labels/tier');
  }));

test('of restores side by side the last one lets the snapshot go', () =>
  open({ snapshots: true }, async (stage) => {
    await aReadySnapshot(stage);
    let slow = '';
    stage.driverFault = ({ rpc, subject }) => {
      if (rpc !== 'CreateVolume') return undefined;
      if (slow === '') slow = subject;
      return subject === slow ? { code: 'UNAVAILABLE' } : undefined;
    };
    await stage.create(CLAIMS, claim('first', fromSnapshot('monday')));
    await stage.until('the first call', () => Promise.resolve(slow !== ''));
    await stage.create(CLAIMS, claim('second', fromSnapshot('monday')));
    await bound(stage, 'second');
    await settle(stage);
    expect(await finalizersOf(stage)).toContain(SNAPSHOT_FINALIZER);
    stage.driverFault = undefined;
    await bound(stage, 'first', 600_000);
    await settle(stage);
    expect(await finalizersOf(stage)).not.toContain(SNAPSHOT_FINALIZER);
  }));

test('where VolumeSnapshots may only be read one by one, a restore works all the same', () =>
  open({ snapshots: true }, async (stage) => {
    await aReadySnapshot(stage);
    stage.refuse = ({ method, path }) => (method === 'GET' && /\/volumesnapshots\?/.test(path) ? 403 : undefined);
    await stage.restart();
    await stage.create(CLAIMS, claim('restored', fromSnapshot('monday')));
    await bound(stage, 'restored', 300_000);
    await settle(stage);
    await stage.until('the protection gone', async () => !(await finalizersOf(stage)).includes(SNAPSHOT_FINALIZER));
    expect(stage.calls).toContain('GET volumesnapshots');
  }));

test('a driver without snapshots has no say in the protection of any', () =>
  open(
    { disabled: ['CREATE_DELETE_SNAPSHOT', 'LIST_SNAPSHOTS', 'GET_SNAPSHOT', 'CREATE_DELETE_GET_VOLUME_GROUP_SNAPSHOT'] },
    async (stage) => {
      const spec = { source: { persistentVolumeClaimName: 'source' } };
      await stage.create(SNAPSHOTS, {
        apiVersion: 'snapshot.storage.k8s.io/v1',
        kind: 'VolumeSnapshot',
        metadata: { name: 'monday', namespace: 'shop', finalizers: [SNAPSHOT_FINALIZER] },
        spec,
      });
      await stage.restart();
      stage.forget();
      await stage.pause(10 * 60_000);
      expect(await finalizersOf(stage)).toEqual([SNAPSHOT_FINALIZER]);
      // Beside what the start asks about the server itself.
      expect(stage.calls.filter((call) => !call.startsWith('GET /'))).toEqual([]);
    },
  ));

test('a protection that a crash left behind goes at the next start', () =>
  open({ snapshots: true }, async (stage) => {
    await aReadySnapshot(stage);
    await stage.send('PATCH', `${SNAPSHOTS}/monday`, { metadata: { finalizers: [...(await finalizersOf(stage)), SNAPSHOT_FINALIZER] } });
    await stage.restart();
    // What the restore that crashed had sent may still arrive for a minute.
    await stage.until('the protection gone', async () => !(await finalizersOf(stage)).includes(SNAPSHOT_FINALIZER), 70_000);
  }));

test('a claim that names a missing snapshot is told, and heals when it comes, without a restart', () =>
  open({ snapshots: true }, async (stage) => {
    await stage.create(CLAIMS, claim('early', fromSnapshot('monday')));
    await stage.pause(120_000);
    expect(await reasons(stage, 'early')).toEqual([
      'Normal Provisioning: External provisioner is provisioning volume for claim "shop/early"',
      'Warning ProvisioningFailed: error getting handle for DataSource Type VolumeSnapshot by Name monday: error getting snapshot monday from api server: volumesnapshots.snapshot.storage.k8s.io "monday" not found',
    ]);
    const before = stage.calls.filter((call) => call.endsWith('events')).length;
    // 1 s, 2 s, 4 s, …, two each time: the telling follows the back-off.
    expect(before).toBeLessThanOrEqual(16);
    await aReadySnapshot(stage);
    await bound(stage, 'early', 2_000);
  }));

test('a source that is deleted meanwhile is held until the clone is made', () =>
  open({}, async (stage) => {
    await stage.create(CLAIMS, claim('data'));
    await bound(stage, 'data');
    await settle(stage);
    stage.forget();
    let calls = 0;
    stage.driverFault = ({ rpc }) => (rpc === 'CreateVolume' && (calls += 1) === 1 ? { code: 'UNAVAILABLE' } : undefined);
    await stage.create(CLAIMS, claim('copy', { dataSource: { kind: 'PersistentVolumeClaim', name: 'data' } }));
    await stage.until('the first call', () => Promise.resolve(calls > 0));
    await stage.send('DELETE', `${CLAIMS}/data`);
    await stage.pause(500);
    expect(await getClaim(stage, 'data')).toBeDefined();
    await bound(stage, 'copy');
    await gone(stage, `${CLAIMS}/data`);
  }));

test('a clone that goes well takes six calls', () =>
  open({}, async (stage) => {
    await stage.create(CLAIMS, claim('data'));
    await bound(stage, 'data');
    await settle(stage);
    stage.forget();
    await stage.create(CLAIMS, claim('copy', { dataSource: { kind: 'PersistentVolumeClaim', name: 'data' } }));
    await bound(stage, 'copy');
    await settle(stage);
    expect(sorted(stage.calls)).toEqual([
      'POST events',
      'POST events',
      'POST persistentvolumes',
      'PUT leases',
      'PUT leases',
      'PUT persistentvolumeclaims',
    ]);
  }));

const SECRET_CLASS = {
  parameters: { 'csi.storage.k8s.io/secret-name': '${pvc.name}-key', 'csi.storage.k8s.io/secret-namespace': '${pvc.namespace}' },
};

test('a missing secret is told and heals; its content is seen by the driver and by nobody else', () =>
  open(
    { requireSecrets: { password: 'hunter2' } },
    async (stage) => {
      const written: string[] = [];
      stage.refuse = ({ method, body }) => {
        if (method !== 'GET') written.push(new TextDecoder().decode(body));
        return undefined;
      };
      await stage.create(CLAIMS, claim('data'));
      await stage.pause(5_000);
      expect(await reasons(stage, 'data')).toContain(
        'Warning ProvisioningFailed: error getting secret data-key in namespace shop: secrets "data-key" not found',
      );
      expect(stage.rpcs.filter(({ rpc }) => rpc === 'CreateVolume')).toEqual([]);
      await stage.create('/api/v1/namespaces/shop/secrets', {
        metadata: { name: 'data-key', namespace: 'shop' },
        data: { password: Buffer.from('hunter2').toString('base64') },
      });
      const volume = await bound(stage, 'data', 300_000);
      expect(volume.metadata?.annotations).toMatchObject({ 'volume.kubernetes.io/provisioner-deletion-secret-name': 'data-key' });
      await stage.send('DELETE', `${CLAIMS}/data`);
      await gone(stage, `${VOLUMES}/${volume.metadata?.name ?? ''}`);
      for (const text of [...stage.log, ...written]) expect(text).not.toContain('hunter2');
    },
    SECRET_CLASS,
  ));

test('a volume whose secret is gone is asked for without, and the event and the log name the secret', () =>
  open(
    { requireSecrets: { password: 'hunter2' } },
    async (stage) => {
      const secrets = '/api/v1/namespaces/shop/secrets';
      const secret = { metadata: { name: 'data-key', namespace: 'shop' }, data: { password: Buffer.from('hunter2').toString('base64') } };
      await stage.create(secrets, secret);
      await stage.create(CLAIMS, claim('data'));
      const volume = await bound(stage, 'data', 300_000);
      const name = volume.metadata?.name ?? '';
      await stage.send('DELETE', `${secrets}/data-key`);
      await stage.send('DELETE', `${CLAIMS}/data`);
      await stage.pause(5_000);
      const events = await stage.list<CoreEvent>('/api/v1/namespaces/default/events');
      expect(events.filter(({ involvedObject }) => involvedObject?.name === name).map(({ message }) => message)).toContainEqual(
        expect.stringMatching(/secret shop\/data-key, named by the annotations \S*provisioner-deletion-secret-name .*cannot be read/),
      );
      expect(stage.log.some((line) => line.includes('reference="shop/data-key"'))).toBe(true);
      await stage.create(secrets, secret);
      await gone(stage, `${VOLUMES}/${name}`);
    },
    SECRET_CLASS,
  ));

test('where Leases may not be written: one warning, and provisioning goes on', () =>
  open({}, async (stage) => {
    stage.refuse = ({ method, path }) => (method === 'POST' && path.endsWith('/leases') ? 403 : undefined);
    for (const name of ['a', 'b', 'c']) {
      await stage.create(CLAIMS, claim(name));
      await bound(stage, name);
    }
    expect(stage.log.filter((line) => line.includes('without an entry in the journal'))).toHaveLength(1);
    expect(stage.calls.filter((call) => call === 'POST leases')).toHaveLength(1);
  }));

test('a claim deleted while its call is undecided: the call is repeated, the volume gets its PV and is deleted by it', () =>
  open({}, async (stage) => {
    stage.driverFault = ({ rpc }) => (rpc === 'CreateVolume' ? { code: 'DEADLINE_EXCEEDED', effect: true } : undefined);
    await stage.create(CLAIMS, claim('data'));
    await stage.until('the first call', () => Promise.resolve(stage.rpcs.some(({ rpc }) => rpc === 'CreateVolume')));
    await stage.send('DELETE', `${CLAIMS}/data`);
    await gone(stage, `${CLAIMS}/data`);
    await stage.restart();
    await stage.pause(10_000);
    expect(stage.driver.ledger().volumes).toHaveLength(1);
    expect(await entries(stage)).toHaveLength(1);
    stage.driverFault = undefined;
    await stage.until(
      'nothing left',
      async () => stage.driver.ledger().volumes.length === 0 && (await stage.list(VOLUMES)).length === 0,
      600_000,
    );
    await settle(stage);
    expect(await entries(stage)).toEqual([]);
  }));

test('a driver that says the claim is wrong is asked again at the longest interval, others by the back-off', () =>
  open({}, async (stage) => {
    stage.driverFault = ({ rpc }) => (rpc === 'CreateVolume' ? { code: 'INVALID_ARGUMENT' } : undefined);
    await stage.create(CLAIMS, claim('data'));
    await stage.pause(304_000);
    const times = stage.rpcs.filter(({ rpc }) => rpc === 'CreateVolume').map(({ atMs }) => atMs);
    expect(times).toHaveLength(2);
    expect(Math.round(((times[1] ?? 0) - (times[0] ?? 0)) / 1000)).toBe(300);
    // Somebody edits labels all the time: nothing is brought forward.
    stage.driverFault = ({ rpc }) => (rpc === 'CreateVolume' ? { code: 'INTERNAL' } : undefined);
    await stage.create(CLAIMS, claim('other'));
    stage.forget();
    for (let second = 0; second < 40; second += 1) {
      await stage.send('PATCH', `${CLAIMS}/other`, { metadata: { labels: { second: String(second) } } });
      await stage.pause(1_000);
    }
    expect(stage.rpcs.filter(({ rpc }) => rpc === 'CreateVolume')).toHaveLength(6);
  }));

test('a volume that is too small is neither bound nor lost', () =>
  open({}, async (stage) => {
    stage.driverFault = ({ rpc }) => (rpc === 'CreateVolume' ? { answer: { set: { 'volume.capacity_bytes': '5' } } } : undefined);
    await stage.create(CLAIMS, claim('data'));
    await stage.pause(10_000);
    expect((await reasons(stage, 'data')).join()).toContain('created volume capacity 5 less than requested capacity 1073741824');
    expect(await stage.list(VOLUMES)).toEqual([]);
    await stage.send('DELETE', `${CLAIMS}/data`);
    await stage.until(
      'nothing left',
      async () => stage.driver.ledger().volumes.length === 0 && (await entries(stage)).length === 0,
      600_000,
    );
  }));

test('one driver call that answers nonsense hurts nobody else', () =>
  open({}, async (stage) => {
    let bad = '';
    stage.driverFault = ({ rpc, subject }) => {
      if (rpc !== 'CreateVolume') return undefined;
      if (bad === '') bad = subject;
      return subject === bad ? { answer: { drop: ['volume'] } } : undefined;
    };
    await stage.create(CLAIMS, claim('data'));
    await stage.until('the first call', () => Promise.resolve(bad !== ''));
    await stage.create(CLAIMS, claim('other'));
    await bound(stage, 'other');
    await stage.until('the word', async () => (await reasons(stage, 'data')).join().includes('answered CreateVolume without a volume'));
    stage.driverFault = undefined;
    await bound(stage, 'data', 600_000);
  }));

const journals = async (stage: Stage): Promise<readonly Lease[]> =>
  (await stage.list<Lease>(LEASES)).filter(({ metadata }) => isJournal(metadata?.name));

test('a journal that somebody deletes while a call is undecided is not forgotten', () =>
  open({}, async (stage) => {
    stage.driverFault = ({ rpc }) => (rpc === 'CreateVolume' ? { code: 'DEADLINE_EXCEEDED', effect: true } : undefined);
    await stage.create(CLAIMS, claim('data'));
    await stage.until('the first call', () => Promise.resolve(stage.rpcs.some(({ rpc }) => rpc === 'CreateVolume')));
    for (const { metadata } of await journals(stage)) await stage.send('DELETE', `${LEASES}/${metadata?.name ?? ''}`);
    await stage.send('DELETE', `${CLAIMS}/data`);
    stage.driverFault = undefined;
    await stage.until(
      'nothing left',
      async () => stage.driver.ledger().volumes.length === 0 && (await stage.list(VOLUMES)).length === 0,
      600_000,
    );
    expect(stage.rpcs.some(({ rpc }) => rpc === 'DeleteVolume')).toBe(true);
  }));

test('an entry that cannot be read is told, stands, and hinders nobody', () =>
  open({ flags: ELECTED }, async (stage) => {
    await stage.until('the journal', async () => (await journals(stage)).length === 1);
    const [journal] = await journals(stage);
    const name = journal?.metadata?.name ?? '';
    await stage.send('PATCH', `${LEASES}/${name}`, {
      metadata: { annotations: { 'csi-sidecars/entries': '{"6bb7b8a2-4c2d-4a3a-9a2e-0f7b8f6d1c11":{"requests":7}}' } },
    });
    await stage.restart();
    await stage.create(CLAIMS, claim('data'));
    await bound(stage, 'data', 120_000);
    expect(stage.log.join('')).toContain('the entry of claim uid 6bb7b8a2-4c2d-4a3a-9a2e-0f7b8f6d1c11 is not acted upon');
    expect(await entries(stage)).toContain('6bb7b8a2-4c2d-4a3a-9a2e-0f7b8f6d1c11');
  }));

test('a new leader reads a waiting claim once, and later claims not at all', () =>
  open({ flags: ELECTED }, async (stage) => {
    stage.driverFault = ({ rpc }) => (rpc === 'CreateVolume' ? { code: 'INTERNAL' } : undefined);
    await stage.create(CLAIMS, claim('waiting', { storageClassName: 'late' }));
    await stage.restart();
    // Elected, and so long at work that nothing of an earlier process can arrive any more.
    await stage.pause(120_000);
    stage.forget();
    stage.driverFault = undefined;
    await stage.create(CLASSES, storageClass({ metadata: { name: 'late' } }));
    await bound(stage, 'waiting', 600_000);
    expect(stage.calls.filter((call) => call.startsWith('GET'))).toEqual(['GET persistentvolumeclaims']);
    await settle(stage);
    stage.forget();
    await stage.create(CLAIMS, claim('fresh'));
    await bound(stage, 'fresh');
    await settle(stage);
    expect(sorted(stage.calls)).toEqual(['POST events', 'POST events', 'POST persistentvolumes', 'PUT leases', 'PUT leases']);
  }));

test('a source of another namespace needs the gate and a grant, and heals when the grant comes', () =>
  open({ snapshots: true, flags: ['--feature-gates=CrossNamespaceVolumeDataSource=true'] }, async (stage) => {
    await aReadySnapshot(stage);
    await stage.send('POST', '/api/v1/namespaces', { metadata: { name: 'lab' } });
    const source = { apiGroup: 'snapshot.storage.k8s.io', kind: 'VolumeSnapshot', name: 'monday', namespace: 'shop' };
    const { metadata, ...rest } = claim('abroad', { dataSourceRef: source });
    const path = '/api/v1/namespaces/lab/persistentvolumeclaims';
    await stage.create(path, { ...rest, metadata: { ...metadata, namespace: 'lab' } });
    await stage.pause(5_000);
    const told = await stage.list<CoreEvent>('/api/v1/namespaces/lab/events');
    expect(told.map(({ message = '' }) => message).join()).toContain('no ReferenceGrant in namespace shop allows');
    await stage.create('/apis/gateway.networking.k8s.io/v1beta1/namespaces/shop/referencegrants', {
      apiVersion: 'gateway.networking.k8s.io/v1beta1',
      kind: 'ReferenceGrant',
      metadata: { name: 'lab', namespace: 'shop' },
      spec: {
        from: [{ group: '', kind: 'PersistentVolumeClaim', namespace: 'lab' }],
        to: [{ group: 'snapshot.storage.k8s.io', kind: 'VolumeSnapshot' }],
      },
    });
    await stage.until('bound', async () => (await stage.get<PersistentVolumeClaim>(`${path}/abroad`))?.status?.phase === 'Bound', 2_000);
  }));

test('two claims whose names were cut to the same never share a volume', () =>
  open({ flags: ['--volume-name-uuid-length=1'] }, async (stage) => {
    for (let index = 0; index < 24; index += 1) await stage.create(CLAIMS, claim(`data-${index}`));
    await stage.pause(30_000);
    const volumes = await stage.list<PersistentVolume>(VOLUMES);
    const claims = await stage.list<PersistentVolumeClaim>(CLAIMS);
    const handles = volumes.map(({ spec }) => spec?.csi?.volumeHandle);
    expect(new Set(handles).size).toBe(handles.length);
    expect(claims.filter(({ status }) => status?.phase === 'Bound')).toHaveLength(volumes.length);
    // When the first one has gone, the next gets the name, and a volume of its own.
    const waiting = claims.find(({ status }) => status?.phase !== 'Bound')?.metadata?.uid ?? '';
    const path = `${VOLUMES}/pvc-${waiting.slice(0, 1)}`;
    const first = await stage.get<PersistentVolume>(path);
    await stage.send('DELETE', `${CLAIMS}/${first?.spec?.claimRef?.name ?? ''}`);
    const next = async (): Promise<boolean> => {
      const volume = await stage.get<PersistentVolume>(path);
      return (
        volume?.status?.phase === 'Bound' &&
        volume.metadata?.uid !== first?.metadata?.uid &&
        volume.spec?.csi?.volumeHandle !== first?.spec?.csi?.volumeHandle
      );
    };
    await stage.until('the next one bound', next, 2_000_000);
  }));

import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { PersistentVolume } from '../../lib/kube/objects.ts';
import { aClass, aVolume, DRIVER } from '../testing/objects.ts';
import { decide } from './decide.ts';
import { csiHandle } from '../migration/plugins.ts';
import { absorb } from './execute.ts';
import { deletionSecret, isOurs } from './ownership.ts';
import type { VolumeState } from './state.ts';

const released = (change: Parameters<typeof aVolume>[0] = {}) => aVolume({ status: { phase: 'Released' }, ...change });

function aState(change: Partial<VolumeState> = {}): VolumeState {
  const { volume = released() } = change;
  return {
    name: 'pvc-1',
    driver: DRIVER,
    capabilities: new Set(['CONTROLLER_SERVICE', 'CREATE_DELETE_VOLUME']),
    volume,
    handle: csiHandle(DRIVER, volume),
    attachedTo: [],
    making: 'over',
    deleted: false,
    behind: false,
    secret: { kind: 'none' },
    reachable: true,
    gone: false,
    failure: undefined,
    ...change,
  };
}

const kind = (change: Partial<VolumeState>): string => decide(aState(change)).kind;
const OURS = 'external-provisioner.volume.kubernetes.io/finalizer';

test.each<[string, PersistentVolume, boolean]>([
  ['made by us', aVolume({ metadata: { annotations: { 'pv.kubernetes.io/provisioned-by': DRIVER } } }), true],
  ['made by another', aVolume({ metadata: { annotations: { 'pv.kubernetes.io/provisioned-by': 'other' } } }), false],
  [
    'made by another and migrated to us',
    aVolume({ metadata: { annotations: { 'pv.kubernetes.io/provisioned-by': 'other', 'pv.kubernetes.io/migrated-to': DRIVER } } }),
    true,
  ],
  ['static, of our driver', aVolume(), true],
  ['static, of another driver', aVolume({ csi: { driver: 'other', volumeHandle: 'x' } }), false],
])('a PV %s', (_, volume, ours) => {
  expect(isOurs(DRIVER, volume)).toBe(ours);
});

test('a PV of others is left alone, whatever its state', () => {
  expect(decide(aState({ volume: released({ csi: { driver: 'other', volumeHandle: 'x' } }) }))).toMatchObject({ kind: 'done' });
});

test('a bound PV that is to be deleted one day gets our finalizer, once', () => {
  expect(kind({ volume: aVolume({ metadata: { finalizers: ['kubernetes.io/pv-protection'] } }) })).toBe('add-finalizer');
  expect(kind({ volume: aVolume() })).toBe('done');
  expect(kind({ volume: aVolume({ metadata: { finalizers: [], deletionTimestamp: 'now' } }) })).toBe('done');
});

test('a PV that is kept loses our finalizer and is never deleted', () => {
  for (const persistentVolumeReclaimPolicy of ['Retain', 'Recycle']) {
    expect(kind({ volume: released({ persistentVolumeReclaimPolicy }) })).toBe('remove-finalizer');
    expect(kind({ volume: released({ persistentVolumeReclaimPolicy, metadata: { finalizers: [] } }) })).toBe('done');
  }
});

test.each(['Available', 'Bound', 'Pending', 'Failed'])('a PV in phase %s is not deleted, even if somebody deletes the object', (phase) => {
  expect(kind({ volume: aVolume({ status: { phase } }) })).toBe('done');
  expect(kind({ volume: aVolume({ status: { phase }, metadata: { deletionTimestamp: 'now' } }) })).toBe('done');
});

test('released: the volume, then the object, then our finalizer, then nothing', () => {
  expect(decide(aState())).toMatchObject({ kind: 'delete-volume', handle: 'vol-1', secret: undefined });
  expect(kind({ deleted: true })).toBe('delete-object');
  expect(kind({ deleted: true, volume: released({ metadata: { deletionTimestamp: 'now' } }) })).toBe('remove-finalizer');
  expect(kind({ deleted: true, volume: released({ metadata: { deletionTimestamp: 'now', finalizers: ['x'] } }) })).toBe('done');
  expect(kind({ gone: true })).toBe('done');
});

test('an object that is going already is not deleted a second time', () => {
  expect(kind({ volume: released({ metadata: { deletionTimestamp: 'now' } }) })).toBe('delete-volume');
  expect(kind({ volume: released({ metadata: { deletionTimestamp: 'now', finalizers: ['other'] } }) })).toBe('done');
});

test('a PV without our finalizer is deleted as long as the object stands', () => {
  expect(kind({ volume: released({ metadata: { finalizers: [] } }) })).toBe('delete-volume');
});

test('while the volume may still be made, or the cache is behind our own write, nothing happens', () => {
  expect(kind({ making: 'open' })).toBe('done');
  expect(kind({ behind: true, deleted: true })).toBe('done');
});

test('once the volume is made its deletion waits for nothing but the end of its entry', () => {
  const closing = aState({ making: 'closing' });
  const step = decide(closing);
  expect(step).toMatchObject({ kind: 'finish-closing', backoff: 'delete-volume' });
  if (step.kind !== 'finish-closing') throw new Error(step.kind);
  const after = decide(absorb(closing, step, { kind: 'closed' }));
  // One back-off holds both, so that they share their inputs.
  expect(after).toMatchObject({ kind: 'delete-volume', inputs: step.inputs });
});

test('an entry that is still being closed hinders nothing but the deletion', () => {
  expect(kind({ making: 'closing', volume: aVolume({ metadata: { finalizers: [] } }) })).toBe('add-finalizer');
  expect(kind({ making: 'closing', volume: released({ persistentVolumeReclaimPolicy: 'Retain' }) })).toBe('remove-finalizer');
  expect(kind({ making: 'closing', volume: aVolume() })).toBe('done');
});

test('an attached volume is not deleted, and the node is told at the pace of the back-off', () => {
  expect(decide(aState({ attachedTo: ['node-7'] }))).toMatchObject({
    kind: 'retry',
    backoff: 'report',
    reason: 'persistentvolume pvc-1 is still attached to node node-7, waiting for detach',
    events: [
      { type: 'Normal', reason: 'VolumeDelete', message: 'persistentvolume pvc-1 is still attached to node node-7, waiting for detach' },
    ],
  });
});

test('what is told anew is another problem, or the same of another PV', () => {
  const inputs = (change: Partial<VolumeState>): unknown => {
    const step = decide(aState(change));
    return step.kind === 'retry' ? step.inputs : step.kind;
  };
  expect(inputs({ attachedTo: ['node-7'] })).toBe(inputs({ attachedTo: ['node-7'] }));
  expect(inputs({ attachedTo: ['node-8'] })).not.toBe(inputs({ attachedTo: ['node-7'] }));
  expect(inputs({ attachedTo: ['node-7'], volume: released({ metadata: { uid: 'pv-2' } }) })).not.toBe(inputs({ attachedTo: ['node-7'] }));
});

// In the Go program's words, ours behind.
test.each<[string, Partial<VolumeState>, string]>([
  [
    'a volume of another driver under our annotation',
    {
      volume: released({
        metadata: { annotations: { 'pv.kubernetes.io/provisioned-by': DRIVER } },
        csi: { driver: 'other', volumeHandle: 'x' },
      }),
    },
    `invalid CSI PV (it has no volume of driver ${DRIVER})`,
  ],
  ['a volume without a handle', { volume: released({ csi: { driver: DRIVER } }) }, 'the PersistentVolume has no volume handle'],
  [
    'a driver that cannot do anything',
    { capabilities: new Set() },
    'CSI driver does not support dynamic provisioning: plugin CONTROLLER_SERVICE capability is not reported',
  ],
  [
    'a driver that cannot delete',
    { capabilities: new Set(['CONTROLLER_SERVICE']) },
    'CSI driver does not support dynamic provisioning: controller CREATE_DELETE_VOLUME capability is not reported',
  ],
  [
    'a secret that cannot be named',
    { secret: { kind: 'invalid', message: 'bad template' } },
    'failed to get secretreference for volume pvc-1: bad template',
  ],
])('told, not tried: %s', (_, change, message) => {
  expect(decide(aState(change))).toMatchObject({ kind: 'retry', backoff: 'report', events: [{ reason: 'VolumeFailedDelete', message }] });
});

test('a driver that fails is told and tried again', () => {
  expect(decide(aState({ failure: 'rpc error' }))).toMatchObject({
    kind: 'retry',
    backoff: 'delete-volume',
    events: [{ type: 'Warning', reason: 'VolumeFailedDelete', message: 'rpc error' }],
  });
});

test('labels of the PV bring no deletion forward, its policy does', () => {
  const inputs = (volume: PersistentVolume): string => {
    const step = decide(aState({ volume }));
    return step.kind === 'delete-volume' ? step.inputs : step.kind;
  };
  expect(inputs(released({ metadata: { finalizers: [OURS], labels: { a: 'b' }, resourceVersion: '9', uid: 'pv-1' } }))).toBe(
    inputs(released()),
  );
  expect(inputs(released({ csi: { driver: DRIVER, volumeHandle: 'other' } }))).not.toBe(inputs(released()));
});

const ANNOTATION = 'volume.kubernetes.io/provisioner-deletion-secret';
const withSecret = (name: string, namespace: string) =>
  aVolume({ metadata: { annotations: { [`${ANNOTATION}-name`]: name, [`${ANNOTATION}-namespace`]: namespace } } });
const secretive = aClass({
  parameters: { 'csi.storage.k8s.io/secret-name': '${pvc.name}', 'csi.storage.k8s.io/secret-namespace': 'vault' },
});

test('the secret is the one that the PV names, be it none', () => {
  expect(deletionSecret(DRIVER, withSecret('s', 'vault'), secretive)).toEqual({ kind: 'secret', ref: { name: 's', namespace: 'vault' } });
  expect(deletionSecret(DRIVER, withSecret('', ''), secretive)).toEqual({ kind: 'none' });
});

test('an older PV is asked by its class, as far as its claim is still known', () => {
  expect(deletionSecret(DRIVER, aVolume(), secretive)).toEqual({ kind: 'secret', ref: { name: 'data', namespace: 'vault' } });
  expect(deletionSecret(DRIVER, aVolume(), undefined)).toEqual({ kind: 'none' });
  const annotated = aClass({
    parameters: { 'csi.storage.k8s.io/secret-name': "${pvc.annotations['a']}", 'csi.storage.k8s.io/secret-namespace': 'vault' },
  });
  expect(deletionSecret(DRIVER, aVolume(), annotated).kind).toBe('invalid');
});

const word = fc.constantFrom(undefined, null, '', 'x', DRIVER, 'Delete', 'Released');
const part = <T>(whole: fc.Arbitrary<T>) => fc.oneof(fc.constantFrom(undefined, null), whole);
const odd = fc.record({
  metadata: part(
    fc.record({
      uid: word,
      annotations: part(fc.dictionary(fc.constantFrom('pv.kubernetes.io/provisioned-by', 'x'), word)),
      finalizers: part(fc.array(fc.constantFrom('', OURS))),
      deletionTimestamp: word,
    }),
  ),
  spec: part(
    fc.record({
      csi: part(fc.record({ driver: word, volumeHandle: word })),
      claimRef: part(fc.record({ uid: word })),
      persistentVolumeReclaimPolicy: word,
    }),
  ),
  status: part(fc.record({ phase: word })),
});

test('no shape of PV makes the decision throw', () => {
  fc.assert(
    fc.property(odd, fc.boolean(), (volume, deleted) => {
      const given = volume as PersistentVolume;
      expect(() => decide(aState({ volume: given, deleted, secret: deletionSecret(DRIVER, given, secretive) }))).not.toThrow();
    }),
    { seed: 5, numRuns: 500 },
  );
});

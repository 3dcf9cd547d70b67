/** PVs by their annotations and source: whose they are, what guards them, which secret deletes them, and what they are attached to. */
import { expect, test } from 'vitest';
import type { Informer } from '../../lib/controller/informer.ts';
import type { KubeObject, PersistentVolume, VolumeAttachment } from '../../lib/kube/objects.ts';
import { createClaimsInProgress } from '../intent/claims-in-progress.ts';
import { cacheOf } from '../testing/claim-world.ts';
import { aClass, aVolume, DRIVER, VOLUME_NAME } from '../testing/objects.ts';
import { aNode, settings } from '../testing/states.ts';
import { decide } from './decide.ts';
import { gather } from './gather.ts';
import { isOurs } from './ownership.ts';
import type { VolumeState } from './state.ts';

const MADE_BY = 'pv.kubernetes.io/provisioned-by';
const MIGRATED_TO = 'pv.kubernetes.io/migrated-to';
const SECRET = 'volume.kubernetes.io/provisioner-deletion-secret';

/** Of an in-tree plugin. */
function inTree(annotations: Readonly<Record<string, string>> | undefined, phase = 'Bound'): PersistentVolume {
  const { csi: _, ...spec } = aVolume().spec ?? {};
  const metadata = { name: VOLUME_NAME, uid: 'pv-1', ...(annotations === undefined ? {} : { annotations }) };
  return { metadata, spec: { ...spec, awsElasticBlockStore: { volumeID: 'vol-1' } }, status: { phase } };
}

interface World {
  readonly volume: PersistentVolume;
  readonly attachments?: readonly VolumeAttachment[];
  readonly withClass?: boolean;
  readonly node?: ReturnType<typeof aNode>;
}

function stateOf({ volume, attachments = [], withClass = true, node }: World): VolumeState {
  const byVolume = { byIndex: (_: string, name: string) => attachments.filter(({ spec }) => spec?.source?.persistentVolumeName === name) };
  const caches = {
    volumes: cacheOf(new Map([[VOLUME_NAME, volume]])),
    classes: cacheOf(new Map<string, KubeObject>(withClass ? [['fast', aClass()]] : [])),
    attachments: { store: byVolume } as unknown as Informer<VolumeAttachment>,
  };
  const rules = settings(node === undefined ? {} : { node });
  const state = gather({ caches, settings: () => rules, progress: createClaimsInProgress(), memories: new Map() }, VOLUME_NAME);
  if (state === undefined) throw new Error('no PV');
  return state;
}

test.each<[string, PersistentVolume, boolean]>([
  ['that we made and that was migrated to us', inTree({ [MADE_BY]: DRIVER, [MIGRATED_TO]: DRIVER }), true],
  ['that another made and that was migrated to another', inTree({ [MADE_BY]: 'foo', [MIGRATED_TO]: 'foo' }), false],
  ['of a plugin, made by hand', inTree(undefined), false],
  ['of a plugin, made by hand and migrated to us', inTree({ [MIGRATED_TO]: DRIVER }), true],
  ['of a plugin, made by hand and migrated to another', inTree({ [MIGRATED_TO]: 'foo' }), false],
])('a PV %s', (_, volume, ours) => {
  expect(isOurs(DRIVER, volume)).toBe(ours);
});

test('a migrated PV that is bound gets our finalizer, though somebody made it by hand', () => {
  expect(decide(stateOf({ volume: inTree({ [MIGRATED_TO]: DRIVER }) })).kind).toBe('add-finalizer');
});

test('a PV of ours without any source of a driver is told, not tried', () => {
  const { csi: _, ...spec } = aVolume().spec ?? {};
  const metadata = { ...aVolume().metadata, annotations: { [MADE_BY]: DRIVER } };
  expect(decide(stateOf({ volume: { metadata, spec, status: { phase: 'Released' } } }))).toMatchObject({
    kind: 'retry',
    events: [{ reason: 'VolumeFailedDelete', message: expect.stringContaining('invalid CSI PV') }],
  });
});

test.each([
  ['no secret', '', '', undefined],
  ['a secret', 'key', 'vault', { name: 'key', namespace: 'vault' }],
])('a PV that names %s is deleted by that where its class is gone', (_, name, namespace, secret) => {
  const annotations = { [`${SECRET}-name`]: name, [`${SECRET}-namespace`]: namespace };
  const volume = aVolume({ metadata: { ...aVolume().metadata, annotations }, status: { phase: 'Released' } });
  const { secret: found } = stateOf({ volume, withClass: false });
  expect(found).toEqual(secret === undefined ? { kind: 'none' } : { kind: 'secret', ref: secret });
});

const attachment = (volume: string, change: VolumeAttachment = {}): VolumeAttachment => ({
  metadata: { name: 'a' },
  spec: { nodeName: 'node-7', source: { persistentVolumeName: volume } },
  ...change,
});

test.each<[string, VolumeAttachment, string]>([
  ['that is attached', attachment(VOLUME_NAME, { status: { attached: true } }), 'retry'],
  ['that is not carried out yet', attachment(VOLUME_NAME, { status: { attached: false } }), 'retry'],
  ['that is going', attachment(VOLUME_NAME, { metadata: { name: 'a', deletionTimestamp: 'now' } }), 'retry'],
  ['of another PV', attachment('pv-of-others', { status: { attached: true } }), 'delete-volume'],
])('a released PV with an attachment %s', (_, given, kind) => {
  expect(decide(stateOf({ volume: aVolume({ status: { phase: 'Released' } }), attachments: [given] })).kind).toBe(kind);
});

test('a released PV of another node is left to that node', () => {
  const on = (value: string): PersistentVolume => {
    const nodeSelectorTerms = [{ matchExpressions: [{ key: 'node', operator: 'In', values: [value] }] }];
    return aVolume({ status: { phase: 'Released' }, nodeAffinity: { required: { nodeSelectorTerms } } });
  };
  expect(decide(stateOf({ volume: on('b'), node: aNode() })).kind).toBe('done');
  expect(decide(stateOf({ volume: on('a'), node: aNode() })).kind).toBe('delete-volume');
});

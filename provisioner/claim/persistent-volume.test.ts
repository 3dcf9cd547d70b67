import { expect, test } from 'vitest';
import type { Volume } from '../../proto/gen/csi.ts';
import { answerProblem, finishVolume, planForNobody, planVolume, unusable } from './persistent-volume.ts';
import type { PlanInput } from './persistent-volume.ts';
import { wholeDraftOf } from '../testing/drafts.ts';
import { requestOf } from './request.ts';
import type { Draft } from './request.ts';
import { aClaim, aClass, CLAIM_UID, DRIVER, VOLUME_NAME } from '../testing/objects.ts';
import { anIntent } from '../testing/states.ts';

function draft(change: Partial<Parameters<typeof wholeDraftOf>[0]> = {}): Draft {
  const result = wholeDraftOf({
    claim: aClaim(),
    class: aClass(),
    volumeName: VOLUME_NAME,
    defaultFsType: 'ext4',
    extraCreateMetadata: false,
    singleNodeMultiWriter: false,
    ...change,
  });
  if (result.kind !== 'draft') throw new Error(result.message);
  return result.draft;
}

const plan = (change: Partial<PlanInput> = {}) =>
  planVolume({
    driver: DRIVER,
    claim: aClaim(),
    class: aClass(),
    draft: draft(),
    readOnlyMany: false,
    attributesClass: undefined,
    provisionedBy: DRIVER,
    ...change,
  });

const answer = (change: Partial<Volume> = {}): Volume => ({
  volumeId: 'vol-1',
  capacityBytes: 2147483648n,
  volumeContext: { shard: '7' },
  contentSource: undefined,
  accessibleTopology: [],
  ...change,
});

const finish = (volume: Volume, topology = true) => {
  const finished = finishVolume({ plan: plan(), volume, requestedBytes: 1073741824n, identity: 'me', topology });
  if (!finished.ok) throw new Error(finished.fault);
  return finished.value;
};

test('the finished PV, field by field', () => {
  expect(finish(answer({ accessibleTopology: [{ segments: { zone: 'a' } }] }))).toEqual({
    apiVersion: 'v1',
    kind: 'PersistentVolume',
    metadata: {
      name: VOLUME_NAME,
      annotations: {
        'pv.kubernetes.io/provisioned-by': DRIVER,
        'volume.kubernetes.io/provisioner-deletion-secret-name': '',
        'volume.kubernetes.io/provisioner-deletion-secret-namespace': '',
      },
      finalizers: ['external-provisioner.volume.kubernetes.io/finalizer'],
    },
    spec: {
      accessModes: ['ReadWriteOnce'],
      capacity: { storage: '2Gi' },
      claimRef: {
        kind: 'PersistentVolumeClaim',
        apiVersion: 'v1',
        namespace: 'shop',
        name: 'data',
        uid: CLAIM_UID,
        resourceVersion: '100',
      },
      csi: {
        driver: DRIVER,
        fsType: 'ext4',
        volumeHandle: 'vol-1',
        volumeAttributes: { 'storage.kubernetes.io/csiProvisionerIdentity': 'me', shard: '7' },
      },
      nodeAffinity: { required: { nodeSelectorTerms: [{ matchExpressions: [{ key: 'zone', operator: 'In', values: ['a'] }] }] } },
      persistentVolumeReclaimPolicy: 'Delete',
      storageClassName: 'fast',
      volumeMode: 'Filesystem',
    },
  });
});

test('a class without a reclaim policy is one that deletes', () => {
  const { reclaimPolicy: _, ...silent } = aClass();
  expect(plan({ class: silent }).spec?.persistentVolumeReclaimPolicy).toBe('Delete');
});

test('a volume that is kept is not guarded by a finalizer that would have to be taken off again', () => {
  expect(plan({ class: aClass({ reclaimPolicy: 'Retain' }) }).metadata?.finalizers).toBeUndefined();
});

test('secrets of nodes and controllers become references, that of deletion and of changes annotations', () => {
  const pair = (purpose: string): Record<string, string> => ({
    [`csi.storage.k8s.io/${purpose}-secret-name`]: purpose,
    [`csi.storage.k8s.io/${purpose}-secret-namespace`]: 'vault',
  });
  const purposes = [
    'provisioner',
    'controller-publish',
    'node-stage',
    'node-publish',
    'controller-expand',
    'node-expand',
    'controller-modify',
  ];
  const parameters = Object.assign({}, ...purposes.map(pair)) as Record<string, string>;
  const made = plan({ draft: draft({ class: aClass({ parameters }) }) });
  expect(made.spec?.csi).toMatchObject({
    controllerPublishSecretRef: { name: 'controller-publish', namespace: 'vault' },
    nodeStageSecretRef: { name: 'node-stage', namespace: 'vault' },
    nodePublishSecretRef: { name: 'node-publish', namespace: 'vault' },
    controllerExpandSecretRef: { name: 'controller-expand', namespace: 'vault' },
    nodeExpandSecretRef: { name: 'node-expand', namespace: 'vault' },
  });
  expect(made.metadata?.annotations).toMatchObject({
    'volume.kubernetes.io/provisioner-deletion-secret-name': 'provisioner',
    'volume.kubernetes.io/provisioner-deletion-secret-namespace': 'vault',
    'volume.kubernetes.io/controller-modify-secret-name': 'controller-modify',
    'volume.kubernetes.io/controller-modify-secret-namespace': 'vault',
  });
});

test.each(['Block', 'Filesystem'] as const)('the PV of a volume that nobody wants is of its mode, %s', (volumeMode) => {
  const request = requestOf(draft({ claim: aClaim({ volumeMode }) }), {});
  const made = planForNobody(anIntent({ request }), DRIVER);
  expect(made.spec?.volumeMode).toBe(volumeMode === 'Block' ? 'Block' : undefined);
  expect(made.spec?.persistentVolumeReclaimPolicy).toBe('Delete');
});

test('the read-only flag concerns claims that are ReadOnlyMany and nothing else', () => {
  const only = draft({ claim: aClaim({ accessModes: ['ReadOnlyMany'] }) });
  const both = draft({ claim: aClaim({ accessModes: ['ReadOnlyMany', 'ReadWriteOnce'] }) });
  expect(plan({ draft: only, readOnlyMany: true }).spec?.csi?.readOnly).toBe(true);
  expect(plan({ draft: only }).spec?.csi?.readOnly).toBeUndefined();
  expect(plan({ draft: both, readOnlyMany: true }).spec?.csi?.readOnly).toBeUndefined();
});

test('a driver that names no capacity has made what was asked for', () => {
  expect(finish(answer({ capacityBytes: 0n })).spec?.capacity).toEqual({ storage: '1Gi' });
});

test('no affinity without segments, and none where topology is off', () => {
  expect(finish(answer({ accessibleTopology: [{ segments: {} }] })).spec?.nodeAffinity).toBeUndefined();
  expect(finish(answer({ accessibleTopology: [{ segments: { zone: 'a' } }] }), false).spec?.nodeAffinity).toBeUndefined();
});

test("the driver's own context wins over our mark", () => {
  const volumeContext = { 'storage.kubernetes.io/csiProvisionerIdentity': 'theirs' };
  expect(finish(answer({ volumeContext })).spec?.csi?.volumeAttributes).toEqual(volumeContext);
});

test('an answer is held against the request', () => {
  const request = requestOf(draft(), {});
  const restore = requestOf(draft(), { contentSource: { type: { $case: 'snapshot', value: { snapshotId: 's' } } } });
  expect(answerProblem(request, answer())).toBeUndefined();
  expect(answerProblem(request, answer({ capacityBytes: 0n }))).toBeUndefined();
  expect(answerProblem(request, answer({ capacityBytes: 5n }))).toBe('created volume capacity 5 less than requested capacity 1073741824');
  expect(answerProblem(restore, answer())).toContain('content source missing');
  expect(answerProblem(restore, answer({ contentSource: { type: { $case: 'snapshot', value: { snapshotId: 's' } } } }))).toBeUndefined();
  expect(answerProblem(restore, answer({ contentSource: { type: { $case: 'volume', value: { volumeId: 'v' } } } }))).toContain(
    'another kind',
  );
});

test('an answer that no API server would store is no volume', () => {
  expect(unusable(answer())).toBeUndefined();
  expect(unusable(undefined)).toContain('without a volume');
  expect(unusable(answer({ volumeId: '' }))).toContain('without a volume');
  expect(unusable(answer({ volumeId: 'x'.repeat(1 << 20), volumeContext: {} }))).toBeUndefined();
  expect(unusable(answer({ volumeId: 'x'.repeat(1 << 20) }))).toContain('1048582 characters, too long');
  expect(unusable(answer({ volumeContext: { note: 'x'.repeat(2 << 20) } }))).toContain('too long');
});

test('copied labels are on the PV, and nothing where there are none', () => {
  const claim = aClaim({ metadata: { labels: { team: 'blue', tier: 'gold' } } });
  expect(plan({ draft: draft({ claim, copiedLabels: ['team'] }) }).metadata?.labels).toEqual({ team: 'blue' });
  expect(plan().metadata).not.toHaveProperty('labels');
});

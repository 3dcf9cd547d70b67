/** From the parameters of a class to what the driver hears and what is on the PV. */
import { expect, test } from 'vitest';
import type { StorageClass } from '../../lib/kube/objects.ts';
import { PURPOSES } from '../facts/secrets.ts';
import { aClaim, aClass, DRIVER, VOLUME_NAME } from '../testing/objects.ts';
import { planVolume } from './persistent-volume.ts';
import { wholeDraftOf } from '../testing/drafts.ts';
import type { Draft } from './request.ts';

const P = 'csi.storage.k8s.io/';

function draft(change: StorageClass, defaultFsType = ''): Draft {
  const result = wholeDraftOf({
    claim: aClaim(),
    class: aClass(change),
    volumeName: VOLUME_NAME,
    defaultFsType,
    extraCreateMetadata: false,
    singleNodeMultiWriter: false,
  });
  if (result.kind !== 'draft') throw new Error(result.message);
  return result.draft;
}

const plan = (change: StorageClass) =>
  planVolume({
    driver: DRIVER,
    claim: aClaim(),
    class: aClass(change),
    draft: draft(change),
    readOnlyMany: false,
    attributesClass: undefined,
    provisionedBy: DRIVER,
  });

test('none of the 17 reserved keys reaches the driver, and all other keys do', () => {
  const pairs = ['', ...PURPOSES.map((purpose) => `${purpose}-`)].flatMap((stem) => [
    `${P}${stem}secret-name`,
    `${P}${stem}secret-namespace`,
  ]);
  const reserved = Object.fromEntries([...pairs.map((key) => [key, 'x']), [`${P}fstype`, 'xfs']]);
  expect(Object.keys(reserved)).toHaveLength(17);
  expect(draft({ parameters: { ...reserved, kind: 'ssd' } }).parameters).toEqual({ kind: 'ssd' });
});

test('the deprecated keys of secrets reach the driver', () => {
  const stems = ['csiProvisionerSecret', 'csiControllerPublishSecret', 'csiNodeStageSecret', 'csiNodePublishSecret'];
  const parameters = Object.fromEntries(
    stems.flatMap((stem) => [
      [`${stem}Name`, 'x'],
      [`${stem}Namespace`, 'y'],
    ]),
  );
  expect(draft({ parameters }).parameters).toEqual(parameters);
});

test('a reserved word in a value means nothing', () => {
  const parameters = { note: `${P}fstype` };
  expect(draft({ parameters })).toMatchObject({ parameters, fsType: '' });
});

test('no file system is named where neither class nor program names one, and the class needs no default beside it', () => {
  expect(draft({ parameters: {} }).fsType).toBe('');
  expect(draft({ parameters: { [`${P}fstype`]: 'ext3' } }).fsType).toBe('ext3');
});

test('mount options of the class are in the request and on the PV', () => {
  const mountOptions = ['noatime', 'ro'];
  expect(draft({ mountOptions }).capabilities).toMatchObject([{ accessType: { value: { mountFlags: mountOptions } } }]);
  expect(plan({ mountOptions }).spec?.mountOptions).toEqual(mountOptions);
  expect(plan({}).spec).not.toHaveProperty('mountOptions');
});

test.each([
  ['any', 'any'],
  ['${pvc.name}', 'data'],
])('the default secret %s is on the PV for each purpose', (name, made) => {
  const { spec, metadata } = plan({ parameters: { [`${P}secret-name`]: name, [`${P}secret-namespace`]: 'vault' } });
  const ref = { name: made, namespace: 'vault' };
  expect(spec?.csi).toMatchObject({
    controllerPublishSecretRef: ref,
    nodeStageSecretRef: ref,
    nodePublishSecretRef: ref,
    controllerExpandSecretRef: ref,
    nodeExpandSecretRef: ref,
  });
  expect(metadata?.annotations).toMatchObject({
    'volume.kubernetes.io/provisioner-deletion-secret-name': made,
    'volume.kubernetes.io/provisioner-deletion-secret-namespace': 'vault',
  });
});

test('a secret that cannot be named leaves nothing to ask for', () => {
  const input = { claim: aClaim(), defaultFsType: '', extraCreateMetadata: false, singleNodeMultiWriter: false, volumeName: VOLUME_NAME };
  const half = aClass({ parameters: { [`${P}node-stage-secret-name`]: 'x' } });
  expect(wholeDraftOf({ ...input, class: half })).toMatchObject({ kind: 'invalid', message: expect.stringContaining('NodeStage') });
});

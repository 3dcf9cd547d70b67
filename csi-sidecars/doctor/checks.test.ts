/** What the sandbox cannot show: time, lists that may not be read, provisioners that are no CSI drivers. */
import { describe, expect, test } from 'vitest';
import type { PersistentVolume, PersistentVolumeClaim, StorageClass } from '../../lib/kube/objects.ts';
import { CLASSES } from './checks/classes.ts';
import { LEASES_CHECK } from './checks/leases.ts';
import { SECRETS } from './checks/secrets.ts';
import { STUCK } from './checks/stuck.ts';
import { caseOf, NOW_MS } from './testing/case.ts';

const ago = (ms: number): string => new Date(NOW_MS - ms).toISOString();
const MINUTE = 60_000;
const annotations = { 'volume.kubernetes.io/storage-provisioner': 'd.example' };
const pending = (name: string, ageMs: number): PersistentVolumeClaim => ({
  metadata: { name, namespace: 'team', uid: name, creationTimestamp: ago(ageMs), annotations },
  spec: { storageClassName: 'fast' },
  status: { phase: 'Pending' },
});
const fast: StorageClass = { metadata: { name: 'fast' }, provisioner: 'd.example', volumeBindingMode: 'Immediate' };

describe('what waits', () => {
  test('is stuck once it waited for long, and the last warning is told with it', async () => {
    const claims = [pending('young', 4 * MINUTE), pending('old', 6 * MINUTE)];
    const warningAbout = async ({ uid }: { uid?: string }) => `ProvisioningFailed: no room for ${uid}`;
    const { findings } = await STUCK.run(caseOf({ claims, storageClasses: [fast] }, { warningAbout }));
    expect(findings).toMatchObject([
      {
        what: 'the claim is Pending, for d.example; last said: ProvisioningFailed: no room for old',
        where: { name: 'old' },
        since: ago(6 * MINUTE),
        fix: 'csi-sidecars explain persistentvolumeclaim/old -n team',
      },
    ]);
  });

  test('for its first Pod is not stuck, however long', async () => {
    const late = { ...fast, volumeBindingMode: 'WaitForFirstConsumer' };
    const chosen = pending('chosen', 6 * MINUTE);
    chosen.metadata = { ...chosen.metadata, annotations: { ...annotations, 'volume.kubernetes.io/selected-node': 'n' } };
    const { findings } = await STUCK.run(caseOf({ claims: [pending('unused', 6 * MINUTE), chosen], storageClasses: [late] }));
    expect(findings.map(({ where }) => where.name)).toEqual(['chosen']);
  });

  test('for another driver than the one asked for is left out', async () => {
    const given = { claims: [pending('old', 6 * MINUTE)], storageClasses: [fast] };
    expect((await STUCK.run(caseOf(given, { driver: 'other.example' }))).findings).toEqual([]);
    expect((await STUCK.run(caseOf(given, { driver: 'd.example' }))).findings).toHaveLength(1);
  });
});

describe('a class without a driver', () => {
  const local: StorageClass = {
    metadata: { name: 'local', annotations: { 'storageclass.kubernetes.io/is-default-class': 'true' } },
    provisioner: 'rancher.io/local-path',
  };

  test('is none where its provisioner made volumes that are none of CSI', async () => {
    const volume: PersistentVolume = {
      metadata: { name: 'v', annotations: { 'pv.kubernetes.io/provisioned-by': 'rancher.io/local-path' } },
      spec: {},
    };
    expect((await CLASSES.run(caseOf({ storageClasses: [local], volumes: [volume] }))).findings).toEqual([]);
    expect((await CLASSES.run(caseOf({ storageClasses: [local] }))).findings).toHaveLength(1);
  });

  test('is not told where drivers cannot be listed', async () => {
    const given = caseOf({ storageClasses: [local] });
    const blind = { items: [], blind: { reason: 'forbidden', message: 'you may not' } } as const;
    expect((await CLASSES.run({ ...given, survey: { ...given.survey, csiNodes: blind } })).findings).toEqual([]);
  });
});

test('a secret that may not be looked at is unchecked; one that is a template is known per claim only', async () => {
  const parameters = (name: string): Record<string, string> => ({
    'csi.storage.k8s.io/provisioner-secret-name': name,
    'csi.storage.k8s.io/provisioner-secret-namespace': 'vault',
  });
  const storageClasses = [
    { ...fast, parameters: parameters('key') },
    { ...fast, parameters: parameters('${pvc.name}') },
  ];
  const { findings, unchecked } = await SECRETS.run(caseOf({ storageClasses }, { hasSecret: async () => undefined }));
  expect(findings).toEqual([]);
  expect(unchecked).toEqual([{ what: 'Secret vault/key of StorageClass fast', why: 'you may not get it' }]);
});

test('a lease counts as left only after more than its duration, since clocks differ', async () => {
  const lease = (ageMs: number) => ({
    metadata: { name: 'd-example', namespace: 'a' },
    spec: { holderIdentity: 'x', leaseDurationSeconds: 15, renewTime: ago(ageMs) },
  });
  const told = async (ageMs: number): Promise<number> =>
    (await LEASES_CHECK.run(caseOf({ leases: [lease(ageMs)], storageClasses: [fast] }))).findings.length;
  expect([await told(70_000), await told(80_000)]).toEqual([0, 1]);
});

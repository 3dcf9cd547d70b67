import { expect, test } from 'vitest';
import { DELETION_SECRET_NAME, DELETION_SECRET_NAMESPACE } from '../facts/names.ts';
import { aClass, aVolume, CLAIM_UID, DRIVER, VOLUME_NAME } from '../testing/objects.ts';
import { anIntent } from '../testing/states.ts';
import type { KnownFacts } from './fits.ts';
import { misfit } from './fits.ts';
import type { Intent } from './intent.ts';

const facts = (change: Partial<KnownFacts> = {}): KnownFacts => ({
  driver: DRIVER,
  naming: { prefix: 'pvc', uuidLength: -1 },
  classes: () => [aClass()],
  volumes: () => [],
  ...change,
});

const named = (name: string, change: Partial<Intent> = {}): Intent => anIntent({ ...change, request: { ...anIntent().request, name } });
const secretive = (name: string, namespace: string, provisioner = DRIVER) =>
  aClass({
    provisioner,
    parameters: { 'csi.storage.k8s.io/provisioner-secret-name': name, 'csi.storage.k8s.io/provisioner-secret-namespace': namespace },
  });
const withSecret = (name: string, namespace: string): Intent => anIntent({ secret: { name, namespace } });
const claimOf = (uid: string): Pick<Intent, 'claim'> => ({ claim: { namespace: 'shop', name: 'data', uid } });

// The name of the volume

test('the entry that this program wrote is acted upon', () => {
  expect(misfit(anIntent(), facts())).toBeUndefined();
});

test('a prefix of an earlier start is as good as today’s', () => {
  expect(misfit(named(`vol-${CLAIM_UID}`), facts())).toBeUndefined();
  expect(misfit(anIntent(), facts({ naming: { prefix: 'vol', uuidLength: 12 } }))).toBeUndefined();
});

test('a name with so many digits of the uid as today’s flag says is the claim’s own', () => {
  expect(misfit(named('vol-6bb7b8a24c2d'), facts({ naming: { prefix: 'vol', uuidLength: 12 } }))).toBeUndefined();
});

test.each([
  ['another claim', 'pvc-11111111-2222-3333-4444-555555555555'],
  ['nobody', 'a-volume-of-the-admins'],
  ['the claim, with something behind it', `${VOLUME_NAME}-2`],
  ['the claim, without a prefix', CLAIM_UID],
])('forged: the name of the volume of %s', (_, name) => {
  expect(misfit(named(name), facts())).toBe(`volume ${name} is not the volume of claim uid ${CLAIM_UID}`);
});

test('forged: an entry under a part of another claim’s uid does not get that claim’s volume', () => {
  const part = CLAIM_UID.slice(CLAIM_UID.lastIndexOf('-') + 1);
  expect(misfit(named(VOLUME_NAME, claimOf(part)), facts())).toBe(`volume ${VOLUME_NAME} is not the volume of claim uid ${part}`);
});

// The secret

test('a secret that a class of the driver names is read', () => {
  expect(misfit(withSecret('s', 'vault'), facts({ classes: () => [aClass(), secretive('s', 'vault')] }))).toBeUndefined();
});

test('a secret by templates is the one of this claim and this volume', () => {
  const classes = () => [secretive('${pvc.name}', '${pvc.namespace}')];
  expect(misfit(withSecret('data', 'shop'), facts({ classes }))).toBeUndefined();
  expect(misfit(withSecret('data', 'bank'), facts({ classes }))).toBeDefined();
  expect(misfit(withSecret(VOLUME_NAME, 'vault'), facts({ classes: () => [secretive('${pv.name}', 'vault')] }))).toBeUndefined();
});

test('where the name held what an annotation of the claim said, the namespace has to be the class’s', () => {
  const classes = () => [secretive("${pvc.annotations['team']}", 'vault')];
  expect(misfit(withSecret('blue', 'vault'), facts({ classes }))).toBeUndefined();
  expect(misfit(withSecret('blue', 'kube-system'), facts({ classes }))).toBeDefined();
});

test.each([
  ['nobody names', [aClass()]],
  ['only another driver’s class names', [secretive('s', 'vault', 'other.example')]],
  ['has the name that a class says, in another namespace', [secretive('s', 'bank')]],
  ['has the namespace that a class says, under another name', [secretive('t', 'vault')]],
  ['a class of broken templates might name', [secretive('s', '${pvc.name}')]],
])('forged: a secret that %s', (_, classes) => {
  expect(misfit(withSecret('s', 'vault'), facts({ classes: () => classes }))).toBe(
    `no StorageClass and no PersistentVolume of driver ${DRIVER} names secret vault/s`,
  );
});

test('after its class is gone, a PV of the driver vouches for a secret, and one of another driver does not', () => {
  const annotations = { [DELETION_SECRET_NAME]: 's', [DELETION_SECRET_NAMESPACE]: 'vault' };
  const ours = aVolume({ metadata: { name: 'pvc-other', annotations } });
  const foreign = aVolume({ metadata: { name: 'pvc-other', annotations }, csi: { driver: 'other.example', volumeHandle: 'x' } });
  expect(misfit(withSecret('s', 'vault'), facts({ volumes: () => [ours] }))).toBeUndefined();
  expect(misfit(withSecret('t', 'vault'), facts({ volumes: () => [ours] }))).toBeDefined();
  expect(misfit(withSecret('s', 'vault'), facts({ volumes: () => [foreign] }))).toBeDefined();
});

import { expect, test } from 'vitest';
import { secretFor, subjectOf } from './secrets.ts';
import type { Parameters, Purpose, SecretResult } from './secrets.ts';
import { aClaim } from '../testing/objects.ts';

const P = 'csi.storage.k8s.io/';

function resolve(parameters: Parameters, purpose: Purpose = 'provisioner'): SecretResult {
  const claim = aClaim({ metadata: { namespace: 'shop', name: 'data', annotations: { team: 'blue' } } });
  return secretFor(purpose, parameters, subjectOf(claim, 'pvc-1'));
}

const provisioner = (name: string, namespace: string): Parameters => ({
  [`${P}provisioner-secret-name`]: name,
  [`${P}provisioner-secret-namespace`]: namespace,
});

test('a plain name and namespace are taken as they are', () => {
  expect(resolve(provisioner('top', 'vault'))).toEqual({ kind: 'secret', ref: { name: 'top', namespace: 'vault' } });
});

test('each purpose has its own keys, and falls back on the default secret', () => {
  const parameters = {
    [`${P}secret-name`]: 'any',
    [`${P}secret-namespace`]: 'vault',
    [`${P}node-stage-secret-name`]: 'stage',
    [`${P}node-stage-secret-namespace`]: 'vault',
  };
  expect(resolve(parameters, 'node-stage')).toMatchObject({ ref: { name: 'stage' } });
  expect(resolve(parameters, 'controller-expand')).toMatchObject({ ref: { name: 'any' } });
});

test('no keys, no secret', () => {
  expect(resolve({ kind: 'ssd' })).toEqual({ kind: 'none' });
});

test('the deprecated keys still work for the four purposes that had them', () => {
  for (const [purpose, stem] of [
    ['provisioner', 'csiProvisionerSecret'],
    ['controller-publish', 'csiControllerPublishSecret'],
    ['node-stage', 'csiNodeStageSecret'],
    ['node-publish', 'csiNodePublishSecret'],
  ] as const)
    expect(resolve({ [`${stem}Name`]: 'old', [`${stem}Namespace`]: 'vault' }, purpose), purpose).toMatchObject({ ref: { name: 'old' } });
  expect(resolve({ csiNodeExpandSecretName: 'old', csiNodeExpandSecretNamespace: 'vault' }, 'node-expand')).toEqual({ kind: 'none' });
});

test.each([
  ['only one of the pair', { [`${P}provisioner-secret-name`]: 'x' }],
  ['an empty value', provisioner('', 'vault')],
  ['old and new keys at once', { ...provisioner('x', 'y'), csiProvisionerSecretName: 'x', csiProvisionerSecretNamespace: 'y' }],
  ['an unknown token', provisioner('${pvc.uid}', 'vault')],
  ['the claim name in a namespace', provisioner('x', '${pvc.name}')],
  ['an annotation that the claim has not', provisioner("${pvc.annotations['nobody']}", 'vault')],
  ['a namespace that is none', provisioner('x', 'Vault')],
  ['a name that is none', provisioner('x_y', 'vault')],
])('refused: %s', (_, parameters) => {
  expect(resolve(parameters).kind).toBe('invalid');
});

test('tokens of volume, claim and annotations are filled in', () => {
  expect(resolve(provisioner("${pv.name}.${pvc.name}.${pvc.annotations['team']}", '${pvc.namespace}'))).toEqual({
    kind: 'secret',
    ref: { name: 'pvc-1.data.blue', namespace: 'shop' },
  });
});

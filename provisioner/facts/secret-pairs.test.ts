/** Pairs of secret parameters, whole and halved, under the deprecated keys and the prefixed ones. */
import { expect, test } from 'vitest';
import { aClaim } from '../testing/objects.ts';
import type { Parameters, Purpose, SecretResult } from './secrets.ts';
import { PURPOSES, secretFor, subjectOf } from './secrets.ts';

const OLD = { name: 'csiNodePublishSecretName', namespace: 'csiNodePublishSecretNamespace' };
const NEW = { name: 'csi.storage.k8s.io/node-publish-secret-name', namespace: 'csi.storage.k8s.io/node-publish-secret-namespace' };

function resolve(parameters: Parameters, purpose: Purpose = 'node-publish'): SecretResult {
  const claim = aClaim({ metadata: { namespace: 'shop', name: 'data', annotations: { team: 'blue' } } });
  return secretFor(purpose, parameters, subjectOf(claim, 'pvc-1'));
}

test.each([
  ['a deprecated name alone', { [OLD.name]: 'x' }],
  ['a name alone', { [NEW.name]: 'x' }],
  ['a deprecated namespace alone', { [OLD.namespace]: 'y' }],
  ['a namespace alone', { [NEW.namespace]: 'y' }],
  ['both pairs', { [OLD.name]: 'x', [OLD.namespace]: 'y', [NEW.name]: 'x', [NEW.namespace]: 'y' }],
  ['the deprecated pair and a name', { [OLD.name]: 'x', [OLD.namespace]: 'y', [NEW.name]: 'x' }],
  ['the deprecated pair and a namespace', { [OLD.name]: 'x', [OLD.namespace]: 'y', [NEW.namespace]: 'y' }],
  ['an invalid name without templates', { [OLD.name]: 'bad name', [OLD.namespace]: 'y' }],
  ['an invalid namespace without templates', { [OLD.name]: 'x', [OLD.namespace]: 'bad ns' }],
])('%s names no secret', (_, parameters) => {
  expect(resolve(parameters).kind).toBe('invalid');
});

test.each([
  [
    'volume, claim and annotation',
    "${pv.name}-${pvc.namespace}-${pvc.name}-${pvc.annotations['team']}",
    '${pv.name}-${pvc.namespace}',
    'pvc-1-shop-data-blue',
    'pvc-1-shop',
  ],
  ['the claim', '${pvc.name}', '${pvc.namespace}', 'data', 'shop'],
  ['the claim, in a plain namespace', '${pvc.name}', 'vault', 'data', 'vault'],
  ['a plain name, in the namespace of the claim', 'top', '${pvc.namespace}', 'top', 'shop'],
])('a secret named after %s', (_, name, namespace, madeName, madeNamespace) => {
  for (const [purpose, keys] of [
    ['node-publish', NEW],
    ['provisioner', { name: 'csi.storage.k8s.io/provisioner-secret-name', namespace: 'csi.storage.k8s.io/provisioner-secret-namespace' }],
  ] as const) {
    const ref = { name: madeName, namespace: madeNamespace };
    expect(resolve({ [keys.name]: name, [keys.namespace]: namespace }, purpose)).toEqual({ kind: 'secret', ref });
  }
});

test('the default secret stands for each purpose, plain or made of the claim', () => {
  for (const [name, made] of [
    ['any', 'any'],
    ['${pvc.name}', 'data'],
  ] as const) {
    const parameters = { 'csi.storage.k8s.io/secret-name': name, 'csi.storage.k8s.io/secret-namespace': 'vault' };
    for (const purpose of PURPOSES)
      expect(resolve(parameters, purpose), purpose).toMatchObject({ ref: { name: made, namespace: 'vault' } });
  }
});

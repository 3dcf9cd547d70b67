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

test('a plain name and namespace need nothing of the claim', () => {
  const nobody = { volumeName: 'pvc-1', claim: { namespace: '', name: '' } };
  expect(secretFor('provisioner', provisioner('top', 'vault'), nobody)).toEqual({
    kind: 'secret',
    ref: { name: 'top', namespace: 'vault' },
  });
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

test('name and namespace may come by an old and a new key, as in the Go program', () => {
  const mixed = { csiProvisionerSecretName: 'old', [`${P}provisioner-secret-namespace`]: 'vault' };
  expect(resolve(mixed)).toEqual({ kind: 'secret', ref: { name: 'old', namespace: 'vault' } });
});

const PARAMS = 'failed to get name and namespace template from params: ';

// The Go program's words, byte for byte.
test.each([
  [
    'only one of the pair',
    { [`${P}provisioner-secret-name`]: 'x' },
    `${PARAMS}either name and namespace for Provisioner secrets specified, Both must be specified ` +
      `(${P}provisioner-secret-name and ${P}provisioner-secret-namespace)`,
  ],
  [
    'half a default pair',
    { [`${P}secret-name`]: 'x' },
    'failed to get default name and namespace template from params: either name and namespace for Default secrets specified, ' +
      `Both must be specified (${P}secret-name and ${P}secret-namespace)`,
  ],
  [
    'an empty value',
    provisioner('', 'vault'),
    `${PARAMS}Provisioner secrets specified in parameters but value of either namespace or name is empty`,
  ],
  [
    'old and new keys at once',
    { ...provisioner('x', 'y'), csiProvisionerSecretName: 'x' },
    `${PARAMS}Provisioner secrets specified in parameters with both "csi" and "${P}" keys`,
  ],
  ['an unknown token', provisioner('${pvc.uid}', 'vault'), 'error resolving value "${pvc.uid}": invalid tokens: ["pvc.uid"]'],
  ['the claim name in a namespace', provisioner('x', '${pvc.name}'), 'error resolving value "${pvc.name}": invalid tokens: ["pvc.name"]'],
  [
    'several unknown tokens',
    provisioner("${b}${pvc.annotations['nobody']}${b}", 'vault'),
    `error resolving value "\${b}\${pvc.annotations['nobody']}\${b}": invalid tokens: ["b" "pvc.annotations['nobody']"]`,
  ],
  ['a namespace that is none', provisioner('x', 'Vault'), '"Vault" is not a valid namespace name'],
  ['a name that is none', provisioner('${pvc.name}_y', 'vault'), '"${pvc.name}_y" resolved to "data_y" which is not a valid secret name'],
])('refused in the words of the Go program: %s', (_, parameters, message) => {
  expect(resolve(parameters)).toMatchObject({ kind: 'invalid', message });
});

test('purposes are called as in the Go program', () => {
  const half = (purpose: Purpose): unknown => resolve({ [`${P}${purpose}-secret-name`]: 'x' }, purpose);
  for (const [purpose, title] of [
    ['controller-publish', 'ControllerPublish'],
    ['node-stage', 'NodeStage'],
    ['node-expand', 'NodeExpand'],
    ['controller-modify', 'ControllerModify'],
  ] as const)
    expect(half(purpose)).toMatchObject({ message: expect.stringContaining(`for ${title} secrets specified`) });
});

test('tokens of volume, claim and annotations are filled in', () => {
  expect(resolve(provisioner("${pv.name}.${pvc.name}.${pvc.annotations['team']}", '${pvc.namespace}'))).toEqual({
    kind: 'secret',
    ref: { name: 'pvc-1.data.blue', namespace: 'shop' },
  });
});

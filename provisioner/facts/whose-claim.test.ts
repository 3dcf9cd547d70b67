/** Claims by their annotations, of a plugin and of drivers: which are handed to us. */
import { expect, test } from 'vitest';
import { aClaim, DRIVER } from '../testing/objects.ts';
import { BETA_STORAGE_PROVISIONER, MIGRATED_TO, STORAGE_PROVISIONER } from './names.ts';
import { isHandedTo } from './ownership.ts';

test.each<[string, Readonly<Record<string, string>>, boolean]>([
  ['of a plugin that was migrated to us', { [BETA_STORAGE_PROVISIONER]: 'plugin', [MIGRATED_TO]: DRIVER }, true],
  ['of ours that was migrated to us', { [BETA_STORAGE_PROVISIONER]: DRIVER, [MIGRATED_TO]: DRIVER }, true],
  ['of a plugin that was migrated to another', { [BETA_STORAGE_PROVISIONER]: 'plugin', [MIGRATED_TO]: 'foo' }, false],
  ['of a stranger that was migrated to a stranger', { [BETA_STORAGE_PROVISIONER]: 'foo', [MIGRATED_TO]: 'foo' }, false],
  ['of a plugin that was migrated nowhere', { [BETA_STORAGE_PROVISIONER]: 'plugin' }, false],
  ['whose newer annotation names another', { [STORAGE_PROVISIONER]: 'foo' }, false],
])('a claim %s', (_, annotations, ours) => {
  expect(isHandedTo(DRIVER, aClaim({ metadata: { annotations } }))).toBe(ours);
});

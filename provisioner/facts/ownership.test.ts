import { expect, test } from 'vitest';
import {
  ALPHA_SELECTED_NODE,
  BETA_STORAGE_CLASS,
  BETA_STORAGE_PROVISIONER,
  MIGRATED_TO,
  SELECTED_NODE,
  STORAGE_PROVISIONER,
} from './names.ts';
import { aClaim, DRIVER } from '../testing/objects.ts';
import { classNameOf, isHandedTo, selectedNodeOf } from './ownership.ts';

const claim = (annotations: Record<string, string>, spec: object = {}) => aClaim({ metadata: { annotations }, ...spec });

test('the class is named by the annotation where there is one, else by the field', () => {
  expect(classNameOf(claim({ [BETA_STORAGE_CLASS]: 'old' }, { storageClassName: 'new' }))).toBe('old');
  expect(classNameOf(claim({}, { storageClassName: 'new' }))).toBe('new');
  expect(classNameOf(claim({ [BETA_STORAGE_CLASS]: '' }, { storageClassName: 'new' }))).toBe('');
});

test('the node is named by the newer annotation where there is one, else by the older', () => {
  expect(selectedNodeOf(claim({ [SELECTED_NODE]: 'a', [ALPHA_SELECTED_NODE]: 'b' }))).toBe('a');
  expect(selectedNodeOf(claim({ [ALPHA_SELECTED_NODE]: 'b' }))).toBe('b');
  expect(selectedNodeOf(claim({ [SELECTED_NODE]: '' }))).toBeUndefined();
});

test('a claim is handed to the provisioner of the newer annotation, else of the older, or to whom it was migrated', () => {
  const handed = (annotations: Record<string, string>) => isHandedTo(DRIVER, claim(annotations));
  expect(handed({ [STORAGE_PROVISIONER]: DRIVER, [BETA_STORAGE_PROVISIONER]: 'other' })).toBe(true);
  expect(handed({ [STORAGE_PROVISIONER]: 'other', [BETA_STORAGE_PROVISIONER]: DRIVER })).toBe(false);
  expect(handed({ [BETA_STORAGE_PROVISIONER]: DRIVER })).toBe(true);
  expect(handed({ [STORAGE_PROVISIONER]: 'in-tree', [MIGRATED_TO]: DRIVER })).toBe(true);
  expect(handed({ [MIGRATED_TO]: DRIVER })).toBe(false);
});

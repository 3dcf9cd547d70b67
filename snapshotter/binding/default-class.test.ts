import { expect, test } from 'vitest';
import { SINGLE } from '../kinds/single-kind.ts';
import { IS_DEFAULT_CLASS } from '../names.ts';
import { aClass } from '../testing/objects.ts';
import { isDefaultClass } from './default-class.ts';

test.each([
  ['true', true],
  ['false', false],
  ['True', false],
  ['yes', false],
  ['', false],
])('a class that says "%s" is a default: %s', (value, expected) => {
  expect(isDefaultClass(SINGLE, aClass({ metadata: { name: 'snap', annotations: { [IS_DEFAULT_CLASS]: value } } }))).toBe(expected);
});

test('a class that says nothing is no default', () => {
  expect(isDefaultClass(SINGLE, aClass())).toBe(false);
});

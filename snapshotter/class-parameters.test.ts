import { describe, expect, test } from 'vitest';
import { volumeIndexValue } from './content-accessors.ts';
import { isDefaultClass } from './binding/default-class.ts';
import { driverParameters } from './class-parameters.ts';
import { GROUP_GET_SECRET, GROUP_SECRET, IS_DEFAULT_GROUP_CLASS, LIST_SECRET, SNAPSHOTTER_SECRET } from './names.ts';
import { GROUP } from './testing/groups.ts';
import { aClass } from './testing/objects.ts';
import { resolveSecret } from './secret-templates.ts';

const PREFIX = 'csi.storage.k8s.io/';
const known = [SNAPSHOTTER_SECRET, LIST_SECRET, GROUP_SECRET, GROUP_GET_SECRET].flatMap(({ name, namespace }) => [name, namespace]);

describe('parameters of a class', () => {
  test.each<[string, Record<string, string>, Record<string, string>]>([
    ['without a reserved one', { a: 'b', c: 'd' }, { a: 'b', c: 'd' }],
    ['with one reserved', { a: 'b', [SNAPSHOTTER_SECRET.name]: 'x' }, { a: 'b' }],
    ['with all that are reserved', { a: 'b', ...Object.fromEntries(known.map((key) => [key, 'x'])) }, { a: 'b' }],
    ['that are none', {}, {}],
  ])('%s reach the driver without those', (_, parameters, value) => {
    expect(driverParameters(parameters)).toEqual({ ok: true, value });
  });

  test('with an unknown one under the reserved prefix are refused', () => {
    expect(driverParameters({ [`${PREFIX}odd`]: 'x' })).toMatchObject({ ok: false, fault: expect.stringContaining(`${PREFIX}odd`) });
  });

  test.each<[string, Record<string, string>]>([
    ['a namespace without a name', { [SNAPSHOTTER_SECRET.namespace]: 'ns' }],
    ['a name that no secret can have', { [SNAPSHOTTER_SECRET.name]: 'bad name', [SNAPSHOTTER_SECRET.namespace]: 'ns' }],
    [
      'a template with an unknown token',
      { [SNAPSHOTTER_SECRET.name]: "a-${volumesnapshot.annotations['k']}", [SNAPSHOTTER_SECRET.namespace]: 'ns' },
    ],
  ])('that name a secret by %s are refused', (_, parameters) => {
    expect(resolveSecret(parameters, SNAPSHOTTER_SECRET, { contentName: 'c' })).toMatchObject({ ok: false });
  });

  test('name a secret by plain words', () => {
    const parameters = { [SNAPSHOTTER_SECRET.name]: 'name', [SNAPSHOTTER_SECRET.namespace]: 'ns' };
    expect(resolveSecret(parameters, SNAPSHOTTER_SECRET, { contentName: 'c' })).toEqual({
      ok: true,
      value: { name: 'name', namespace: 'ns' },
    });
  });
});

test.each([
  ['true', true],
  ['false', false],
  [undefined, false],
])('a class of groups whose annotation is %s is the default: %s', (value, expected) => {
  const annotations = value === undefined ? {} : { [IS_DEFAULT_GROUP_CLASS]: value };
  expect(isDefaultClass(GROUP, aClass({ metadata: { name: 'groups', annotations } }))).toBe(expected);
});

test('a volume is found by driver and handle, and one of no driver not at all', () => {
  expect(volumeIndexValue('hostpath.csi.k8s.io', 'df39')).toBe('hostpath.csi.k8s.io^df39');
  expect(volumeIndexValue(undefined, undefined)).toBeUndefined();
  expect(volumeIndexValue('hostpath.csi.k8s.io', '')).toBeUndefined();
});

import { describe, expect, test } from 'vitest';
import { GROUP_SECRET, LIST_SECRET, SNAPSHOTTER_SECRET } from './names.ts';
import { resolveSecret } from './secret-templates.ts';

const values = { contentName: 'snapcontent-1', snapshot: { name: 'nightly', namespace: 'default' } };
const resolve = (name: string | undefined, namespace: string | undefined, of = values) =>
  resolveSecret(
    {
      ...(name === undefined ? {} : { [SNAPSHOTTER_SECRET.name]: name }),
      ...(namespace === undefined ? {} : { [SNAPSHOTTER_SECRET.namespace]: namespace }),
    },
    SNAPSHOTTER_SECRET,
    of,
  );

describe('secrets of a class', () => {
  test('no keys mean no secret', () => {
    expect(resolve(undefined, undefined)).toEqual({ ok: true, value: undefined });
    expect(resolveSecret(undefined, SNAPSHOTTER_SECRET, values)).toEqual({ ok: true, value: undefined });
  });

  test('every token has its value, in braces or bare', () => {
    expect(resolve('${volumesnapshot.name}-${volumesnapshotcontent.name}', '${volumesnapshot.namespace}')).toEqual({
      ok: true,
      value: { name: 'nightly-snapcontent-1', namespace: 'default' },
    });
  });

  test.each([
    [
      'half of the pair',
      ['a', undefined],
      'failed to get name and namespace template from params: either name and namespace for Snapshotter secrets specified, Both must be specified',
      /snapshotter-secret-name and csi\.storage\.k8s\.io\/snapshotter-secret-namespace$/,
    ],
    [
      'an empty half',
      ['a', ''],
      'failed to get name and namespace template from params: Snapshotter secrets specified in parameters but value of either namespace or name is empty',
      /snapshotter-secret-name/,
    ],
    [
      'an unknown token',
      ['${pvc.name}${a}${pvc.name}', 'b'],
      'error resolving value "${pvc.name}${a}${pvc.name}": invalid tokens: ["a" "pvc.name"]',
      /snapshotter-secret-name knows "volumesnapshotcontent\.name", "volumesnapshot\.namespace", "volumesnapshot\.name"$/,
    ],
    [
      'the snapshot name in a namespace',
      ['a', '${volumesnapshot.name}'],
      'error resolving value "${volumesnapshot.name}": invalid tokens: ["volumesnapshot.name"]',
      /secret-namespace knows/,
    ],
    ['a stray dollar word', ['a$b', 'c'], 'error resolving value "a$b": invalid tokens: ["b"]', /secret-name knows/],
    ['a dollar that names nothing', ['a$', 'c'], '"a$" is not a valid secret name', /secret-name$/],
    [
      'a name that is none',
      ['A_${volumesnapshot.name}', 'b'],
      '"A_${volumesnapshot.name}" resolved to "A_nightly" which is not a valid secret name',
      /secret-name$/,
    ],
    ['a namespace with dots', ['a', 'b.c'], '"b.c" is not a valid namespace name', /secret-namespace$/],
  ])("%s is refused in the Go program's words, and the parameter is named", (_, [name, namespace], fault, more) => {
    expect(resolve(name, namespace)).toEqual({ ok: false, fault, more: expect.stringMatching(more) });
  });

  test('the tokens of a group are its own', () => {
    const parameters = {
      [GROUP_SECRET.name]: '${volumegroupsnapshot.name}-${volumegroupsnapshotcontent.name}',
      [GROUP_SECRET.namespace]: '${volumegroupsnapshot.namespace}',
    };
    expect(resolveSecret(parameters, GROUP_SECRET, values)).toEqual({
      ok: true,
      value: { name: 'nightly-snapcontent-1', namespace: 'default' },
    });
    expect(resolveSecret({ ...parameters, [GROUP_SECRET.name]: '${volumesnapshot.name}' }, GROUP_SECRET, values)).toMatchObject({
      fault: expect.stringMatching(/invalid tokens: \["volumesnapshot\.name"\]/),
      more: expect.stringMatching(/knows "volumegroupsnapshotcontent\.name"/),
    });
  });

  test('without a snapshot only the name of the content is known', () => {
    const parameters = { [LIST_SECRET.name]: '${volumesnapshotcontent.name}', [LIST_SECRET.namespace]: '${volumesnapshot.namespace}' };
    expect(resolveSecret(parameters, LIST_SECRET, { contentName: 'imported' })).toMatchObject({ ok: false });
    expect(resolveSecret({ ...parameters, [LIST_SECRET.namespace]: 'vault' }, LIST_SECRET, { contentName: 'imported' })).toEqual({
      ok: true,
      value: { name: 'imported', namespace: 'vault' },
    });
  });
});

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
    ['half of the pair', 'a', undefined, /either both or none/],
    ['an empty half', 'a', '', /must not be empty/],
    [
      'an unknown token',
      '${pvc.name}',
      'b',
      /unknown token "pvc\.name", known are "volumesnapshotcontent\.name", "volumesnapshot\.namespace", "volumesnapshot\.name"/,
    ],
    ['the snapshot name in a namespace', 'a', '${volumesnapshot.name}', /unknown token "volumesnapshot\.name"/],
    ['a stray dollar word', 'a$b', 'c', /unknown token "b"/],
    ['a dollar that names nothing', 'a$', 'c', /no secret name/],
    ['a name that is none', 'Not_A_Name', 'b', /"Not_A_Name", which is no secret name/],
    ['a namespace with dots', 'a', 'b.c', /no namespace name/],
  ])('%s is refused', (_, name, namespace, message) => {
    expect(resolve(name, namespace)).toMatchObject({ ok: false, fault: expect.stringMatching(message) });
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
      fault: expect.stringMatching(/unknown token "volumesnapshot\.name", known are "volumegroupsnapshotcontent\.name"/),
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

import { expect, test } from 'vitest';
import { memberContentNameOf, memberNamesOf } from './names.ts';

test('the names of a member are made of the uid of its group and the handle of its volume, and of both', () => {
  const one = memberNamesOf('group-uid', 'vol-1');
  // sha256 of "group-uidvol-1": the same names after every restart, and as the Go program makes them.
  expect(one.snapshot).toBe('snapshot-af38e903179ad9639df0e41b4ec534ce10e1ae15bdba9abb5113a7f12711c74f');
  expect(one.content).toBe('snapcontent-af38e903179ad9639df0e41b4ec534ce10e1ae15bdba9abb5113a7f12711c74f');
  const all = [one, memberNamesOf('group-uid', 'vol-2'), memberNamesOf('other-uid', 'vol-1')];
  expect(new Set(all.map(({ snapshot }) => snapshot)).size).toBe(3);
  expect(new Set(all.map(({ content }) => content)).size).toBe(3);
});

test('the content of a member is found by the name of its VolumeSnapshot, where that has the form of one', () => {
  const { snapshot, content } = memberNamesOf('group-uid', 'vol-1');
  expect(memberContentNameOf(snapshot)).toBe(content);
  expect(memberContentNameOf('snapshot-short')).toBeUndefined();
  expect(memberContentNameOf(undefined)).toBeUndefined();
});

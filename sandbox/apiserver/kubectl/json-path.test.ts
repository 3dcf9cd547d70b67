import { expect, test } from 'vitest';
import type { Json } from '../json.ts';
import { columnOf, compilePath } from './json-path.ts';

const OBJECT = {
  metadata: { name: 'n', annotations: { 'example.com/a': 'x' }, creationTimestamp: '2030-01-01T00:00:00Z' },
  spec: {
    list: [
      { type: 'A', v: 1 },
      { type: 'B', v: 2 },
    ],
    size: 9007199254740993n,
    on: true,
  },
};

test.each<[string, Json[]]>([
  ['.metadata.name', ['n']],
  ['.metadata.annotations.example\\.com/a', ['x']],
  [".metadata.annotations['example.com/a']", ['x']],
  ['.spec.list[0].v', [1]],
  ['.spec.list[-1].v', [2]],
  ['.spec.list[*].v', [1, 2]],
  ['.spec.list[?(@.type=="B")].v', [2]],
  ['.spec.list[?(@.type!="B")].v', [1]],
  ['.spec.nothing.v', []],
])('%s finds %j', (path, found) => {
  expect(compilePath(path)(OBJECT)).toEqual(found);
});

test('a printer column shows values of its type and nothing else', () => {
  const now = Date.UTC(2030, 0, 1, 0, 0, 7);
  const cell = (type: string, jsonPath: string): Json => columnOf({ name: 'X', type, jsonPath }).cell(OBJECT, now);
  expect(cell('integer', '.spec.size')).toBe(9007199254740993n);
  expect(cell('boolean', '.spec.on')).toBe(true);
  expect(cell('date', '.metadata.creationTimestamp')).toBe('7s');
  expect(cell('string', '.spec.list[*].v')).toBe('1 2');
  expect(cell('string', '.spec.nothing')).toBeNull();
  expect(cell('integer', '.metadata.name')).toBeNull();
});

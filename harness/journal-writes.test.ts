import { expect, test } from 'vitest';
import { journalWrites } from './journal-writes.ts';

const head = 'csi-journal-mock.csi.example-0123456789';
const call = (verb: string, name: string, other: { user?: string; code?: number; bodyBytes?: number } = {}) => ({
  ...{ user: 'ours', verb, resource: 'leases', name, code: 200, bodyBytes: 100 },
  ...other,
});

test('writes of a journal are counted and measured, whoever else writes Leases', () => {
  const calls = [
    call('get', head, { code: 404, bodyBytes: 0 }),
    call('create', head, { code: 201 }),
    call('update', head, { bodyBytes: 500 }),
    call('update', head, { code: 409, bodyBytes: 700 }),
    call('update', 'election', { bodyBytes: 9000 }),
    call('update', head, { user: 'another', bodyBytes: 9000 }),
    { ...call('create', 'pv'), resource: 'persistentvolumes', bodyBytes: 9000 },
  ];
  expect(journalWrites(calls, 'ours')).toEqual({ puts: 2, posts: 1, deletes: 0, refused: 1, largestBytes: 700, mostShards: 0 });
});

test('shards are counted where they are there at once', () => {
  const calls = [
    call('create', head),
    call('create', `${head}-aaaaa`),
    call('create', `${head}-bbbbb`, { code: 500 }),
    call('delete', `${head}-aaaaa`),
    call('create', `${head}-ccccc`),
    call('create', `${head}-ddddd`),
  ];
  expect(journalWrites(calls, 'ours').mostShards).toBe(2);
});

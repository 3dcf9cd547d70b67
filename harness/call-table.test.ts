import { expect, test } from 'vitest';
import type { CountedCall } from './call-table.ts';
import { callTable, countPhase } from './call-table.ts';

const call = (overrides: Partial<CountedCall>): CountedCall => ({
  user: 'p',
  verb: 'create',
  resource: 'persistentvolumes',
  name: '',
  code: 201,
  ...overrides,
});

test('calls are divided by the number of objects, per program and verb', () => {
  const calls = [call({}), call({}), call({ verb: 'patch', resource: 'persistentvolumes/status' }), call({ user: 'other' })];
  expect(countPhase({ phase: 'provision', objects: 2, calls, programs: ['p'] })).toEqual({
    phase: 'provision',
    perObject: 1.5,
    programs: [
      {
        program: 'p',
        perObject: 1.5,
        byVerb: [
          ['create persistentvolumes', 1],
          ['patch persistentvolumes/status', 0.5],
        ],
      },
    ],
  });
});

test('watches and the election lease are no calls, the provisioner’s records are', () => {
  const calls = [
    call({ verb: 'watch' }),
    call({ verb: 'update', resource: 'leases', name: 'csi-mock' }),
    call({ resource: 'leases', name: 'csi-journal-mock' }),
  ];
  expect(countPhase({ phase: 'provision', objects: 1, calls, programs: ['p'] }).perObject).toBe(1);
});

test('a refused call is shown with its code', () => {
  const { programs } = countPhase({ phase: 'x', objects: 1, calls: [call({ code: 409 })], programs: ['p'] });
  expect(programs[0]?.byVerb).toEqual([['create persistentvolumes (409)', 1]]);
});

test('the table has a line for each phase and both sides', () => {
  const phases = [countPhase({ phase: 'provision', objects: 1, calls: [call({})], programs: ['p'] })];
  const lines = callTable([
    { side: 'ours', phases },
    { side: 'go', phases },
  ]).split('\n');
  expect(lines[1]?.split(/\s+/)).toEqual(['provision', '1.00', '1.00']);
});

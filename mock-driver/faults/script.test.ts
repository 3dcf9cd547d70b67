import { expect, test } from 'vitest';
import { faultScript } from './script.ts';

const call = (rpc: string, subject = '', parameters: Record<string, string> = {}) => ({ rpc, subject, parameters });

test('the first rule that is due wins, and every rule counts every call it matches', () => {
  const script = faultScript();
  script.add([
    { rpc: 'CreateVolume', calls: { from: 2, to: 2 }, code: 'INTERNAL' },
    { rpc: 'CreateVolume', code: 'ABORTED' },
    { rpc: '*', code: 'UNKNOWN' },
  ]);
  const codes = [call('CreateVolume'), call('CreateVolume'), call('CreateVolume'), call('Probe')].map((facts) => script.next(facts)?.code);
  expect(codes).toEqual(['ABORTED', 'INTERNAL', 'ABORTED', 'UNKNOWN']);
  expect(script.list().map(({ matched }) => matched)).toEqual([3, 3, 4]);
});

test.each([
  ['pvc-*', 'pvc-1', true],
  ['pvc-*', 'x-pvc-1', false],
  ['*-1', 'pvc-1', true],
  ['a.c', 'abc', false],
  ['a+(b', 'a+(b', true],
  ['*', '', true],
  ['line*', 'line\nbreak', true],
])('the name %j matches %j: %s', (name, subject, matches) => {
  const script = faultScript();
  script.add([{ rpc: '*', name, code: 'INTERNAL' }]);
  expect(script.next(call('Probe', subject)) !== undefined).toBe(matches);
});

test.each([
  [{ tier: 'slow' }, true],
  [{ tier: 'slow', zone: 'a' }, true],
  [{ tier: 'fast' }, false],
  [{ zone: 'a' }, false],
  [{}, false],
])('a rule for the parameter tier=slow matches %j: %s', (parameters, matches) => {
  const script = faultScript();
  script.add([{ rpc: 'CreateVolume', parameters: { tier: 'slow' }, code: 'INTERNAL' }]);
  expect(script.next(call('CreateVolume', 'pvc-1', parameters)) !== undefined).toBe(matches);
});

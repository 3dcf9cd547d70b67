import { expect, test } from 'vitest';
import { driverNameProblem } from './driver-name.ts';

test('names that the CSI specification allows are taken', () => {
  for (const name of ['a', 'hostpath.csi.k8s.io', 'UPPER.Driver', '9-to-5.example', 'x'.repeat(63)])
    expect(driverNameProblem(name), name).toBeUndefined();
});

test('all others are refused in one sentence that shows the name, cut where it is long', () => {
  for (const name of ['__proto__', '../../etc', '-a', 'a.', 'a b', 'ä.example', 'a\nb'])
    expect(driverNameProblem(name), name).toContain(`calls itself ${JSON.stringify(name)}: `);
  expect(driverNameProblem('')).toContain('has an empty name');
  const long = driverNameProblem('x'.repeat(300)) ?? '';
  expect(long).toContain('… (300 characters)');
  expect(long.length).toBeLessThan(300);
});

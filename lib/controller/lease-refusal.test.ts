import { expect, test } from 'vitest';
import { ApiError, type StatusCause } from '../kube/api-error.ts';
import { leaseRemedy } from './lease-refusal.ts';

const refused = (status: number, causes: readonly StatusCause[] = []): ApiError =>
  new ApiError({ status, reason: 'Refused', message: 'no', request: 'POST leases', causes });
const LEASE = { name: 'UPPER-Driver', namespace: 'nosuch' };

test('what asking again does not cure has a remedy that names the field or the namespace', () => {
  expect(leaseRemedy(refused(403), LEASE)).toBe('grant get, create and update on leases');
  expect(leaseRemedy(refused(404), LEASE)).toContain('namespace nosuch');
  expect(leaseRemedy(refused(422, [{ field: 'metadata.name' }, { field: 'metadata.name' }]), LEASE)).toMatch(
    /^mend metadata\.name: the lease UPPER-Driver in nosuch /,
  );
  expect(leaseRemedy(refused(400), LEASE)).toMatch(/^mend what the error names: .*--leader-election-namespace/);
});

test('what may pass has none', () => {
  for (const error of [refused(0), refused(409), refused(429), refused(500), new Error('no answer')])
    expect(leaseRemedy(error, LEASE)).toBeUndefined();
});
